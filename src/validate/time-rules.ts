/**
 * Checks of a row's time: can a bar of this interval begin then, and was it asked for? They rely on
 * rows that ascend by ts.
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { DAY_MS, monthStart, weekStart } from '../domain/date.ts'
import { intervalMs, isIntraday, type Interval } from '../domain/interval.ts'
import { describeInstant, describeTs } from './describe.ts'
import type { CheckContext, Rule } from './reject.ts'

/**
 * No vendor has intraday bars of before 1980. Seconds of today taken for milliseconds lie in 1970,
 * and some of them fall on a minute of a session.
 */
const INTRADAY_FIRST = Date.UTC(1980, 0, 1)

/** The Buttonwood Agreement, with which New York's exchange began; no vendor has prices that are older. */
const DAILY_FIRST = Date.UTC(1792, 4, 17)

/** The bar has begun. */
export const future: Rule = {
  name: 'future',
  scan({ length, ts }, context, failed, mark) {
    const latest = latestStart(context)
    if (ts[length - 1]! <= latest) return
    for (let i = 0; i < length; i += 1) {
      if (ts[i]! > latest && failed[i] === 0) failed[i] = mark
    }
  },
  explain: (batch, index, { interval, now }) =>
    `The bar begins ${describeTs(batch.ts[index]!, interval)}, after the answer came at ${describeInstant(now)}.`,
}

/** The latest start that a bar can have; a date has begun with its midnight on the exchange. */
function latestStart({ interval, calendar, now }: CheckContext): number {
  return isIntraday(interval) ? now : calendar.localDay(now)
}

/** The bar lies in what was asked for; a week or a month does when a part of it does. */
export const range: Rule = {
  name: 'range',
  scan({ length, ts }, context, failed, mark) {
    const [from, until] = rangeOfStarts(context)
    if (ts[0]! >= from && ts[length - 1]! < until) return
    for (let i = 0; i < length; i += 1) {
      if ((ts[i]! < from || ts[i]! >= until) && failed[i] === 0) failed[i] = mark
    }
  },
  explain(batch, index, { interval, from, until }) {
    const asked = [
      from === null ? '' : ` from ${describeTs(from, '1d')}`,
      until === null ? '' : ` until before ${describeTs(until, '1d')}`,
    ].join('')
    return `The bar of ${describeTs(batch.ts[index]!, interval)} is outside what was asked for,${asked}.`
  },
}

/** Starts that lie in what was asked for: from <= ts < until. */
function rangeOfStarts({ interval, calendar, from, until }: CheckContext): [number, number] {
  const first = from ?? -Infinity
  const end = until ?? Infinity
  if (isIntraday(interval)) {
    return [
      from === null ? first : calendar.instantAt(from, 0),
      until === null ? end : calendar.instantAt(until, 0),
    ]
  }
  if (from === null || interval === '1d') return [first, end]
  return [interval === '1wk' ? weekStart(from) : monthStart(from), end]
}

/**
 * The bar begins where bars of its interval do. Intraday: a whole number of intervals after midnight,
 * the opening, or the end of a break on the exchange (vendors anchor 1h bars at 09:00 or at 09:30).
 * Daily: a date; weekly: a Monday; monthly: the first. A time in seconds taken for milliseconds fails.
 */
export const grid: Rule = {
  name: 'grid',
  scan(batch, { interval, calendar }, failed, mark) {
    if (isIntraday(interval)) {
      scanIntradayGrid(batch, calendar, intervalMs(interval), failed, mark)
      return
    }
    const { length, ts } = batch
    for (let i = 0; i < length; i += 1) {
      if (failed[i] === 0 && !isPeriodStart(ts[i]!, interval)) failed[i] = mark
    }
  },
  explain(batch, index, { interval }) {
    const text = describeTs(batch.ts[index]!, interval)
    if (isIntraday(interval)) return `No ${interval} bar begins at ${text}.`
    if (interval === '1wk') return `A weekly bar is keyed by a Monday, not by ${text}.`
    if (interval === '1mo')
      return `A monthly bar is keyed by the first of the month, not by ${text}.`
    return `A daily bar is keyed by a date, not by ${text}.`
  },
}

function isPeriodStart(ts: number, interval: Interval): boolean {
  if (ts % DAY_MS !== 0) return false
  if (interval === '1wk') return weekStart(ts) === ts
  return interval === '1mo' ? monthStart(ts) === ts : true
}

function scanIntradayGrid(
  { length, ts }: BarBatch,
  calendar: Calendar,
  barMs: number,
  failed: Uint8Array,
  mark: number,
): void {
  // Rows ascend, so the local day is looked up about once a day.
  let midnight = Number.NaN
  let nextMidnight = Number.NaN
  let session: Session | null = null
  for (let i = 0; i < length; i += 1) {
    const at = ts[i]!
    if (!(at >= midnight && at < nextMidnight)) {
      const day = calendar.localDay(at)
      midnight = calendar.instantAt(day, 0)
      nextMidnight = calendar.instantAt(day + DAY_MS, 0)
      session = calendar.session(day)
    }
    // A quotient is compared in place of a remainder, which is many times slower on doubles.
    const bars = (at - midnight) / barMs
    if (bars === Math.floor(bars) || failed[i] !== 0) continue
    if (!isAnchoredInSession(at, session, barMs)) failed[i] = mark
  }
}

function isAnchoredInSession(at: number, session: Session | null, barMs: number): boolean {
  if (session === null) return false
  if ((at - session.open) % barMs === 0) return true
  return session.breaks.some(([, resume]) => (at - resume) % barMs === 0)
}

/**
 * The exchange trades then. Intraday: inside the extended hours of a session, and inside its regular
 * hours where nothing was traded, since a bar without a trade outside them is an artefact of the
 * vendor. Daily: on a session; weekly and monthly: a period with one. Days before the first that the
 * calendar knows are let through, as far back as there were exchanges.
 */
export const session: Rule = {
  name: 'session',
  scan(batch, context, failed, mark) {
    if (isIntraday(context.interval)) {
      scanIntradaySessions(batch, context, failed, mark)
      return
    }
    const { length, ts } = batch
    for (let i = 0; i < length; i += 1) {
      if (failed[i] === 0 && !hasSession(ts[i]!, context)) failed[i] = mark
    }
  },
  explain: explainSession,
}

function hasSession(ts: number, { interval, calendar }: CheckContext): boolean {
  if (ts < calendar.firstDay) return ts >= DAILY_FIRST
  if (interval === '1d') return calendar.session(ts) !== null
  return calendar.countSessions(ts, periodEnd(ts, interval)) > 0
}

function periodEnd(start: number, interval: Interval): number {
  return interval === '1wk' ? start + 7 * DAY_MS : monthStart(start + 31 * DAY_MS)
}

function scanIntradaySessions(
  { length, ts, volume }: BarBatch,
  { calendar, interval }: CheckContext,
  failed: Uint8Array,
  mark: number,
): void {
  const barMs = intervalMs(interval)
  let extendedOpen = Number.NaN
  let extendedClose = Number.NaN
  let open = Number.NaN
  let close = Number.NaN
  for (let i = 0; i < length; i += 1) {
    const at = ts[i]!
    if (!(at >= extendedOpen && at < extendedClose)) {
      const found = at < INTRADAY_FIRST ? null : calendar.sessionAt(at)
      if (found === null) {
        if (failed[i] === 0) failed[i] = mark
        continue
      }
      ;({ extendedOpen, extendedClose, open, close } = found)
    }
    const isRegular = at + barMs > open && at < close
    if (!isRegular && volume[i] === 0 && failed[i] === 0) failed[i] = mark
  }
}

function explainSession(batch: BarBatch, index: number, context: CheckContext): string {
  const { interval, calendar } = context
  const ts = batch.ts[index]!
  const text = describeTs(ts, interval)
  const { exchange } = calendar
  if (ts < DAILY_FIRST) return `No bar is as old as ${text}.`
  if (interval === '1wk') return `${exchange} had no session in the week of ${text}.`
  if (interval === '1mo') return `${exchange} had no session in the month of ${text}.`
  if (interval === '1d') return `${exchange} had no session on ${text}.`
  if (ts < INTRADAY_FIRST) return `No intraday bar is as old as ${text}.`
  const day = calendar.localDay(ts)
  const found = calendar.session(day)
  if (found === null)
    return `${exchange} had no session on ${describeTs(day, '1d')}, the date of ${text}.`
  if (calendar.sessionAt(ts) === null) {
    return (
      `${text} is outside the trading hours of ${describeTs(day, '1d')}, ` +
      `${describeInstant(found.extendedOpen)} to ${describeInstant(found.extendedClose)}.`
    )
  }
  return (
    `Nothing was traded in the bar of ${text}, which is outside regular hours, ` +
    `${describeInstant(found.open)} to ${describeInstant(found.close)}.`
  )
}
