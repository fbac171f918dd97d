/** The loop that keeps the watch list current, on the simulated exchange, with a clock that leaps. */
import assert from 'node:assert/strict'
import { beforeEach, describe, test, type TestContext } from 'node:test'
import { pauseProvider } from '../../src/db/budgets.ts'
import type { Pool } from '../../src/db/connect.ts'
import { addInstrument, getInstrument } from '../../src/db/instruments.ts'
import { accountOf } from '../../src/db/plan-limits.ts'
import { findHead } from '../../src/db/series.ts'
import { claimStore } from '../../src/db/store-kind.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { keepCurrent, type KeepCurrentContext } from '../../src/load/keep-current.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { makeRecordingClock } from '../support/recording-clock.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const newYork = (text: string) => Date.parse(`${text}-04:00`)

let pool: Pool
beforeEach(async (t) => {
  pool = (await makeDatabase(t as never)).pool
})

interface Loop {
  /** When rounds began to work on a symbol: time of New York and symbol, in order. */
  readonly rounds: string[]
  readonly sleeps: readonly number[]
  readonly now: () => number
  readonly stop: () => void
  readonly ended: Promise<void>
}

interface LoopOptions {
  readonly from: number
  /** Ends by itself at this time. */
  readonly until: number
  readonly change?: Partial<KeepCurrentContext>
  /** What happens at a sleep, by its number from 1. */
  readonly at?: Readonly<Record<number, () => Promise<unknown>>>
}

/** Rounds of 60 minutes of daily bars of IBM, unless somebody is on the watch list. */
async function startLoop(t: TestContext, options: LoopOptions): Promise<Loop> {
  const controller = new AbortController()
  const rounds: string[] = []
  let sleeps = 0
  const clock = makeRecordingClock({
    now: options.from,
    onSleep: async () => {
      sleeps += 1
      await options.at?.[sleeps]?.()
      if (clock.now() >= options.until) controller.abort()
    },
  })
  const sandbox = await startSandbox({ port: 0, clock: clock.now })
  const client = makeHttpClient({ clock, log, retries: 0, deadlineMs: 5000 })
  t.after(async () => {
    controller.abort()
    await client.close()
    await sandbox.close()
  })
  const ended = keepCurrent({
    pool,
    client,
    clock,
    log,
    configs: {
      'alpha-vantage': { key: 'k', baseUrl: sandbox.url, budget: 'unlimited' },
      yahoo: { key: undefined, baseUrl: sandbox.url, budget: 'unlimited' },
    },
    signal: controller.signal,
    onProgress: ({ symbol, status, requests }) => {
      if (status !== 'succeeded' && status !== 'failed') return
      const time = new Date(clock.now() - 4 * 3_600_000).toISOString().slice(5, 16)
      rounds.push(`${time} ${symbol} ${requests}`)
    },
    providers: [alphaVantage],
    defaultTickers: ['IBM'],
    defaultInterval: '1d',
    defaultDays: 10,
    everyMinutes: 60,
    openCalendars: () => Promise.resolve(getCalendar),
    ...options.change,
  })
  return { rounds, sleeps: clock.sleeps, now: clock.now, stop: () => controller.abort(), ended }
}

describe('keeping current', () => {
  test('a round at the start, every hour of the session, five hours after its close, and no other', async (t) => {
    const loop = await startLoop(t, {
      from: newYork('2026-06-01T14:10'),
      until: newYork('2026-06-02T10:45'),
    })
    await loop.ended
    assert.deepEqual(loop.rounds, [
      '06-01T14:10 IBM 1',
      '06-01T14:30 IBM 1',
      '06-01T15:30 IBM 1',
      '06-01T21:00 IBM 1',
      '06-02T10:30 IBM 1',
    ])
    const key = { symbol: 'IBM', interval: '1d', provider: 'alpha-vantage', basis: 'raw' } as const
    assert.equal((await findHead(pool, key))?.watermark, Date.UTC(2026, 5, 1))
    assert.ok(Math.max(...loop.sleeps) <= 3_600_000)
  })

  test('splits and dividends are asked for after the first round, and in no later one of the week', async (t) => {
    const loop = await startLoop(t, {
      from: newYork('2026-06-01T14:10'),
      until: newYork('2026-06-02T10:45'),
    })
    await loop.ended
    const { rows } = await pool.query<{ requests: number; notes: string[] }>(
      'SELECT requests, notes FROM stockyard.tasks ORDER BY run_id',
    )
    assert.deepEqual(
      rows.map(({ requests }) => requests),
      [3, 1, 1, 1, 1],
    )
    assert.deepEqual(
      rows.flatMap(({ notes }) => notes.filter((note) => note.includes('dividends'))),
      ['splits and dividends asked of alpha-vantage: 2 calls'],
    )
    const { rows: told } = await pool.query(
      `SELECT FROM stockyard.actions WHERE provider = 'alpha-vantage' AND kind = 'dividend'`,
    )
    assert.ok(told.length > 50)
    const { name } = await getInstrument(pool, 'IBM')
    assert.match(name ?? '', /^International Business Machines/)
  })

  test('every series of a symbol is kept current, each when its vendor is due', async (t) => {
    const served: string[] = []
    const loop = await startLoop(t, {
      from: newYork('2026-06-01T15:10'),
      until: newYork('2026-06-02T10:00'),
      change: {
        providers: [alphaVantage, yahoo],
        onProgress: ({ provider, status, requests }) => {
          if (status !== 'succeeded') return
          const hour = new Date(loop.now() - 4 * 3_600_000).toISOString().slice(11, 16)
          served.push(`${hour} ${provider} ${requests}`)
        },
      },
      // After the first round there is a series of Yahoo's, too.
      at: {
        1: async () => {
          await pool.query(
            `INSERT INTO stockyard.series (instrument_id, interval, provider, basis)
             SELECT instrument_id, '1d', 'yahoo', 'split' FROM stockyard.symbols`,
          )
          await pool.query(
            `INSERT INTO stockyard.series_heads (series_id)
             SELECT id FROM stockyard.series WHERE provider = 'yahoo'`,
          )
        },
      },
    })
    await loop.ended
    assert.deepEqual(served.toSorted(), [
      '15:10 alpha-vantage 1',
      '15:30 alpha-vantage 1',
      '15:30 yahoo 1',
      // Four hours after the close the one has settled, and five hours after it the other.
      '20:00 yahoo 1',
      '21:00 alpha-vantage 1',
    ])
    const { rows } = await pool.query<{ job: string; tasks: number }>(
      `SELECT r.job, count(*)::integer AS tasks FROM stockyard.runs r
       JOIN stockyard.tasks t ON t.run_id = r.id GROUP BY r.id ORDER BY r.id`,
    )
    assert.deepEqual(
      rows.map(({ job, tasks }) => [job, tasks]),
      [1, 2, 1, 1].map((tasks) => ['keep-current', tasks]),
    )
  })

  test('a symbol that is added on a Saturday is fetched within the hour, and others are left alone', async (t) => {
    await addInstrument(pool, { symbol: 'IBM', watched: true })
    const loop = await startLoop(t, {
      from: newYork('2026-06-06T12:00'),
      until: newYork('2026-06-07T12:00'),
      at: { 3: () => addInstrument(pool, { symbol: 'MSFT', watched: true }) },
    })
    await loop.ended
    assert.deepEqual(loop.rounds.toSorted(), [
      '06-06T12:00 IBM 1',
      '06-06T15:00 IBM 0',
      '06-06T15:00 MSFT 1',
    ])
  })

  test('of two processes one does the rounds, and the other takes over when it ends', async (t) => {
    const period = { from: newYork('2026-06-06T12:00'), until: newYork('2026-06-06T23:30') }
    let other: Loop | undefined
    const first: Loop = await startLoop(t, {
      ...period,
      at: {
        1: async () => {
          other = await startLoop(t, { ...period, at: { 3: async () => first.stop() } })
        },
        // It sleeps until the other one, in its third sleep, has stopped it.
        2: () => other!.ended,
      },
    })
    await first.ended
    assert.deepEqual(first.rounds, ['06-06T12:00 IBM 1'])
    assert.ok(other!.rounds.length <= 1)
    for (const round of other!.rounds) assert.match(round, /IBM 0$/)
  })

  test('a round that fails is followed by the next', async (t) => {
    let calls = 0
    const loop = await startLoop(t, {
      from: newYork('2026-06-01T10:40'),
      until: newYork('2026-06-01T12:45'),
      change: {
        openCalendars: async () => {
          calls += 1
          if (calls === 1) throw new Error('the file of closures cannot be read')
          return getCalendar
        },
      },
    })
    await loop.ended
    assert.deepEqual(loop.rounds, ['06-01T11:40 IBM 1', '06-01T12:30 IBM 1'])
  })

  test('nothing is asked while no vendor may be called', async (t) => {
    const account = accountOf({ key: 'k', budget: 'unlimited' })
    await pauseProvider(pool, 'alpha-vantage', { ms: 3_600_000 }, '25 calls a day are used up', {
      account,
    })
    const loop = await startLoop(t, {
      from: newYork('2026-06-01T10:40'),
      until: newYork('2026-06-01T15:00'),
    })
    await loop.ended
    assert.deepEqual(loop.rounds, [])
  })

  test('it ends by itself where the store refuses what the vendors send', async (t) => {
    await claimStore(pool, 'real')
    const loop = await startLoop(t, {
      from: newYork('2026-06-01T10:40'),
      until: newYork('2026-06-08T10:40'),
    })
    await loop.ended
    assert.deepEqual(loop.sleeps, [])
    assert.equal(loop.rounds.length, 1)
  })

  test('told to stop, it ends without another round and lets go of the lock', async (t) => {
    const loop = await startLoop(t, {
      from: newYork('2026-06-01T10:40'),
      until: newYork('2026-06-08T10:40'),
      at: { 2: async () => loop.stop() },
    })
    await loop.ended
    assert.equal(loop.rounds.length, 2)
    const { rows } = await pool.query(
      `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
       WHERE d.datname = current_database() AND l.locktype = 'advisory'`,
    )
    assert.equal(rows.length, 0)
  })
})
