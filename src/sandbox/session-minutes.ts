/**
 * The minute bars of one session, made so that they agree with its daily bar: regular hours open at
 * its open, close at its close, touch its high and low, and add up to its volume.
 */
import { makeBatch, sliceBatch, type BarBatch } from '../domain/bar-batch.ts'
import type { Session } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'
import { hashOf, normalOf, uniformOf } from './counter-random.ts'
import type { DayBar, Ticker } from './daily-path.ts'

const MINUTE_MS = 60_000
/** Streams of random numbers; a session's number of days is mixed into the stream. */
const STREAM = {
  thin: 1,
  walk: 2,
  jitter: 3,
  up: 4,
  down: 5,
  volume: 6,
  trade: 7,
  drift: 8,
} as const

export interface SessionMinutes {
  /** Bars of all hours by ascending ts. */
  readonly bars: BarBatch
  /** Indexes [from, until) of regular hours. */
  readonly regularFrom: number
  readonly regularUntil: number
}

/** All minute bars of a session, as they stand once it is over. */
export function makeSessionMinutes(ticker: Ticker, session: Session, day: DayBar): SessionMinutes {
  const draw = makeDraw(ticker.key, session.day)
  const before = startsOf(session, session.extendedOpen, session.open).filter((ts) => {
    const part = (ts - session.extendedOpen) / (session.open - session.extendedOpen)
    return isTraded(draw, ts, 0.06 + 0.3 * part ** 2, ticker.listing.thin)
  })
  const regular = regularStarts(ticker, session, draw)
  const after = startsOf(session, session.close, session.extendedClose).filter((ts) => {
    const part = (ts - session.close) / (session.extendedClose - session.close)
    return isTraded(draw, ts, 0.06 + 0.3 * (1 - part) ** 2, ticker.listing.thin)
  })
  const bars = makeBatch(before.length + regular.length + after.length)
  bars.ts.set([...before, ...regular, ...after])
  const regularUntil = before.length + regular.length
  fillQuiet(ticker, bars, 0, before.length, day.carried, day.open, draw)
  fillRegular(sliceBatch(bars, before.length, regularUntil), session, day, draw)
  fillQuiet(ticker, bars, regularUntil, bars.length, day.close, day.close, draw)
  return { bars, regularFrom: before.length, regularUntil }
}

/** Random numbers of one session: by stream and instant. */
interface Draw {
  normal(stream: number, ts: number): number
  uniform(stream: number, ts: number): number
  bits(stream: number, ts: number): number
}

function makeDraw(key: number, day: number): Draw {
  const sessionKey = hashOf(key, 999, day / DAY_MS)
  return {
    normal: (stream, ts) => normalOf(sessionKey, stream, (ts - day) / MINUTE_MS),
    uniform: (stream, ts) => uniformOf(sessionKey, stream, (ts - day) / MINUTE_MS),
    bits: (stream, ts) => hashOf(sessionKey, stream, (ts - day) / MINUTE_MS),
  }
}

/** Starts of minutes in [from, until), without the session's breaks. */
function startsOf(session: Session, from: number, until: number): number[] {
  const starts: number[] = []
  for (let ts = from; ts < until; ts += MINUTE_MS) {
    if (!session.breaks.some(([start, end]) => ts >= start && ts < end)) starts.push(ts)
  }
  return starts
}

function isTraded(draw: Draw, ts: number, chance: number, thin: boolean): boolean {
  return draw.uniform(STREAM.trade, ts) < (thin ? chance / 4 : chance)
}

/** Every regular minute; a thin symbol misses a quarter of them, but never the first or last. */
function regularStarts(ticker: Ticker, session: Session, draw: Draw): number[] {
  const starts = startsOf(session, session.open, session.close)
  if (!ticker.listing.thin) return starts
  return starts.filter(
    (ts, i) => i === 0 || i === starts.length - 1 || draw.uniform(STREAM.thin, ts) >= 0.25,
  )
}

/** Pre- and post-market minutes: a few small trades on the way from one price to another. */
function fillQuiet(
  ticker: Ticker,
  bars: BarBatch,
  from: number,
  until: number,
  start: number,
  end: number,
  draw: Draw,
): void {
  const { volatility, dailyVolume } = ticker.listing
  for (let i = from; i < until; i += 1) {
    const ts = bars.ts[i]
    const line = start + ((end - start) * (i - from + 1)) / (until - from + 1)
    const open = toCents(line * (1 + 0.1 * volatility * draw.normal(STREAM.walk, ts)))
    const close = toCents(open * (1 + 0.04 * volatility * draw.normal(STREAM.drift, ts)))
    bars.open[i] = open
    bars.close[i] = close
    bars.high[i] = Math.max(open, close)
    bars.low[i] = Math.min(open, close)
    bars.volume[i] = 1 + Math.floor(dailyVolume * 0.0002 * draw.uniform(STREAM.volume, ts) ** 3)
  }
}

function fillRegular(bars: BarBatch, session: Session, day: DayBar, draw: Draw): void {
  const points = makePoints(bars, day, draw)
  const range = day.high - day.low
  let highest = 0
  let lowest = 0
  for (let i = 0; i < bars.length; i += 1) {
    const ts = bars.ts[i]
    const bits = draw.bits(STREAM.jitter, ts)
    const places = bits % 16 === 0 ? 10_000 : 100
    const jitter = ((bits >>> 8) % 3) - 1
    const open = i === 0 ? day.open : within(day, points[i] + jitter / 100, 100)
    const close = i === bars.length - 1 ? day.close : within(day, points[i + 1], places)
    const up = 0.02 * range * Math.abs(draw.normal(STREAM.up, ts))
    const down = 0.02 * range * Math.abs(draw.normal(STREAM.down, ts))
    bars.open[i] = open
    bars.close[i] = close
    bars.high[i] = Math.max(open, close, within(day, Math.max(open, close) + up, 100))
    bars.low[i] = Math.min(open, close, within(day, Math.min(open, close) - down, 100))
    if (bars.high[i] > bars.high[highest]) highest = i
    if (bars.low[i] < bars.low[lowest]) lowest = i
  }
  bars.high[highest] = day.high
  bars.low[lowest] = day.low
  fillVolumes(bars, session, day.volume, draw)
}

/** Prices at the minutes' edges: a bridge from open to close, bent to fit between low and high. */
function makePoints(bars: BarBatch, day: DayBar, draw: Draw): Float64Array {
  const count = bars.length
  const walk = new Float64Array(count + 1)
  for (let i = 0; i < count; i += 1) walk[i + 1] = walk[i] + draw.normal(STREAM.walk, bars.ts[i])
  const end = walk[count]
  const scale = (0.9 * (day.high - day.low)) / Math.sqrt(count)
  let most = -Infinity
  let least = Infinity
  for (let i = 0; i <= count; i += 1) {
    const part = i / count
    walk[i] = day.open + (day.close - day.open) * part + scale * (walk[i] - end * part)
    most = Math.max(most, walk[i])
    least = Math.min(least, walk[i])
  }
  const top = Math.max(day.open, day.close)
  const bottom = Math.min(day.open, day.close)
  const upper = most > top ? (day.high - top) / (most - top) : 1
  const lower = least < bottom ? (bottom - day.low) / (bottom - least) : 1
  for (let i = 0; i <= count; i += 1) {
    if (walk[i] > top) walk[i] = top + (walk[i] - top) * upper
    else if (walk[i] < bottom) walk[i] = bottom - (bottom - walk[i]) * lower
  }
  return walk
}

/** Whole shares that add up to the day's, many at both ends of the session and few at noon. */
function fillVolumes(bars: BarBatch, session: Session, total: number, draw: Draw): void {
  const sums = new Float64Array(bars.length)
  let sum = 0
  for (let i = 0; i < bars.length; i += 1) {
    const ts = bars.ts[i]
    const part = (ts - session.open) / (session.close - session.open)
    const noise = Math.exp(0.5 * draw.normal(STREAM.volume, ts))
    sum += (0.5 + 2.2 * (2 * part - 1) ** 2) * noise
    sums[i] = sum
  }
  let given = 0
  for (let i = 0; i < bars.length; i += 1) {
    const until = Math.round((total * sums[i]) / sum)
    bars.volume[i] = until - given
    given = until
  }
}

function within(day: DayBar, price: number, places: number): number {
  return Math.min(day.high, Math.max(day.low, Math.round(price * places) / places))
}

function toCents(price: number): number {
  return Math.max(0.01, Math.round(price * 100) / 100)
}

/**
 * The bars of a session that exist at an instant: those that started before it, the last of them cut
 * short. Its price runs from open over one extreme and the other to close as its minute passes.
 */
export function minutesUntil(minutes: SessionMinutes, now: number): SessionMinutes {
  const { bars } = minutes
  let count = bars.length
  while (count > 0 && bars.ts[count - 1] >= now) count -= 1
  if (count === 0 || (count === bars.length && bars.ts[count - 1] + MINUTE_MS <= now)) {
    return count === 0 ? { bars: makeBatch(0), regularFrom: 0, regularUntil: 0 } : minutes
  }
  const cut = copyBars(sliceBatch(bars, 0, count))
  if (cut.ts[count - 1] + MINUTE_MS > now) cutShort(cut, count - 1, now)
  return {
    bars: cut,
    regularFrom: Math.min(minutes.regularFrom, count),
    regularUntil: Math.min(minutes.regularUntil, count),
  }
}

function copyBars(batch: BarBatch): BarBatch {
  const copy = makeBatch(batch.length)
  copy.ts.set(batch.ts)
  copy.open.set(batch.open)
  copy.high.set(batch.high)
  copy.low.set(batch.low)
  copy.close.set(batch.close)
  copy.volume.set(batch.volume)
  return copy
}

function cutShort(bars: BarBatch, i: number, now: number): void {
  const part = (now - bars.ts[i]) / MINUTE_MS
  const open = bars.open[i]
  // A rising minute dips first, a falling one rises first.
  const rising = bars.close[i] >= open
  const first = rising ? bars.low[i] : bars.high[i]
  const second = rising ? bars.high[i] : bars.low[i]
  const stops = [open, first, second, bars.close[i]]
  const leg = Math.min(2, Math.floor(part * 3))
  const raw = stops[leg] + (stops[leg + 1] - stops[leg]) * (part * 3 - leg)
  const price = Math.min(bars.high[i], Math.max(bars.low[i], Math.round(raw * 100) / 100))
  const seen = [...stops.slice(0, leg + 1), price]
  bars.close[i] = price
  bars.high[i] = Math.max(...seen)
  bars.low[i] = Math.min(...seen)
  bars.volume[i] = Math.max(1, Math.floor(bars.volume[i] * part))
}
