/** Which series gaps are looked for in. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { addInstrument } from '../../src/db/instruments.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { parseDay } from '../../src/domain/date.ts'
import { listGaps } from '../../src/load/list-gaps.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries } from '../support/loaded-series.ts'

const { pool } = await makeDatabase()
const NOW = Date.parse('2024-06-07T15:30:00-04:00')

it('bars by hand are expected to have holes, unless somebody asks about them', async () => {
  await addInstrument(pool, { symbol: 'AAPL' })
  const series = { symbol: 'AAPL', interval: '1d', provider: 'manual', basis: 'raw' } as const
  await loadSeries(pool, series, dailyBars(parseDay('2024-05-01'), parseDay('2024-05-03')), NOW)
  await loadSeries(pool, series, dailyBars(parseDay('2024-05-20'), parseDay('2024-05-22')), NOW)
  const search = { from: parseDay('2024-05-01'), until: parseDay('2024-05-22') }
  assert.deepEqual(await listGaps(pool, search, getCalendar, NOW), [])
  const asked = await listGaps(pool, { ...search, provider: 'manual' }, getCalendar, NOW)
  // 3 to 17 May 2024: eleven sessions, all on weekdays.
  assert.equal(
    asked.reduce((sum, gap) => sum + gap.sessions, 0),
    11,
  )
})

it('from a day on, a series whose answer settled nothing lacks what lies behind its last bar', async () => {
  await addInstrument(pool, { symbol: 'MSFT' })
  const series = { symbol: 'MSFT', interval: '1d', provider: 'polygon', basis: 'raw' } as const
  await loadSeries(pool, series, dailyBars(parseDay('2024-05-28'), parseDay('2024-05-31')), NOW)
  await pool.query(
    `UPDATE stockyard.series_heads SET covered = '{}', span = NULL, watermark = NULL
     WHERE series_id = (SELECT max(id) FROM stockyard.series)`,
  )
  const search = { symbols: ['MSFT'], from: parseDay('2024-05-28'), until: null }
  const gaps = await listGaps(pool, search, getCalendar, NOW)
  // Friday 31 May to Thursday 6 June 2024; the session of the 7th goes on.
  assert.deepEqual(
    gaps.map(({ from, sessions, state }) => [from, sessions, state]),
    [[parseDay('2024-05-31'), 5, 'missing']],
  )
})
