/**
 * How many bars a page has inside regular trading, how many the calendar has for it, which they are, and what was
 * traded in them. Pure.
 */
import type { BarBatch } from './bar-batch.ts'
import type { Calendar } from './calendar/calendar.ts'
import { expectedBars } from './calendar/expected.ts'
import { DAY_MS, weekStart } from './date.ts'
import { isIntraday, type Interval } from './interval.ts'

const MINUTE_MS = 60_000

/**
 * A whole number of 32 bits that is another one as soon as a bar of a page is not there any more, or begins at
 * another time.
 */
export function digestStarts(startsOn: number, ts: Float64Array): number {
  let digest = ts.length
  for (let i = 0; i < ts.length; i += 1) {
    digest = (Math.imul(digest, 31) + (ts[i]! - startsOn) / MINUTE_MS) | 0
  }
  return digest
}

/** Of the bars of a page (their starts, ascending) those inside regular trading. */
export function countRegularBars(
  calendar: Calendar,
  interval: Interval,
  startsOn: number,
  ts: Float64Array,
): number {
  if (!isIntraday(interval)) return ts.length
  const session = calendar.session(startsOn)
  if (session === null) return 0
  let count = countBetween(ts, session.open, session.close)
  for (const [start, end] of session.breaks) count -= countBetween(ts, start, end)
  return count
}

function countBetween(ts: Float64Array, from: number, until: number): number {
  let count = 0
  for (let i = 0; i < ts.length; i += 1) {
    if (ts[i]! >= from && ts[i]! < until) count += 1
  }
  return count
}

/**
 * What the bars of a session say was traded from its open to the auction at its close, which prints in the bar
 * that begins with the close; null for pages of days and longer. NaN where that is not known: a bar has no
 * volume, or all have 0, as those of an index or a currency can.
 */
export function sumRegularVolume(
  calendar: Calendar,
  interval: Interval,
  startsOn: number,
  { ts, volume }: BarBatch,
): number | null {
  if (!isIntraday(interval)) return null
  const session = calendar.session(startsOn)
  if (session === null) return Number.NaN
  let sum = 0
  for (let i = 0; i < ts.length; i += 1) {
    if (ts[i]! >= session.open && ts[i]! <= session.close) sum += volume[i]!
  }
  return sum > 0 ? sum : Number.NaN
}

/** Regular bars that the calendar has for the whole period of a page. */
export function countExpectedBars(
  calendar: Calendar,
  interval: Interval,
  startsOn: number,
): number {
  if (isIntraday(interval)) {
    const session = calendar.session(startsOn)
    return session === null ? 0 : expectedBars(session, interval)
  }
  const year = new Date(startsOn).getUTCFullYear()
  if (interval === '1d') return calendar.countSessions(startsOn, Date.UTC(year + 1, 0, 1))
  if (interval === '1mo') return 120
  // Weeks whose Monday lies in the decade.
  const firstMonday = weekStart(startsOn + 6 * DAY_MS)
  return Math.ceil((Date.UTC(year + 10, 0, 1) - firstMonday) / (7 * DAY_MS))
}
