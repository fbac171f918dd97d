/** What people say of the schedules, and the loop that heeds it: on the simulated exchange, at times that the test sets. */
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { beforeEach, describe, test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { pauseProvider } from '../../src/db/budgets.ts'
import type { Pool } from '../../src/db/connect.ts'
import { accountOf } from '../../src/db/plan-limits.ts'
import { readRunRows } from '../../src/db/read-runs.ts'
import { takeRoundLock } from '../../src/db/round-lock.ts'
import {
  pauseSchedule,
  planSchedules,
  requestRun,
  resumeSchedule,
  takeSchedules,
} from '../../src/db/schedules.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import type { ScheduleName } from '../../src/domain/schedule.ts'
import { keepCurrent } from '../../src/load/keep-current.ts'
import type { RoundContext } from '../../src/load/round.ts'
import { orderWork, workNow } from '../../src/load/schedule-work.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { readSchedule } from '../../src/query/schedules.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const newYork = (text: string) => Date.parse(`${text}-04:00`)
/** A Monday, ten past two: the exchange is open, and the next round of an hour is at half past. */
const START = newYork('2026-06-01T14:10')
const BARS = ['TIME_SERIES_DAILY']
const ACTIONS = ['SPLITS', 'DIVIDENDS']

let pool: Pool
/** Ends the loop of a test. */
let stop = () => Promise.resolve()
beforeEach(async (t) => {
  // Before the database is dropped, which waits for those who use it.
  ;(t as TestContext).after(() => stop())
  pool = (await makeDatabase(t as never)).pool
})

/** A clock that stands still: a sleep ends when the time is set to its end, or is broken off. */
function makeStandingClock(start: number) {
  let now = start
  let begun = 0
  let sleeper: { readonly until: number; readonly wake: () => void } | null = null
  const waiting = new Map<number, () => void>()
  return {
    now: () => now,
    sleep: async (ms: number, signal?: AbortSignal) => {
      signal?.throwIfAborted()
      const over = Promise.withResolvers<void>()
      signal?.addEventListener('abort', () => over.reject(signal.reason as Error))
      sleeper = { until: now + ms, wake: over.resolve }
      begun += 1
      waiting.get(begun)?.()
      await over.promise
    },
    /** How many sleeps there were. */
    sleeps: () => begun,
    /** Resolves when a sleep of that number begins. */
    slept: async (number: number) => {
      if (begun >= number) return
      await new Promise<void>((resolve) => waiting.set(number, resolve))
    },
    set: (at: number) => {
      now = at
      if (sleeper !== null && sleeper.until <= at) sleeper.wake()
    },
  }
}

interface Stage {
  readonly context: RoundContext
  readonly sandbox: Sandbox
  /** What the vendor was asked for since this was called last. */
  readonly asked: () => string[]
  /** Begins the loop, which ends with the test; resolves when its first round is over. */
  readonly begin: () => Promise<void>
  /** Does something that wakes the loop; resolves when it has done what there was to do. */
  readonly andThen: (act: () => unknown) => Promise<void>
  readonly setTime: (at: number) => void
}

/** Rounds of 60 minutes of daily bars of IBM. */
async function makeStage(t: TestContext): Promise<Stage> {
  const controller = new AbortController()
  const clock = makeStandingClock(START)
  const sandbox = await startSandbox({ port: 0, clock: clock.now })
  const client = makeHttpClient({ clock: systemClock, log, retries: 0, deadlineMs: 60_000 })
  let ended: Promise<void> | undefined
  stop = async () => {
    controller.abort()
    await ended
  }
  t.after(async () => {
    await client.close()
    await sandbox.close()
  })
  const context: RoundContext = {
    pool,
    client,
    clock,
    log,
    configs: { 'alpha-vantage': { key: 'k', baseUrl: sandbox.url, budget: 'unlimited' } },
    signal: controller.signal,
    providers: [alphaVantage],
    defaultTickers: ['IBM'],
    defaultInterval: '1d',
    defaultDays: 10,
    everyMinutes: 60,
    openCalendars: () => Promise.resolve(getCalendar),
  }
  const andThen = async (act: () => unknown) => {
    const next = clock.slept(clock.sleeps() + 1)
    await act()
    await next
  }
  return {
    context,
    sandbox,
    asked: () => {
      const names = sandbox.calls.list().map((call) => call.function)
      sandbox.calls.clear()
      return names
    },
    begin: () =>
      andThen(() => {
        ended = keepCurrent(context)
      }),
    andThen,
    setTime: clock.set,
  }
}

const find = (name: ScheduleName, etlEnabled = true) => readSchedule(pool, name, etlEnabled)
const pause = (name: ScheduleName, now = START) =>
  pauseSchedule(pool, name, { by: 'user:ada', reason: 'moving house', now })

async function statuses(): Promise<string[]> {
  const runs = await readRunRows(pool, { limit: 100 })
  return runs.map(({ status }) => status).toReversed()
}

describe('the loop tells', () => {
  test('who does the work, when next, and how it went; and nothing of that once it has ended', async (t) => {
    const { begin } = await makeStage(t)
    await begin()
    const bars = await find('keep-current')
    assert.deepEqual(
      [bars.state, bars.why, bars.next_at, bars.last_at, bars.last_run, bars.last_status],
      // Half past two in New York.
      ['waiting', null, '2026-06-01T18:30:00Z', '2026-06-01T18:10:00Z', 1, 'succeeded'],
    )
    assert.deepEqual(bars.keeper, { host: hostname(), pid: process.pid })
    const actions = await find('actions')
    // A week after they were asked for.
    assert.deepEqual(
      [actions.state, actions.next_at, actions.last_run, actions.last_status],
      ['waiting', '2026-06-08T18:10:00Z', 1, 'succeeded'],
    )
    await stop()
    for (const name of ['keep-current', 'actions'] as const) {
      const { state, why, next_at, keeper } = await find(name)
      assert.deepEqual(
        [state, why, next_at, keeper],
        ['off', 'no process keeps series current', null, null],
      )
      assert.equal((await find(name, false)).why, 'ETL_ENABLED is false')
    }
  })

  test('of a process that died as little, though it could not take back what it had said', async () => {
    const lock = (await takeRoundLock(pool))!
    await takeSchedules(pool, lock.session)
    await planSchedules(pool, { 'keep-current': START, actions: null })
    assert.equal((await find('keep-current')).next_at, '2026-06-01T18:10:00Z')
    await pool.query('SELECT pg_terminate_backend($1)', [lock.session])
    while (lock.held()) await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await find('keep-current')).state, 'off')
    assert.equal((await find('keep-current')).next_at, null)
    assert.equal(await requestRun(pool, 'keep-current', START), false)
    await lock.release()
  })
})

describe('work that is asked for', () => {
  test('is done at once, and once', async (t) => {
    const { begin, asked, andThen } = await makeStage(t)
    await begin()
    // What the symbol is, too, which goes with splits and dividends.
    assert.deepEqual(asked(), [...BARS, ...ACTIONS, 'OVERVIEW'])
    await andThen(() => requestRun(pool, 'keep-current', START))
    assert.deepEqual(asked(), BARS)
    const { last_run, requested_at, next_at } = await find('keep-current')
    assert.deepEqual([last_run, requested_at, next_at], [2, null, '2026-06-01T18:30:00Z'])
    await andThen(() => requestRun(pool, 'actions', START))
    assert.deepEqual(asked(), ACTIONS)
    assert.deepEqual(await statuses(), ['succeeded', 'succeeded'])
  })

  test('is skipped where no vendor may be called', async (t) => {
    const { begin, asked, andThen } = await makeStage(t)
    await begin()
    asked()
    const account = accountOf({ key: 'k', budget: 'unlimited' })
    await pauseProvider(pool, 'alpha-vantage', { ms: 3_600_000 }, '25 calls a day are used up', {
      account,
    })
    await andThen(() => requestRun(pool, 'keep-current', START))
    const { last_status, last_run, requested_at } = await find('keep-current')
    assert.deepEqual([last_status, last_run, requested_at], ['skipped', null, null])
    assert.deepEqual(asked(), [])
  })

  test('is refused while it is paused, and nobody is there to do it while it is off', async () => {
    assert.equal(await orderWork(pool, 'keep-current', START), false)
    await pause('keep-current')
    await assert.rejects(orderWork(pool, 'keep-current', START), { code: 'SCHEDULE_PAUSED' })
  })

  test('is done in the foreground where nobody else does it, and by nobody twice', async (t) => {
    const { context, asked } = await makeStage(t)
    const { summaries } = await workNow(context, 'keep-current')
    assert.deepEqual(
      summaries.map(({ run, status }) => [run, status]),
      [[1, 'succeeded']],
    )
    assert.deepEqual((await workNow(context, 'actions')).actions, {
      calls: 2,
      answered: 1,
      failed: 0,
    })
    assert.deepEqual(asked(), [...BARS, ...ACTIONS])
    const { state, last_run, last_status } = await find('keep-current')
    assert.deepEqual([state, last_run, last_status], ['off', 1, 'succeeded'])
    const lock = (await takeRoundLock(pool))!
    await assert.rejects(workNow(context, 'actions'), { code: 'SCHEDULE_BUSY' })
    await lock.release()
  })
})

describe('what is paused', () => {
  test('is not done when its time comes, and is done at once when it goes on', async (t) => {
    const { begin, asked, andThen, setTime } = await makeStage(t)
    await begin()
    asked()
    await andThen(() => pause('keep-current'))
    const { state, why, next_at, paused_at } = await find('keep-current')
    assert.deepEqual(
      [state, why, next_at, paused_at],
      ['paused', 'paused by user:ada: moving house', null, '2026-06-01T18:10:00Z'],
    )
    await andThen(() => setTime(newYork('2026-06-01T15:40')))
    assert.deepEqual(asked(), [])
    await andThen(() => resumeSchedule(pool, 'keep-current'))
    assert.deepEqual(asked(), BARS)
    // Five hours after the close, when the bar of the day has settled.
    assert.equal((await find('keep-current')).next_at, '2026-06-02T01:00:00Z')
  })

  test('ends within the batch in hand', async (t) => {
    const { begin, sandbox, andThen } = await makeStage(t)
    sandbox.faults.add({ fault: 'stall', match: { symbol: 'IBM' } })
    const begun = begin()
    while (sandbox.calls.count() === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await find('keep-current')).state, 'running')
    await pause('keep-current')
    await begun
    sandbox.faults.clear()
    assert.deepEqual(await statuses(), ['interrupted'])
    assert.equal((await find('keep-current')).last_status, 'interrupted')
    await andThen(() => resumeSchedule(pool, 'keep-current'))
    assert.deepEqual(await statuses(), ['interrupted', 'succeeded'])
  })

  test('holds up nothing else: splits and dividends are asked for in their own time', async (t) => {
    const { begin, asked, andThen, setTime } = await makeStage(t)
    await begin()
    asked()
    await andThen(() => pause('keep-current'))
    await andThen(() => setTime(START + 7 * DAY_MS))
    assert.deepEqual(asked(), ACTIONS)
    await andThen(() => pause('actions'))
    await andThen(() => setTime(START + 15 * DAY_MS))
    assert.deepEqual(asked(), [])
  })

  test('stays so for the next process, with its newest reason and since when it was first', async (t) => {
    await pause('keep-current')
    await pauseSchedule(pool, 'keep-current', { by: 'key:k', reason: null, now: START + 1000 })
    const { begin, asked } = await makeStage(t)
    await begin()
    assert.deepEqual(asked(), [])
    const { state, paused_at, paused_by, reason } = await find('keep-current')
    assert.deepEqual(
      [state, paused_at, paused_by, reason],
      ['paused', '2026-06-01T18:10:00Z', 'key:k', null],
    )
  })
})
