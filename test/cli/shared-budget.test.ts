/**
 * One budget over real processes, each with a home of its own as on another host, and in zones of their
 * own. What counts is what the vendor saw.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { keepDayFromEnding } from '../support/steady-day.ts'
import { folder, runProcess, type Variables } from './run-stockyard.ts'

const ofDay = await makeDatabase()
const ofMinute = await makeDatabase()
await keepDayFromEnding(ofDay.url)

let sandbox: Sandbox
before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
})
after(() => sandbox.close())
beforeEach(() => sandbox.calls.clear())

const ZONES = ['Asia/Tokyo', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Europe/London']

/** What the n-th process on a database is told. */
function host(url: string, n: number, more: Variables): Variables {
  return {
    DATABASE_URL: url,
    STOCKYARD_HOME: join(folder, `home-${n}`),
    TZ: ZONES[n % ZONES.length]!,
    ...more,
  }
}

/** Symbols of the n-th process. */
function symbols(n: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `SIM${n + 1}${i + 10}`)
}

test('of 25 calls a day, three processes in three zones and one after them make 25', async () => {
  const vendor = {
    ALPHA_VANTAGE_API_KEY: 'sandbox-key',
    ALPHA_VANTAGE_BASE_URL: sandbox.url,
    ALPHA_VANTAGE_BUDGET: '25/day',
  }
  const fetchAt = (n: number) =>
    runProcess(['fetch', ...symbols(n, 10), '-p', 'alpha-vantage'], host(ofDay.url, n, vendor))
  await Promise.all([0, 1, 2].map(fetchAt))
  assert.equal(sandbox.calls.count(), 25)
  const later = await fetchAt(3)
  assert.equal(later.code, 5, later.stderr)
  // Said once, and not ten times.
  const named = ['SIM410', 'SIM411', 'SIM412', 'SIM413', 'SIM414'].map((symbol) => `${symbol} 1d`)
  const said = later.stdout.split('\n').filter((line) => line.includes('25 calls a day'))
  assert.deepEqual(
    said.map((line) => line.slice(0, line.indexOf(':'))),
    [`${named.join(', ')} and 5 more`],
  )
  assert.equal(sandbox.calls.count(), 25)
})

/** Processes, and symbols that each fetches at once; STOCKYARD_LONG=1 takes eight processes with one symbol. */
const [PROCESSES, SYMBOLS_EACH] = process.env['STOCKYARD_LONG'] === '1' ? [8, 1] : [2, 4]

// It takes a minute, since nothing can make that of a real process and a real vendor shorter.
test('eight calls at once of several processes at 5 calls a minute never let the vendor see a sixth in 60 seconds', async () => {
  const vendor = {
    POLYGON_API_KEY: 'sandbox-key',
    POLYGON_BASE_URL: sandbox.url,
    POLYGON_BUDGET: '5/min',
  }
  const ended = await Promise.all(
    Array.from({ length: PROCESSES }, (_, n) =>
      runProcess(
        ['fetch', ...symbols(n, SYMBOLS_EACH), '-p', 'polygon'],
        host(ofMinute.url, n, vendor),
      ),
    ),
  )
  assert.deepEqual(
    ended.map(({ code }) => code),
    Array(PROCESSES).fill(0),
    ended.map(({ stderr }) => stderr).join(''),
  )
  const calls = sandbox.calls.list().map(({ at }) => at)
  assert.equal(calls.length, 8)
  const most = calls.map((from) => calls.filter((at) => at >= from && at < from + 60_000).length)
  assert.equal(Math.max(...most), 5)
})
