/** Symbols that have gone dark, and those that only seem so. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inTransaction } from '../../src/db/connect.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { startRun } from '../../src/db/runs.ts'
import { setDelisted } from '../../src/db/symbols.ts'
import { loadBatch } from '../../src/load/load-batch.ts'
import { darkText, readDarkSeries } from '../../src/query/dark-series.ts'
import { calendar, dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
const day = (text: string) => Date.parse(text)

/** Daily bars through Friday 2024-05-31, as of the Saturday after. */
async function load(symbol: string): Promise<void> {
  const series = { symbol, interval: '1d', provider: 'polygon', basis: 'raw' } as const
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, 'fetch', {}, [series]),
  )
  const batch = dailyBars(day('2024-05-01'), day('2024-06-01'))
  await loadBatch(pool, {
    series,
    calendar,
    settleMs: 0,
    runId,
    taskNumber: 1,
    batch,
    rejects: [],
    fetched: batch.length,
    covers: null,
    continuesFrom: null,
    receivedAt: Date.parse('2024-06-01T12:00:00Z'),
    actions: null,
    simulated: false,
  })
}

/** A task that ended with an error at an instant. */
async function fail(symbol: string, code: string, at: string): Promise<void> {
  const task = { symbol, interval: '1d', provider: 'polygon' }
  const runId = await inTransaction(pool, (connection) => startRun(connection, 'fetch', {}, [task]))
  await pool.query(
    `UPDATE stockyard.tasks SET status = 'failed', error_code = $2, error_message = 'no',
       finished_at = $3 WHERE run_id = $1`,
    [runId, code, at],
  )
}

it('a series is dark after three sessions that were asked for in vain', async () => {
  await load('FB')
  await fail('FB', 'NO_DATA', '2024-06-04T22:00:00Z')
  assert.deepEqual(await readDarkSeries(pool), [], 'two sessions can be a halt')
  await fail('FB', 'SYMBOL_UNKNOWN', '2024-06-08T12:00:00Z')
  const [dark, ...others] = await readDarkSeries(pool)
  assert.deepEqual(others, [])
  assert.deepEqual(dark, {
    symbol: 'FB',
    interval: '1d',
    provider: 'polygon',
    last: '2024-05-31',
    since: '2024-06-03',
    sessions: 5,
    tries: 2,
    last_try_at: '2024-06-08T12:00:00Z',
    hints: [
      'stockyard symbols rename FB NEW --on 2024-06-03',
      'stockyard symbols delist FB --on 2024-06-03',
    ],
  })
  assert.match(
    darkText(dark!),
    /FB 1d: polygon has had nothing for 5 sessions.*renamed or delisted\?/,
  )
})

it('a vendor that fails, or a listing that is known to have ended, is nothing dark', async () => {
  await load('AAPL')
  await fail('AAPL', 'PROVIDER_OUTAGE', '2024-06-08T12:00:00Z')
  const { id } = await getInstrument(pool, 'FB')
  await setDelisted(pool, id, day('2024-06-03'))
  assert.deepEqual(await readDarkSeries(pool), [])
})
