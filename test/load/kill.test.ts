/**
 * kill -9 of the real program, again and again, in the middle of a fetch of many symbols: after each
 * kill the store is consistent, and in the end it holds each row of the exchange once.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { DAY_MS, formatDate } from '../../src/domain/date.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { findInconsistencies, rowsOf, storedRows } from '../support/store.ts'
import { untilAlone } from '../support/until-alone.ts'

const KILLS = 6
const SYMBOLS = Array.from({ length: 16 }, (_, i) => `SIM${i + 1}`)
const INTERVALS = ['1d', '15m'] as const
/** Within the vendor's 100 newest sessions: all of its history would be no better a test, and thirty times the work. */
const UNTIL = Math.floor(Date.now() / DAY_MS) * DAY_MS - 30 * DAY_MS
const FROM = UNTIL - 90 * DAY_MS

const { pool, url } = await makeDatabase()
const sandbox = await startSandbox({ port: 0, clock: Date.now })
const home = await mkdtemp(join(tmpdir(), 'stockyard-kill-'))
after(async () => {
  await sandbox.close()
  await rm(home, { recursive: true, force: true })
})

function startFetch() {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const period = ['--from', formatDate(FROM), '--until', formatDate(UNTIL)]
  const options = ['--interval', INTERVALS.join(','), ...period, '--json']
  return spawn(process.execPath, [main, 'fetch', ...SYMBOLS, ...options], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      // Else each start compiles everything anew: a killed process leaves nothing for the next one.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      HOME: home,
      STOCKYARD_HOME: home,
      DATABASE_URL: url,
      ALPHA_VANTAGE_API_KEY: 'kill-test-key',
      ALPHA_VANTAGE_BASE_URL: sandbox.url,
      ALPHA_VANTAGE_BUDGET: 'unlimited',
    },
  })
}

it('loses no row, doubles none, and never moves a watermark ahead', async (t) => {
  const seed = Number(process.env['STOCKYARD_SEED'] ?? Date.now() % 100_000)
  t.diagnostic(`seed ${seed}: replay with STOCKYARD_SEED=${seed}`)
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 4_294_967_296
  }
  let midway = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = await countBars()
    const child = startFetch()
    const exited = once(child, 'exit')
    // Only a kill while bars arrive says something, so it waits for this run's first load.
    while ((await countBars()) === before && child.exitCode === null) await delay(5)
    await delay(random() * 60)
    if (child.exitCode === null) midway += 1
    child.kill('SIGKILL')
    await exited
    await untilAlone(pool)
    assert.deepEqual(await findInconsistencies(pool), [], `after kill ${kill + 1}`)
  }
  assert.ok(midway > KILLS / 2, `only ${midway} kills came in the middle`)
  const last = startFetch()
  let output = ''
  last.stdout.on('data', (chunk) => (output += String(chunk)))
  const [code] = (await once(last, 'exit')) as [number]
  assert.equal(code, 0)
  assert.equal((JSON.parse(output) as { status: string }).status, 'succeeded')
  assert.deepEqual(await findInconsistencies(pool), [])
  for (const symbol of SYMBOLS) {
    for (const interval of INTERVALS) {
      const range = { from: FROM, until: UNTIL }
      const truth = rowsOf(sandbox.market.bars({ symbol, interval, ...range, hours: 'all' }))
      const stored = (await storedRows(pool, symbol, interval)).filter(
        ([ts]) => ts >= truth[0]![0] && ts <= truth.at(-1)![0],
      )
      assert.deepEqual(stored, truth, `${symbol} ${interval}`)
    }
  }
  const { rows } = await pool.query<{ status: string }>(
    "SELECT DISTINCT status FROM stockyard.runs WHERE status <> 'interrupted'",
  )
  assert.deepEqual(rows, [{ status: 'succeeded' }])
})

async function countBars(): Promise<number> {
  const { rows } = await pool.query<{ bars: number }>(
    'SELECT coalesce(sum(bars), 0)::bigint AS bars FROM stockyard.series_heads',
  )
  return rows[0]!.bars
}
