/** Reads whether markets are open, and the closed and short days that the vendor knows to be ahead. */
import { parseDay } from '../../domain/date.ts'
import type { UnreadableRow, VendorBody, VendorFailure, VendorRequest } from '../provider.ts'
import { cutRaw } from './aggregates.ts'
import { failureOfBody, failureOfDocument, goodDocument, isRecord } from './failure.ts'
import { isSuccess, malformed, valueOf } from './failure.ts'
import { call } from './request.ts'

export interface MarketNowAnswer {
  readonly ok: true
  readonly market: 'open' | 'closed' | 'extended-hours'
  /** Before and after regular trading; null where the vendor does not say. */
  readonly earlyHours: boolean | null
  readonly afterHours: boolean | null
  /** Instant of the vendor's clock. */
  readonly serverTime: number
  /** State by exchange (`nyse`, `nasdaq`, `otc`) in the vendor's words. */
  readonly exchanges: Readonly<Record<string, string>>
}

/** A day on which an exchange is closed, or closes early. */
export interface UpcomingDay {
  /** `NYSE`, `NASDAQ`, `OTC`. */
  readonly exchange: string
  readonly name: string
  readonly day: number
  readonly status: 'closed' | 'early-close'
  /** Instants of a short day; null on closed ones. */
  readonly open: number | null
  readonly close: number | null
}

export interface MarketUpcomingAnswer {
  readonly ok: true
  /** By day and exchange. */
  readonly days: readonly UpcomingDay[]
  readonly unreadable: readonly UnreadableRow[]
}

export function requestMarketNow(): VendorRequest {
  return call('/v1/marketstatus/now')
}

export function requestMarketUpcoming(): VendorRequest {
  return call('/v1/marketstatus/upcoming')
}

export function parseMarketNow(body: VendorBody): MarketNowAnswer | VendorFailure {
  const good = goodDocument(body)
  if (!good.ok) return good
  const { market, serverTime, exchanges, earlyHours, afterHours } = good.document
  const instant = instantOf(serverTime)
  if (market !== 'open' && market !== 'closed' && market !== 'extended-hours') {
    return malformed('The answer is JSON without the state of the market.')
  }
  if (instant === null) return malformed("The answer has no time of the vendor's clock.")
  const states = Object.entries(isRecord(exchanges) ? exchanges : {})
  return {
    ok: true,
    market,
    earlyHours: typeof earlyHours === 'boolean' ? earlyHours : null,
    afterHours: typeof afterHours === 'boolean' ? afterHours : null,
    serverTime: instant,
    exchanges: Object.fromEntries(
      states.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
  }
}

/** The days ahead. The answer is a bare list, unlike all others, with one entry an exchange. */
export function parseMarketUpcoming(body: VendorBody): MarketUpcomingAnswer | VendorFailure {
  const value = valueOf(body)
  if (isRecord(value)) return failureOfDocument(body.status, value)
  if (!Array.isArray(value) || !isSuccess(body.status)) {
    return failureOfBody(body, value !== undefined)
  }
  const days: UpcomingDay[] = []
  const unreadable: UnreadableRow[] = []
  for (const row of value as unknown[]) {
    const day = upcomingOf(row)
    if (day !== null) days.push(day)
    else {
      const reason = 'The row has no exchange, no date, or no status that is known.'
      unreadable.push({ rule: 'fields', reason, raw: cutRaw(JSON.stringify(row)) })
    }
  }
  days.sort((a, b) => a.day - b.day || (a.exchange < b.exchange ? -1 : 1))
  return { ok: true, days, unreadable }
}

function upcomingOf(row: unknown): UpcomingDay | null {
  if (!isRecord(row)) return null
  const { exchange, name, date, status } = row
  const day = typeof date === 'string' ? parseDay(date) : Number.NaN
  const open = instantOf(row['open'])
  const close = instantOf(row['close'])
  if (typeof exchange !== 'string' || Number.isNaN(day)) return null
  if (status !== 'closed' && (status !== 'early-close' || close === null)) return null
  return { exchange, name: typeof name === 'string' ? name : '', day, status, open, close }
}

/** An ISO 8601 text with its offset, as an instant. */
function instantOf(value: unknown): number | null {
  if (typeof value !== 'string') return null
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value)) return null
  const instant = Date.parse(value)
  return Number.isNaN(instant) ? null : instant
}
