/** Symbols that have gone dark: the vendor has had nothing of them for sessions on end. */
import type { Queryable } from '../db/connect.ts'
import { listSilentSeries } from '../db/dark-series.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { isIntraday } from '../domain/interval.ts'
import { readCalendar } from './calendars.ts'
import { formatInstant } from './rows.ts'

/** A series of which nothing has come for a while. */
export interface DarkSeries {
  readonly symbol: string
  readonly interval: string
  readonly provider: string
  /** Session of the last bar, and the first session without any. */
  readonly last: string
  readonly since: string
  /** Expected sessions without a bar up to the newest try, and how often was asked in vain. */
  readonly sessions: number
  readonly tries: number
  readonly last_try_at: string
  /** What to do, as commands. */
  readonly hints: readonly string[]
}

/** Fewer sessions than this may be a halt, or a closure that nobody announced. */
const SESSIONS_MIN = 3

/** Series that look renamed or delisted: asked for in vain over sessions that were to have bars. */
export async function readDarkSeries(db: Queryable): Promise<DarkSeries[]> {
  const found: DarkSeries[] = []
  const calendars = new Map<string, Calendar>()
  for (const series of await listSilentSeries(db)) {
    const { symbol, interval, provider, lastBar, lastTryAt, tries } = series
    const { exchange } = series
    const calendar = calendars.get(exchange) ?? (await readCalendar(db, exchange))
    calendars.set(exchange, calendar)
    const day = isIntraday(interval) ? calendar.localDay(lastBar) : lastBar
    const until = calendar.lastClosed(lastTryAt).day + DAY_MS
    const missing = calendar.sessions(day + DAY_MS, Math.max(until, day + DAY_MS))
    const [first] = missing
    if (first === undefined || missing.length < sessionsOf(interval)) continue
    const since = formatDate(first.day)
    found.push({
      symbol,
      interval,
      provider,
      last: formatDate(day),
      since,
      sessions: missing.length,
      tries,
      last_try_at: formatInstant(lastTryAt),
      hints: [
        `stockyard symbols rename ${symbol} NEW --on ${since}`,
        `stockyard symbols delist ${symbol} --on ${since}`,
      ],
    })
  }
  return found
}

/** A week's and a month's bar is as old as its first day while it is the newest. */
function sessionsOf(interval: string): number {
  if (interval === '1wk') return 5 + SESSIONS_MIN
  return interval === '1mo' ? 23 + SESSIONS_MIN : SESSIONS_MIN
}

/** One line for a person. */
export function darkText({
  symbol,
  interval,
  provider,
  sessions,
  last,
  tries,
  hints,
}: DarkSeries): string {
  return (
    `${symbol} ${interval}: ${provider} has had nothing for ${sessions} sessions since ${last}, ` +
    `asked ${tries} ${tries === 1 ? 'time' : 'times'}: renamed or delisted? ${hints.join('  or  ')}`
  )
}
