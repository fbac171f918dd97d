/** When series that are kept current can have something new. Pure: the calendar and the time decide. */
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'

const MINUTE_MS = 60_000
/** A session of some days ago can still settle, and one of tomorrow's date can be on in the east. */
const DAYS_BACK = 4

/**
 * The next instant after `now` at which there can be something new: every `everyMinutes` from the open to
 * the close of a session, once the session has settled, and once its extended hours are over too.
 * @param settleMs milliseconds after a session's close until a vendor's bars are final
 * @param stride takes only every so manieth of the instants within a session; Infinity takes none
 */
export function nextWake(
  calendar: Calendar,
  now: number,
  everyMinutes: number,
  settleMs: number,
  stride = 1,
): number {
  const today = calendar.localDay(now)
  const sessions = calendar.sessions(today - DAYS_BACK * DAY_MS, today + DAY_MS)
  const wakes = [...sessions, calendar.nextSession(now)].flatMap((session) => [
    nextTick(session, now, everyMinutes * MINUTE_MS, stride),
    session.close + settleMs,
    Math.max(session.close + settleMs, session.extendedClose),
  ])
  return Math.min(...wakes.filter((at) => at > now))
}

/** The next instant on the grid of a session, or Infinity. Nothing is new in a break. */
function nextTick(session: Session, now: number, everyMs: number, stride: number): number {
  const passed = Math.floor((now - session.open) / everyMs)
  let at = session.open + (passed < 0 ? 1 : passed + stride) * everyMs
  while (at <= session.close && session.breaks.some(([start, end]) => at > start && at <= end)) {
    at += everyMs
  }
  return at <= session.close ? at : Infinity
}

/** What a vendor's plan still allows today, against what rounds cost. */
interface Pace {
  /** Calls left today; null where the plan has no calls a day. */
  readonly callsLeft: number | null
  /** Calls that a round takes, one a series. */
  readonly callsPerRound: number
  readonly everyMinutes: number
  /** Until the last close of today. */
  readonly minutesLeft: number
}

/** Rounds that are kept back for after the close: when it has settled, and after extended hours. */
const ROUNDS_AFTER_CLOSE = 2

/**
 * The stride at which the rounds of a day fit the calls of the day, with enough kept back for what is
 * final after the close; Infinity where nothing is left for rounds before it.
 */
export function strideWithin(pace: Pace): number {
  const { callsLeft, callsPerRound, everyMinutes, minutesLeft } = pace
  if (callsLeft === null || callsPerRound === 0) return 1
  const rounds = Math.floor(callsLeft / callsPerRound) - ROUNDS_AFTER_CLOSE
  if (rounds <= 0) return Infinity
  return Math.max(1, Math.ceil(minutesLeft / everyMinutes / rounds))
}
