/**
 * The stage of coverage stories: a simulated exchange, a store, and a series of its own for each story. What is
 * done to the series is done to what is known of it, too, by the rules of coverage-oracle.ts.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { withClosures } from '../../src/domain/calendar/make-calendar.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS, formatDate, parseDay } from '../../src/domain/date.ts'
import { fetchAll, type FetchContext } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import {
  copyOf,
  learn,
  learnVolume,
  lose,
  nothingKnown,
  VENDORS,
  type Answer,
  type Knowledge,
  type Session,
  type World,
} from './coverage-oracle.ts'
import { PERIODS, STORY_DAYS, type Death, type Step, type Story } from './coverage-story.ts'
import { makeDatabase } from './database.ts'
import type { FetchAndDie } from './fetch-and-die.ts'
import { makeSeries, type SimulatedSeries } from './simulated-series.ts'

export const calendar = getCalendar('XNYS')
/** Instant of all clocks: the exchange's, this process's, and those of the processes that die. */
let now = Date.parse('2027-01-01T12:00:00-05:00')
const log = makeLogger({ level: 'silent', format: 'json' })
const clock = { now: () => now, sleep: () => Promise.resolve() }
const sandbox = await startSandbox({ port: 0, clock: clock.now })
const client = makeHttpClient({ clock, log, retries: 0 })
const { pool, url } = await makeDatabase()
export { pool }
after(async () => {
  await client.close()
  await sandbox.close()
})

let count = 0

/** A story as it is told. */
export interface Telling {
  readonly story: Story
  readonly series: SimulatedSeries
  readonly world: World
  readonly range: { readonly from: number; readonly until: number }
  readonly context: FetchContext
  known: Knowledge
  /** Closures that nobody has told the store of. */
  untold: number[]
}

export async function begin(story: Story): Promise<Telling> {
  count += 1
  const from = parseDay(PERIODS[story.period]!)
  const range = { from, until: from + STORY_DAYS * DAY_MS }
  const sessions = calendar.sessions(range.from, range.until)
  // None of these splits, and those that end with a three trade thinly.
  const symbol = `SIM${count}${story.isThin ? 3 : 2}`
  now = range.until + 30 * DAY_MS
  sandbox.market.restore()
  sandbox.market.events.forget('closures')
  await pool.query('DELETE FROM stockyard.closures')
  const series = makeSeries(sandbox.market, symbol, story, sessions)
  now = calendar.instantAt(from + story.begins * DAY_MS, story.hour * 60)
  const barMinutes = { '1d': 390, '15m': 15, '1m': 1 }[story.interval]
  const world = {
    vendor: VENDORS[story.vendor],
    isIntraday: story.interval !== '1d',
    sessions,
    expectedBars: ({ open, close }: Session) => Math.ceil((close - open) / (barMinutes * 60_000)),
  }
  const context: FetchContext = {
    pool,
    client,
    clock,
    log,
    calendarOf: () => withClosures(calendar, telling.known.closures),
    configs: { [story.vendor]: { key: 'a-key', baseUrl: sandbox.url, budget: 'unlimited' } },
  }
  const untold = [...series.closures]
  const telling: Telling = { story, series, world, range, context, known: nothingKnown(), untold }
  return telling
}

export function present(): number {
  return now
}

// What the vendor was asked ----------------------------------------------------------------------------

export interface Call {
  readonly interval: string
  readonly from: number
  readonly until: number
}

export function callsSoFar(): number {
  return sandbox.calls.count()
}

function isDaily(interval: string | undefined): boolean {
  return interval === '1d' || interval === 'day'
}

/** The calls for bars that were served since a count of calls, as days. */
export function servedCalls({ story }: Telling, since: number): Call[] {
  const all = sandbox.calls.list()
  return all
    .slice(all.length - (callsSoFar() - since))
    .filter(({ outcome }) => outcome === 'served')
    .map(({ params }) => {
      if (story.vendor === 'polygon') {
        const until = parseDay(params['to']!) + DAY_MS
        const interval = isDaily(params['timespan']) ? '1d' : story.interval
        return { interval, from: parseDay(params['from']!), until }
      }
      const [start, end] = [params['period1'], params['period2']].map((text) => Number(text) * 1000)
      // For daily bars this vendor is asked for a day more on either side.
      if (isDaily(params['interval'])) {
        return { interval: '1d', from: start! + DAY_MS, until: end! + 1000 - DAY_MS }
      }
      return {
        interval: story.interval,
        from: calendar.localDay(start!),
        until: calendar.localDay(end! - 1) + DAY_MS,
      }
    })
}

function answerOf({ series, world }: Telling, { from, until }: Call, isRepair: boolean): Answer {
  const hasRows = world.sessions.some(
    ({ day, open }) => day >= from && day < until && open < now && series.truthOf(day).rows > 0,
  )
  return { from, until, at: now, hasRows, isRepair, truthOf: series.truthOf }
}

export function learnCalls(
  telling: Telling,
  known: Knowledge,
  calls: readonly Call[],
  isRepair: boolean,
) {
  const { world, series, story } = telling
  for (const call of calls) {
    if (call.interval === story.interval) learn(world, known, answerOf(telling, call, isRepair))
    if (call.interval !== '1d') continue
    for (const session of world.sessions) {
      const { day, open } = session
      const volume = day >= call.from && day < call.until ? series.dailyVolume(day) : null
      if (open < now && volume !== null) learnVolume(world, known, session, volume, now)
    }
  }
}

// What happens -------------------------------------------------------------------------------------------

/**
 * Lets a step happen.
 * @returns where a process died: what is known if the answer of its last call was lost with it; else null
 */
export async function take(telling: Telling, step: Step): Promise<Knowledge | null> {
  const { known, series, story, untold } = telling
  if (step.what === 'fetch') return await fetchStep(telling, step)
  if (step.what === 'wait') {
    now = calendar.instantAt(calendar.localDay(now) + step.days * DAY_MS, story.hour * 60)
  } else if (step.what === 'announce') {
    const day = untold.shift()
    if (day === undefined || day >= now) return null
    known.closures.add(day)
    await pool.query(
      `INSERT INTO stockyard.closures (exchange, day, closed, reason) VALUES ('XNYS', $1, true, 'test')`,
      [formatDate(day)],
    )
  } else if (step.what === 'lose') {
    for (const day of step.lost.map((place) => series.sessions[place]!.day)) {
      if (known.stored.get(day)?.isFinal !== true) continue
      await deleteBars(series, day)
      lose(known, day)
    }
  } else if (step.what === 'fetch-daily') {
    const since = callsSoFar()
    await fetchBars(telling, '1d', telling.range.from, telling.range.until)
    learnCalls(telling, known, servedCalls(telling, since), false)
  }
  return null
}

async function fetchStep(
  telling: Telling,
  { from: start, length, served, death }: Extract<Step, { what: 'fetch' }>,
): Promise<Knowledge | null> {
  const { range, known } = telling
  const from = range.from + start * DAY_MS
  const until = Math.min(from + length * DAY_MS, range.until)
  const since = callsSoFar()
  if (served !== null) sandbox.faults.add({ fault: 'reset-midway', after: served })
  const isKilled = death !== null && (await die(telling, 'fetch', from, until, death))
  if (death === null) await fetchBars(telling, telling.series.interval, from, until)
  sandbox.faults.clear()
  const calls = servedCalls(telling, since)
  const whole = copyOf(known)
  learnCalls(telling, whole, calls, false)
  telling.known = whole
  if (!isKilled || calls.length === 0) return null
  // The answer of the last call was stored as a whole, or it was lost as a whole.
  const lost = copyOf(known)
  learnCalls(telling, lost, calls.slice(0, -1), false)
  return lost
}

async function fetchBars(
  { series, story, context }: Telling,
  interval: Story['interval'],
  from: number,
  until: number,
) {
  await fetchAll(context, {
    symbols: [series.symbol],
    intervals: [interval],
    providers: [getProvider(story.vendor)],
    from,
    until,
    force: false,
    defaultDays: 1,
  })
}

/** Work in a process that dies on the way; false where it was done before that. */
export async function die(
  { series, story, known }: Telling,
  job: FetchAndDie['job'],
  from: number,
  until: number,
  death: Death,
): Promise<boolean> {
  const { symbol, interval } = series
  const closures = [...known.closures]
  const what = { databaseUrl: url, baseUrl: sandbox.url, now, symbol, interval, closures, job }
  const given: FetchAndDie = { ...what, provider: story.vendor, from, until, ...death }
  const program = fileURLToPath(new URL('../support/fetch-and-die.ts', import.meta.url))
  const child = spawn(process.execPath, [program, JSON.stringify(given)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.ok(code === 0 || signal === 'SIGKILL', `ended with ${code ?? signal}`)
  // The server notices a moment later.
  for (;;) {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'fetch and die'`,
    )
    if (rowCount === 0) break
    await delay(2)
  }
  return signal !== null
}

/** Takes a session out of the store by hand. */
export async function deleteBars(
  { symbol, interval }: SimulatedSeries,
  day: number,
): Promise<void> {
  const series = `series_id = (SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y
    ON y.instrument_id = s.instrument_id WHERE y.symbol = '${symbol}' AND s.interval = '${interval}')`
  if (interval !== '1d') {
    await pool.query(`DELETE FROM stockyard.pages WHERE ${series} AND starts_on = $1`, [
      formatDate(day),
    ])
    return
  }
  const year = Date.UTC(new Date(day).getUTCFullYear(), 0, 1)
  const place = (day - year) / DAY_MS
  const cut = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades']
    .map((column) => `${column} = ${column}[:n - 1] || ${column}[n + 1:]`)
    .join(', ')
  const page = `${series} AND starts_on = '${formatDate(year)}'`
  await pool.query(
    `UPDATE stockyard.pages SET bars = bars - 1, ts = array_remove(ts, ${place}::smallint), ${cut}
     FROM (SELECT array_position(ts, ${place}::smallint) AS n FROM stockyard.pages WHERE ${page}) x
     WHERE ${page} AND n IS NOT NULL`,
  )
}
