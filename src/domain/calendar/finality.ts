/**
 * When a bar can no longer change by itself: once its session is over and the vendor has had the time
 * that it takes to settle. Before that a bar is provisional.
 */
import { DAY_MS, monthStart, weekStart } from '../date.ts'
import { isIntraday, type Interval } from '../interval.ts'
import type { Calendar, Session } from './calendar.ts'

/** Weeks and months without any session are passed over; there have not been this many on end. */
const PERIODS_MAX = 12

/**
 * The instant from which the bar of a `ts` is final; NaN where the calendar has no session for it.
 * Intraday bars are final together with their session, and not before its extended hours are over.
 * A week or a month is final with its last session.
 * @param settleMs milliseconds after a session's regular close until the vendor's bars are final
 */
export function finalAt(
  calendar: Calendar,
  interval: Interval,
  ts: number,
  settleMs: number,
): number {
  if (isIntraday(interval)) {
    const session = calendar.sessionAt(ts)
    return session === null ? Number.NaN : sessionFinalAt(session, settleMs)
  }
  const last = interval === '1d' ? calendar.session(ts) : lastSessionOf(calendar, interval, ts)
  return last === null ? Number.NaN : last.close + settleMs
}

/**
 * The newest day whose bars are final at `now`: a session for intraday and daily intervals, else the
 * day on which the period starts. Everything before it is final too.
 * @throws StockyardError `SESSION_NOT_FOUND` where the calendar has no session before `now`
 */
export function lastFinalDay(
  calendar: Calendar,
  interval: Interval,
  now: number,
  settleMs: number,
): number {
  const settled = calendar.lastClosed(now - settleMs)
  if (interval === '1d') return settled.day
  if (isIntraday(interval)) {
    if (sessionFinalAt(settled, settleMs) <= now) return settled.day
    return calendar.lastClosed(settled.open).day
  }
  let start = periodStart(interval, settled.day)
  for (let i = 0; i < PERIODS_MAX; i += 1) {
    if (finalAt(calendar, interval, start, settleMs) <= now) return start
    start = periodStart(interval, start - DAY_MS)
  }
  return start
}

function sessionFinalAt(session: Session, settleMs: number): number {
  return Math.max(session.close + settleMs, session.extendedClose)
}

function periodStart(interval: Interval, day: number): number {
  return interval === '1wk' ? weekStart(day) : monthStart(day)
}

/** The last session of the week or month that begins on, or holds, a day. */
function lastSessionOf(calendar: Calendar, interval: Interval, day: number): Session | null {
  const start = periodStart(interval, day)
  const end = interval === '1wk' ? start + 7 * DAY_MS : monthStart(start + 31 * DAY_MS)
  for (let each = end - DAY_MS; each >= start; each -= DAY_MS) {
    const session = calendar.session(each)
    if (session !== null) return session
  }
  return null
}
