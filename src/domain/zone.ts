/**
 * Wall-clock time of a zone, both ways, fast enough for a call a bar. A zone's offset is kept for the
 * whole span over which it does not change, so that the platform's slow formatter is asked a few dozen
 * times a span and not once a bar.
 */
import { DAY_MS } from './date.ts'
import { StockyardError } from './error.ts'

export interface Zone {
  /** IANA name, e.g. `America/New_York`. */
  readonly name: string
  /** Milliseconds that the zone's wall clock is ahead of UTC at an instant; NaN for no instant. */
  offsetMs(instant: number): number
  /** The date there at an instant, as a day. */
  localDay(instant: number): number
  /**
   * The instant of a wall-clock time, `minutes` after the midnight of a date. A time that comes twice
   * (clocks go back) is the first of the two; one that does not exist (clocks go forward) is read as
   * if they had not: 02:30 becomes 03:30.
   */
  instantAt(day: number, minutes: number): number
}

/** Instants over which an offset holds: [from, until). */
interface Span {
  readonly from: number
  readonly until: number
  readonly offsetMs: number
}

/** No zone has changed its offset and changed it back within so short a time since 1900. */
const WEEK_MS = 7 * DAY_MS
/** How far a span is followed on either side of the instant that was asked about. */
const SPAN_WEEKS_MAX = 53
/** Instants beyond this are not dates. */
const INSTANT_MAX = 8.64e15

const zones = new Map<string, Zone>()

/**
 * The zone of an IANA name.
 * @throws StockyardError `ZONE_UNKNOWN`
 */
export function getZone(name: string): Zone {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone = makeZone(name)
  zones.set(name, zone)
  return zone
}

function makeZone(name: string): Zone {
  const readOffset = makeOffsetReader(name)
  const spans: Span[] = []
  let span: Span = { from: 0, until: 0, offsetMs: 0 }

  function findSpan(instant: number): Span {
    const known = spans.find(({ from, until }) => instant >= from && instant < until)
    if (known !== undefined) return known
    const found = spanAround(readOffset, instant)
    spans.push(found)
    return found
  }

  function offsetMs(instant: number): number {
    if (instant >= span.from && instant < span.until) return span.offsetMs
    if (!(Math.abs(instant) <= INSTANT_MAX)) return Number.NaN
    span = findSpan(instant)
    return span.offsetMs
  }

  return {
    name,
    offsetMs,
    localDay: (instant) => Math.floor((instant + offsetMs(instant)) / DAY_MS) * DAY_MS,
    instantAt(day, minutes) {
      const wall = day + minutes * 60_000
      const offset = offsetMs(wall)
      // Right at once unless an offset changes between the two readings of the wall clock.
      if (wall >= span.from + DAY_MS && wall < span.until - DAY_MS) return wall - offset
      return instantNearChange(offsetMs, wall)
    },
  }
}

function instantNearChange(offsetMs: (instant: number) => number, wall: number): number {
  // An offset is less than a day, so these two are those before and after any change nearby.
  const before = offsetMs(wall - DAY_MS)
  const after = offsetMs(wall + DAY_MS)
  if (offsetMs(wall - before) === before) return wall - before
  if (offsetMs(wall - after) === after) return wall - after
  return wall - before
}

type OffsetReader = (instant: number) => number

/** The span of one offset that holds an instant, or some two years of it. */
function spanAround(readOffset: OffsetReader, instant: number): Span {
  const offset = readOffset(instant)
  const lastMs = lastWithOffset(readOffset, instant, offset, 1)
  const firstMs = lastWithOffset(readOffset, instant, offset, -1)
  return { from: firstMs, until: lastMs + 1, offsetMs: offset }
}

/** The farthest instant, forwards (1) or backwards (-1), up to which an offset holds. */
function lastWithOffset(
  readOffset: OffsetReader,
  instant: number,
  offset: number,
  direction: 1 | -1,
): number {
  let same = Math.floor(instant)
  for (let week = 0; week < SPAN_WEEKS_MAX; week += 1) {
    let other = same + direction * WEEK_MS
    if (Math.abs(other) > INSTANT_MAX) return same
    if (readOffset(other) === offset) {
      same = other
      continue
    }
    while (Math.abs(other - same) > 1) {
      const middle = Math.floor((same + other) / 2)
      if (readOffset(middle) === offset) same = middle
      else other = middle
    }
    return same
  }
  return same
}

/** A function that asks the platform for the offset at an instant: right, and some 2 µs a call. */
function makeOffsetReader(name: string): OffsetReader {
  const format = openFormat(name)
  return (instant) => {
    // Ends in "GMT-05:00"; before standard time in "GMT-04:56:02".
    const text = format.format(instant)
    const match = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text)
    if (match === null) return 0
    const [, sign, hours, minutes, seconds] = match
    const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000
    return sign === '-' ? -ms : ms
  }
}

function openFormat(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch (error) {
    throw new StockyardError('usage', 'ZONE_UNKNOWN', `There is no time zone "${name}".`, {
      hint: 'Use a name of the IANA time zone database, for example America/New_York.',
      cause: error,
    })
  }
}
