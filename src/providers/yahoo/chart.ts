/**
 * The shape of a chart answer: one result with `meta`, `timestamp`, parallel arrays of values and
 * `events`. Nothing of it is believed before it was looked at.
 */
import { DAY_MS } from '../../domain/date.ts'
import { StockyardError } from '../../domain/error.ts'
import { getZone, type Zone } from '../../domain/zone.ts'
import { documentOf, failureOfBody, isRecord, isSuccess, type JsonRecord } from './failure.ts'
import type { VendorBody, VendorFailure } from '../provider.ts'

export interface Chart {
  readonly meta: JsonRecord
  /** Seconds in UTC, as far as they are numbers; empty where the answer has no rows. */
  readonly timestamps: readonly unknown[]
  /** Arrays of `open`, `high`, `low`, `close` and `volume`; any may be absent. */
  readonly quote: JsonRecord
  readonly events: JsonRecord
}

/** Where the vendor keeps symbols that it no longer follows. */
const DELISTED = 'YHD'
/** No price comes with so many decimals; more are the noise of 32-bit floats. */
const DECIMALS_MAX = 10
const DECIMALS_MIN = 4
/** Instants beyond this, in seconds, are not dates. */
const SECONDS_MAX = 8.64e12
const HOUR_MS = 3_600_000

/** The chart in an answer, or why there is none. */
export function readChart(body: VendorBody): Chart | VendorFailure {
  if (!isSuccess(body.status)) return failureOfBody(body)
  const layer = documentOf(body)?.['chart']
  const results = isRecord(layer) ? layer['result'] : null
  const result: unknown = Array.isArray(results) ? results[0] : null
  if (!isRecord(result) || !isRecord(result['meta'])) return failureOfBody(body)
  const { meta, timestamp, indicators, events } = result
  const quotes = isRecord(indicators) ? indicators['quote'] : null
  const quote: unknown = Array.isArray(quotes) ? quotes[0] : null
  return {
    meta: meta as JsonRecord,
    timestamps: Array.isArray(timestamp) ? timestamp : [],
    quote: isRecord(quote) ? quote : {},
    events: isRecord(events) ? events : {},
  }
}

/** True for a symbol that the vendor has put away; it answers HTTP 200 for it, without rows. */
export function isDelisted(meta: JsonRecord): boolean {
  return meta['exchangeName'] === DELISTED || meta['exchange'] === DELISTED
}

/**
 * The exchange's zone by its IANA name, or null. `gmtoffset` will not do: it is today's offset, and not
 * that of the bar.
 */
export function zoneOf(meta: JsonRecord): Zone | null {
  const name = meta['exchangeTimezoneName']
  if (typeof name !== 'string') return null
  try {
    return getZone(name)
  } catch (error) {
    if (error instanceof StockyardError) return null
    throw error
  }
}

/** The instant, in milliseconds, of a timestamp in seconds; NaN where it is none. */
export function instantOf(seconds: unknown): number {
  return typeof seconds === 'number' && Math.abs(seconds) <= SECONDS_MAX
    ? Math.round(seconds * 1000)
    : Number.NaN
}

/**
 * The session's day of the instant that a daily row, or an event, is stamped with: the session's open,
 * local midnight, or for a live row any moment of the session. Midnights are off by an hour or two where
 * the vendor's offsets are (Brazil in January 2022 says 23:00), so a full hour of 22 or 23 is the next
 * day's, unless it is the time of the latest trade.
 */
export function sessionDayOf(instant: number, zone: Zone, meta: JsonRecord): number {
  const day = zone.localDay(instant)
  const sinceMidnight = instant + zone.offsetMs(instant) - day
  const isLate = sinceMidnight === 22 * HOUR_MS || sinceMidnight === 23 * HOUR_MS
  return isLate && instant !== instantOf(meta['regularMarketTime']) ? day + DAY_MS : day
}

/** 10 to the power of the decimals that are always kept of a price. */
export function priceScale(meta: JsonRecord): number {
  const hint = meta['priceHint']
  const decimals = typeof hint === 'number' && Number.isInteger(hint) ? hint : DECIMALS_MIN
  return 10 ** Math.min(Math.max(decimals, DECIMALS_MIN), DECIMALS_MAX)
}

/**
 * So many digits of a price survive as a 32-bit float. It holds a seventh at times, but the vendor's last
 * binary digit is not always right: 43.675 comes as the float below it, 43.67499542236328.
 */
const DIGITS = 6

/**
 * A price without the noise of the 32-bit float that it was: 75.0875015258789 is 75.0875. The digits of a
 * small price, such as a rate or one from before many splits, reach further than the decimals that are
 * always kept.
 */
export function roundPrice(price: number, scale: number): number {
  const hasAllDigits = Math.abs(price) * scale >= 10 ** (DIGITS - 1)
  return hasAllDigits ? Math.round(price * scale) / scale : Number(price.toPrecision(DIGITS))
}

export function finiteOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}
