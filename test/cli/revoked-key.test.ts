/** A key that is revoked in the middle of a backfill, through the real program, against the simulated exchange. */
import assert from 'node:assert/strict'
import { after, beforeEach, describe, it } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { findInconsistencies } from '../support/store.ts'
import { readJson, run } from './run-stockyard.ts'

const { pool, url } = await makeDatabase()
const sandbox = await startSandbox({ port: 0, clock: Date.now })
after(() => sandbox.close())
beforeEach(() => sandbox.faults.clear())

const KEY = 'revoked-test-key-1'
const ENV = {
  DATABASE_URL: url,
  ALPHA_VANTAGE_API_KEY: KEY,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_BUDGET: 'unlimited',
}
/** The first quarter of 2026: 20, 19 and 22 sessions, and three calls of Alpha Vantage. */
const PERIOD = ['-i', '30m', '--from', '2026-01-01', '--until', '2026-04-01', '--json']

interface Summary {
  status: string
  requests: number
  inserted: number
  tasks: {
    symbol: string
    provider: string
    status: string
    watermark: string | null
    error: { code: string; message: string; hint: string } | null
  }[]
}

async function barsOf(symbol: string, provider: string): Promise<number> {
  const { rows } = await pool.query<{ bars: number }>(
    `SELECT h.bars FROM stockyard.series_heads h JOIN stockyard.series s ON s.id = h.series_id
     JOIN stockyard.symbols y ON y.instrument_id = s.instrument_id
     WHERE y.symbol = $1 AND s.provider = $2`,
    [symbol, provider],
  )
  return rows[0]?.bars ?? 0
}

/** How many bars the exchange has of the period up to a day. */
function truthOf(symbol: string, until: string): number {
  const days = { from: parseDay('2026-01-01'), until: parseDay(until) }
  return sandbox.market.bars({ symbol, interval: '30m', ...days, hours: 'all' }).length
}

describe('a key that is revoked in the middle of a backfill', () => {
  it('ends it with 3 and no further call; what came stays, and a good key goes on from there', async () => {
    sandbox.faults.add({ fault: 'error-key', after: 2 })
    const args = ['backfill', 'SIM1', 'SIM2', ...PERIOD, '-p', 'alpha-vantage']
    const ended = await run(args, ENV)
    const summary = readJson<Summary>(ended)
    assert.equal(ended.code, 3, ended.stderr)
    assert.equal(summary.status, 'failed')
    for (const { error } of summary.tasks) assert.equal(error?.code, 'KEY_REFUSED')
    const [first] = summary.tasks
    assert.match(first!.error!.message, /^Alpha Vantage refused the key: /)
    assert.match(first!.error!.hint, /ALPHA_VANTAGE_API_KEY/)
    assert.ok(!`${ended.stdout}${ended.stderr}`.includes(KEY))
    // Two good months, then a refusal of each symbol's next at most.
    assert.ok(summary.requests <= 4, `${summary.requests} calls`)
    const stored = (await barsOf('SIM1', 'alpha-vantage')) + (await barsOf('SIM2', 'alpha-vantage'))
    assert.equal(stored, summary.inserted)
    assert.ok(stored >= truthOf('SIM1', '2026-02-01'), `${stored} bars`)
    assert.deepEqual(await findInconsistencies(pool), [])

    sandbox.faults.clear()
    const mended = await run(args, { ...ENV, ALPHA_VANTAGE_API_KEY: 'a-new-key' })
    assert.equal(mended.code, 0, mended.stderr)
    assert.equal(readJson<Summary>(mended).requests, 4)
    for (const symbol of ['SIM1', 'SIM2'])
      assert.equal(await barsOf(symbol, 'alpha-vantage'), truthOf(symbol, '2026-04-01'), symbol)
    assert.deepEqual(await findInconsistencies(pool), [])
  })

  it('lets another vendor bring the rest, as a series of its own, and says so', async () => {
    sandbox.faults.add({
      fault: 'error-key',
      after: 1,
      match: { function: 'TIME_SERIES_INTRADAY' },
    })
    const both = {
      ...ENV,
      POLYGON_API_KEY: 'polygon-test-key-1',
      POLYGON_BASE_URL: sandbox.url,
      POLYGON_BUDGET: 'unlimited',
    }
    const ended = await run(['backfill', 'SIM4', ...PERIOD], both)
    const { status, tasks, inserted } = readJson<Summary>(ended)
    assert.deepEqual([ended.code, status], [0, 'succeeded'], ended.stderr)
    assert.deepEqual([tasks[0]!.provider, tasks[0]!.watermark], ['polygon', '2026-03-31'])
    assert.equal(await barsOf('SIM4', 'alpha-vantage'), truthOf('SIM4', '2026-02-01'))
    assert.equal(await barsOf('SIM4', 'polygon'), truthOf('SIM4', '2026-04-01'))
    const { rows } = await pool.query<{ notes: string[] }>(
      `SELECT notes FROM stockyard.tasks WHERE symbol = 'SIM4' AND interval = '30m'`,
    )
    assert.match(rows[0]!.notes.join('\n'), /alpha-vantage did not serve: .* refused the key/)
    assert.match(ended.stderr, /^SIM4 30m: alpha-vantage did not serve: .* refused the key/m)
    // The task counts what both brought.
    assert.equal(inserted, truthOf('SIM4', '2026-02-01') + truthOf('SIM4', '2026-04-01'))
  })
})
