/** The bars of one listing as they stand at the exchange's instant, at every interval. */
import { joinBatches, makeBatch, sliceBatch, type BarBatch } from '../domain/bar-batch.ts'
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { DAY_MS, monthStart, weekStart } from '../domain/date.ts'
import { intervalMs, isIntraday, type Interval } from '../domain/interval.ts'
import { makeBuckets, type Buckets } from './bar-buckets.ts'
import { makeBoundedCache, type BoundedCache } from './bounded-cache.ts'
import { makeDayBar, type DayBar, type Ticker } from './daily-path.ts'
import { makeRevisionBook, type RevisionBook } from './revisions.ts'
import { makeSessionMinutes, minutesUntil, type SessionMinutes } from './session-minutes.ts'

export interface BarQuery {
  readonly symbol: string
  readonly interval: Interval
  /** Days [from, until): of sessions, or of the starts of weeks and months. */
  readonly from: number
  readonly until: number
  /** Regular hours only, or pre- and post-market too. Means nothing for daily and longer bars. */
  readonly hours: 'regular' | 'all'
  /** Milliseconds by which the asker's view is late; 0 without it. */
  readonly delayMs?: number
}

/** What all listings share: the calendar, the clock, and what was edited or is kept at hand. */
export interface Floor {
  readonly calendar: Calendar
  readonly now: () => number
  readonly revisions: RevisionBook
  /** Whole sessions by symbol and day. */
  readonly kept: BoundedCache<string, SessionMinutes>
}

/** Sessions of minutes kept; a year of one symbol is 252. */
const SESSIONS_KEPT = 300

/** A floor without edits. */
export function makeFloor(calendar: Calendar, now: () => number): Floor {
  return { calendar, now, revisions: makeRevisionBook(), kept: makeBoundedCache(SESSIONS_KEPT) }
}

/** The floor after its calendar or its tickers have changed. */
export function renewFloor(floor: Floor, calendar: Calendar): Floor {
  return { ...floor, calendar, kept: makeBoundedCache(SESSIONS_KEPT) }
}

/** Bars as traded, by ascending ts, the unfinished one included. */
export function barsOf(present: Floor, ticker: Ticker, query: BarQuery): BarBatch {
  const { delayMs = 0 } = query
  const floor = delayMs === 0 ? present : { ...present, now: () => present.now() - delayMs }
  if (isIntraday(query.interval)) return intradayOf(floor, ticker, query)
  if (query.interval === '1d') return dailyOf(floor, ticker, query.from, query.until)
  const { bars } = periodsOf(floor, ticker, query.interval === '1wk' ? '1wk' : '1mo')
  let from = 0
  while (from < bars.length && bars.ts[from] < query.from) from += 1
  let until = from
  while (until < bars.length && bars.ts[until] < query.until) until += 1
  return sliceBatch(bars, from, until)
}

/** Weekly or monthly bars of all history, with the last trading day in each. */
export function periodsOf(floor: Floor, ticker: Ticker, interval: '1wk' | '1mo'): Buckets {
  const days = dailyOf(floor, ticker, ticker.listing.firstDay, Infinity)
  const made = makeBuckets(days, interval === '1wk' ? weekStart : monthStart)
  const bars = floor.revisions.apply(ticker.origin, interval, made.bars, (ts) =>
    made.bars.ts.includes(ts),
  )
  if (bars === made.bars) return made
  // A period that was taken back takes its last day with it.
  const last = made.last.filter((_, index) => bars.ts.includes(made.bars.ts[index]))
  return { bars, last }
}

function minutesOf(
  floor: Floor,
  ticker: Ticker,
  session: Session,
  previousDay: number,
): SessionMinutes {
  const make = (): SessionMinutes =>
    makeSessionMinutes(ticker, session, dayBar(ticker, session, previousDay))
  return minutesUntil(floor.kept.get(`${ticker.origin} ${session.day}`, make), floor.now())
}

/** Sessions [from, until) that have begun to trade, pre-market included. */
function begunSessions(
  { calendar, now }: Floor,
  ticker: Ticker,
  from: number,
  until: number,
): Session[] {
  const first = Math.max(from, ticker.listing.firstDay, calendar.firstDay)
  const end = Math.min(until, calendar.localDay(now()) + DAY_MS)
  if (first >= end) return []
  return calendar.sessions(first, end).filter((session) => session.extendedOpen < now())
}

function dailyOf(floor: Floor, ticker: Ticker, from: number, until: number): BarBatch {
  const { calendar, now, revisions } = floor
  const sessions = begunSessions(floor, ticker, from, until).filter(({ open }) => open < now())
  const batch = makeBatch(sessions.length)
  let previous = sessions.length === 0 ? 0 : previousSessionDay(calendar, sessions[0].day)
  for (const [i, session] of sessions.entries()) {
    const bar =
      session.close <= now()
        ? dayBar(ticker, session, previous)
        : dayBarSoFar(minutesOf(floor, ticker, session, previous))
    batch.ts[i] = session.day
    batch.open[i] = bar.open
    batch.high[i] = bar.high
    batch.low[i] = bar.low
    batch.close[i] = bar.close
    batch.volume[i] = bar.volume
    previous = session.day
  }
  const end = Math.min(until, calendar.localDay(now()) + DAY_MS)
  return revisions.apply(ticker.origin, '1d', batch, (ts) => ts >= from && ts < end)
}

function intradayOf(floor: Floor, ticker: Ticker, query: BarQuery): BarBatch {
  const { calendar, now, revisions } = floor
  const isAll = query.hours === 'all'
  const sessions = begunSessions(floor, ticker, query.from, query.until)
  let previous = sessions.length === 0 ? 0 : previousSessionDay(calendar, sessions[0].day)
  const parts: BarBatch[] = []
  for (const session of sessions) {
    const { bars, regularFrom, regularUntil } = minutesOf(floor, ticker, session, previous)
    const start = isAll ? session.extendedOpen : session.open
    const end = Math.min(isAll ? session.extendedClose : session.close, now())
    const inRange = (ts: number): boolean => ts >= start && ts < end
    const wanted = isAll ? bars : sliceBatch(bars, regularFrom, regularUntil)
    const minutes = revisions.apply(ticker.origin, '1m', wanted, inRange)
    if (query.interval === '1m') parts.push(minutes)
    else {
      const made = makeBuckets(minutes, bucketStart(calendar, session, query)).bars
      parts.push(revisions.apply(ticker.origin, query.interval, made, inRange))
    }
    previous = session.day
  }
  return joinBatches(parts)
}

function dayBar(ticker: Ticker, session: Session, previousDay: number): DayBar {
  return makeDayBar(ticker, session.day, previousDay, session.early)
}

/** The day's bar while its session is on: what regular hours have brought so far. */
function dayBarSoFar(minutes: SessionMinutes): Omit<DayBar, 'carried'> {
  const regular = sliceBatch(minutes.bars, minutes.regularFrom, minutes.regularUntil)
  const { bars } = makeBuckets(regular, () => 0)
  return {
    open: bars.open[0],
    high: bars.high[0],
    low: bars.low[0],
    close: bars.close[0],
    volume: bars.volume[0],
  }
}

function previousSessionDay(calendar: Calendar, day: number): number {
  // The longest closure on record, in September 2001, was six days.
  for (let back = 1; back <= 10; back += 1) {
    if (calendar.session(day - back * DAY_MS) !== null) return day - back * DAY_MS
  }
  return day - DAY_MS
}

/**
 * Buckets count from midnight on the exchange; regular hours alone count from the open, so that their
 * first hour is 09:30 to 10:30.
 */
function bucketStart(
  calendar: Calendar,
  session: Session,
  query: BarQuery,
): (ts: number) => number {
  const step = intervalMs(query.interval)
  // From noon, since a clock change may move the distance to midnight.
  const origin = query.hours === 'all' ? calendar.instantAt(session.day, 720) : session.open
  return (ts) => origin + Math.floor((ts - origin) / step) * step
}
