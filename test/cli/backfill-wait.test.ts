/** `backfill --wait`: where the day's calls are used up it waits for the reset and goes on. */
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { runToTheEnd, type Backfill } from '../../src/cli/backfill.ts'
import { openStore } from '../../src/cli/open-store.ts'
import type { CommandContext } from '../../src/cli/run-command.ts'
import { parseDay } from '../../src/domain/date.ts'
import { makeLogger } from '../../src/log.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { keepDayFromEnding } from '../support/steady-day.ts'
import { findInconsistencies } from '../support/store.ts'

const { pool, url } = await makeDatabase()
await keepDayFromEnding(url)
const sandbox = await startSandbox({ port: 0, clock: Date.now })
after(() => sandbox.close())

it('goes on after each reset, and its summary is over all of its runs', async () => {
  const config = readConfig({
    DATABASE_URL: url,
    ALPHA_VANTAGE_API_KEY: 'wait-test-key',
    ALPHA_VANTAGE_BASE_URL: sandbox.url,
    ALPHA_VANTAGE_BUDGET: '3/day',
  })
  const log = makeLogger({ level: 'silent', format: 'json' })
  const store = await openStore({ config: { ...config, archive: null }, log, writes: true })
  const said: string[] = []
  const waits: number[] = []
  const output = {
    isTerminal: false,
    columns: 80,
    write: async (text: string) => {
      said.push(text)
    },
    paint: (_: string, text: string) => text,
  }
  const context: CommandContext = {
    stdout: output,
    stderr: output,
    json: true,
    env: {},
    clock: {
      now: Date.now,
      // The next day comes: what was spent is of the day before.
      sleep: async (ms) => {
        waits.push(ms)
        await pool.query(
          "UPDATE stockyard.budget_calls SET called_at = called_at - interval '1 day'",
        )
      },
    },
    signal: new AbortController().signal,
    config: async () => config,
    log: async () => log,
    openStore: async () => store,
    onClose: () => {},
  }
  const work: Backfill = {
    context,
    store,
    config: { ...config, archive: null },
    lane: 'close',
    wish: {
      symbols: ['SIM1', 'SIM2', 'SIM3', 'SIM4'],
      intervals: ['1m'],
      providers: [getProvider('alpha-vantage')],
      from: parseDay('2026-01-01'),
      until: parseDay('2026-03-01'),
      force: false,
      job: 'backfill',
      parallel: 1,
      finalOnly: true,
    },
  }
  const totals = { calls: 8, rows: 0, bytes: 0, ms: 0, days: 3 }
  const plan = { series: [], actions: [], providers: [], ...totals }
  const summary = await runToTheEnd(work, plan, true)
  await store.close()
  // Two months of four symbols are eight calls: three, three and two.
  assert.deepEqual([summary.status, summary.requests, summary.symbols], ['succeeded', 8, 4])
  assert.equal(waits.length, 2)
  assert.ok(waits.every((ms) => ms > 0 && ms <= 86_400_000 + 3_600_000))
  assert.match(said.join(''), /waiting [\d a-z]+, until 20\d\d-\d\d-\d\d \d\d:\d\d UTC, for calls/)
  const days = { from: parseDay('2026-01-01'), until: parseDay('2026-03-01') }
  assert.deepEqual(
    summary.tasks.map((task) => [task.symbol, task.status, task.inserted]),
    ['SIM1', 'SIM2', 'SIM3', 'SIM4'].map((symbol) => {
      const truth = sandbox.market.bars({ symbol, interval: '1m', ...days, hours: 'all' })
      return [symbol, 'succeeded', truth.length]
    }),
  )
  assert.equal(
    summary.fetched,
    summary.tasks.reduce((sum, task) => sum + task.fetched, 0),
  )
  assert.equal(sandbox.calls.count(), 8)
  assert.deepEqual(await findInconsistencies(pool), [])
})
