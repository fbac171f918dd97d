/**
 * kill -9 of the real program in the middle of a backfill, again and again: it ends complete, each row is
 * there once, and the vendor was asked at most once more for each kill. STOCKYARD_LONG=1 takes the full
 * size: 13 symbols, 90 days, ten kills.
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
import { parseDay } from '../../src/domain/date.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { findInconsistencies, rowsOf, storedRows } from '../support/store.ts'
import { untilAlone } from '../support/until-alone.ts'

const isLong = process.env['STOCKYARD_LONG'] === '1'
const KILLS = isLong ? 10 : 3
const FROM = '2026-01-05'
/** 90 days later, or 40. */
const UNTIL = isLong ? '2026-04-05' : '2026-02-14'
/** The vendor's page is a month: January to April, or January and February. */
const CALLS_EACH = isLong ? 4 : 2
const SYMBOLS = Array.from({ length: isLong ? 13 : 4 }, (_, i) => `SIM${i + 1}`)
const CALLS_LEAST = SYMBOLS.length * CALLS_EACH

const { pool, url } = await makeDatabase()
const sandbox = await startSandbox({ port: 0, clock: Date.now })
const home = await mkdtemp(join(tmpdir(), 'stockyard-backfill-'))
after(async () => {
  await sandbox.close()
  await rm(home, { recursive: true, force: true })
})

function startBackfill(symbols: readonly string[], ...more: readonly string[]) {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const options = ['--interval', '1m', '--from', FROM, '--until', UNTIL, '--json', ...more]
  return spawn(process.execPath, [main, 'backfill', ...symbols, ...options], {
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

async function runToEnd(symbols: readonly string[], ...more: readonly string[]) {
  const child = startBackfill(symbols, ...more)
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0, output)
  return JSON.parse(output) as { status: string; requests: number; inserted: number }
}

/** Calls that the vendor got more than once. */
function callsRepeated(): number {
  const calls = sandbox.calls.list()
  return calls.length - new Set(calls.map((call) => JSON.stringify(call.params))).size
}

it('ends complete after kills, and pays for at most one call more a kill', async (t) => {
  const seed = Number(process.env['STOCKYARD_SEED'] ?? Date.now() % 100_000)
  t.diagnostic(`seed ${seed}: replay with STOCKYARD_SEED=${seed}`)
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 4_294_967_296
  }
  let midway = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = startBackfill(SYMBOLS)
    const exited = once(child, 'exit')
    const before = sandbox.calls.count()
    // Only a kill while calls are made says something, so it waits for this run's first one.
    while (sandbox.calls.count() === before && child.exitCode === null) await delay(2)
    await delay(random() * (isLong ? 600 : 300))
    if (child.exitCode === null) midway += 1
    child.kill('SIGKILL')
    await exited
    await untilAlone(pool)
    assert.deepEqual(await findInconsistencies(pool), [], `after kill ${kill + 1}`)
  }
  assert.ok(midway >= KILLS - 1, `only ${midway} kills came in the middle`)
  const last = await runToEnd(SYMBOLS)
  assert.equal(last.status, 'succeeded')
  const calls = sandbox.calls.count()
  t.diagnostic(`${calls} calls after ${KILLS} kills; ${CALLS_LEAST} are the least`)
  assert.equal(calls - callsRepeated(), CALLS_LEAST)
  assert.ok(callsRepeated() <= KILLS, `${callsRepeated()} calls were made twice`)
  assert.deepEqual(await findInconsistencies(pool), [])
  for (const symbol of SYMBOLS) {
    const range = { from: parseDay(FROM), until: parseDay(UNTIL) }
    const truth = rowsOf(sandbox.market.bars({ symbol, interval: '1m', ...range, hours: 'all' }))
    const stored = (await storedRows(pool, symbol, '1m')).filter(
      ([ts]) => ts >= truth[0]![0] && ts <= truth.at(-1)![0],
    )
    assert.deepEqual(stored, truth, symbol)
  }
})

it('asks for nothing when it is run again, and the count of repeated calls sees what --force repeats', async () => {
  const before = sandbox.calls.count()
  assert.equal((await runToEnd(SYMBOLS)).requests, 0)
  assert.equal(sandbox.calls.count(), before)
  const repeated = callsRepeated()
  const forced = await runToEnd(SYMBOLS.slice(0, 1), '--force')
  assert.deepEqual([forced.requests, forced.inserted], [CALLS_EACH, 0])
  assert.equal(callsRepeated(), repeated + CALLS_EACH)
})
