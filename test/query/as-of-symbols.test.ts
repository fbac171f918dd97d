/** Reads as of an instant find what a symbol named then, whatever it is given to afterwards. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { renameSymbol } from '../../src/db/symbols.ts'
import { readBars } from '../../src/query/bars.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries } from '../support/loaded-series.ts'

const { pool } = await makeDatabase()
const RECEIVED = Date.parse('2024-06-30T12:00:00Z')

async function databaseNow(): Promise<number> {
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  return rows[0]!.now.getTime()
}

async function load(symbol: string, from: string, until: string, shift: number): Promise<void> {
  const series = { symbol, interval: '1d', provider: 'alpha-vantage', basis: 'raw' } as const
  const bars = dailyBars(parseDay(from), parseDay(until), shift)
  await loadSeries(pool, series, bars, RECEIVED)
}

async function firstOpen(symbol: string, at: number | null): Promise<[string, number | undefined]> {
  const answer = await readBars(
    pool,
    {
      symbol,
      interval: '1d',
      provider: 'auto',
      from: null,
      until: null,
      session: 'all',
      sort: 'asc',
      now: RECEIVED,
      asOf: at === null ? null : { kind: 'instant', at },
    },
    1,
  )
  return [answer.symbol, answer.bars.open[0]]
}

it('a read as of an instant goes by the names of then', async () => {
  const before = await databaseNow()
  await addInstrument(pool, { symbol: 'FB', name: 'Facebook' })
  await load('FB', '2022-05-02', '2022-05-04', 0)
  const [, facebook] = await firstOpen('FB', null)
  const then = (await databaseNow()) + 1
  await new Promise((resolve) => {
    setTimeout(resolve, 5)
  })
  await inTransaction(pool, (connection) =>
    renameSymbol(connection, {
      from: 'FB',
      to: 'META',
      day: parseDay('2022-06-09'),
      replace: false,
    }),
  )
  await addInstrument(pool, { symbol: 'FB', name: 'Another one' })
  await load('FB', '2024-05-01', '2024-05-03', 700)
  const [, other] = await firstOpen('FB', null)
  assert.notEqual(facebook, other)

  assert.deepEqual(await firstOpen('FB', then), ['FB', facebook])
  // Nobody knew META then: it is what was called so first.
  assert.deepEqual(await firstOpen('META', then), ['META', facebook])
  assert.deepEqual(await firstOpen('FB', before), ['FB', undefined])
  assert.deepEqual(await firstOpen('META', null), ['META', facebook])
})
