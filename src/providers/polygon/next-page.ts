/**
 * Follows `next_url`. It comes from outside, so it is never followed as it stands: its host must be the
 * vendor's, under its old or its new name, its path must be the one that was asked, and the call is
 * made anew, to where all calls go, with the key added where it is sent.
 */
import { parseDay } from '../../domain/date.ts'
import type { Calendar } from '../../domain/calendar/calendar.ts'
import type { BarRequest, VendorFailure, VendorRequest } from '../provider.ts'
import { malformed } from './failure.ts'
import { call, rangeSpelling, vendorTicker } from './request.ts'

/** The vendor was renamed on 2025-10-30; both hosts answer, and either may stand in an answer. */
const HOSTS: ReadonlySet<string> = new Set(['api.polygon.io', 'api.massive.com'])

/** Parameters that are ours to set, or must not be repeated from an answer. */
const OWN_PARAMS: ReadonlySet<string> = new Set(['adjusted', 'apikey', 'key', 'token'])

const RANGE_PATH = /^(\/v2\/aggs\/ticker\/([^/]+)\/range\/(\d+\/[a-z]+))\/([^/]+)\/([^/]+)$/

/** The path of an aggregates call, taken apart. */
interface RangePath {
  readonly ticker: string
  /** Multiplier and timespan, e.g. `5/minute`. */
  readonly spelling: string
  /** Everything before the range of time. */
  readonly base: string
  readonly from: string
  readonly until: string
}

/** The first instant for which a call asks: where it goes on from, or the midnight of its first day. */
export function startOf(request: VendorRequest, calendar: Calendar): number {
  const path = splitPath(request.path)
  return path === null ? -Infinity : instantOf(path.from, calendar)
}

/** True for the call for a further page. */
export function isContinuation(request: VendorRequest): boolean {
  return /^\d+$/.test(splitPath(request.path)?.from ?? '')
}

/**
 * The call for the page after one whose rows end with `lastTs`, which must begin after those rows and
 * after the beginning of this page: so a loop ends where it begins.
 * @param lastTs instant of the last row on the wire, -Infinity where the page has none
 * @param baseUrl where calls go, whose host may stand in an answer too
 */
export function nextBars(
  nextUrl: string,
  asked: BarRequest,
  lastTs: number,
  calendar: Calendar,
  baseUrl: string | undefined,
): BarRequest | VendorFailure {
  const url = openUrl(nextUrl, baseUrl)
  if (typeof url === 'string') return malformed(url)
  const path = splitPath(url.pathname)
  const own = splitPath(asked.request.path)
  const ticker = vendorTicker(asked.symbol)
  const spelling = rangeSpelling(asked.interval)
  if (path === null || path.ticker !== ticker || path.spelling !== spelling) {
    return malformed(`The next page, ${url.pathname}, is of something else.`)
  }
  const start = instantOf(path.from, calendar)
  const before = Math.max(lastTs, startOf(asked.request, calendar))
  if (!(start > before)) {
    return malformed(`The next page, from ${path.from}, does not lie after this one.`)
  }
  const day = calendar.localDay(start)
  const until = own === null ? path.until : own.until
  const { covers } = asked
  return {
    ...asked,
    request: call(`${path.base}/${path.from}/${until}`, {
      ...paramsOf(url),
      adjusted: 'false',
    }),
    asked: asked.asked === null ? null : { from: day, until: asked.asked.until },
    covers: covers === null || covers.until <= day ? null : { from: day, until: covers.until },
    fallback: null,
  }
}

/** The call for the next page of a list, which has the path of this one and another cursor. */
export function nextList(
  nextUrl: string,
  asked: VendorRequest,
  baseUrl: string | undefined,
): VendorRequest | VendorFailure {
  const url = openUrl(nextUrl, baseUrl)
  if (typeof url === 'string') return malformed(url)
  if (url.pathname !== asked.path) {
    return malformed(`The next page, ${url.pathname}, is of something else.`)
  }
  const params = paramsOf(url)
  if (params['cursor'] === undefined || params['cursor'] === asked.params['cursor']) {
    return malformed('The next page is this one again.')
  }
  return call(asked.path, params)
}

/** The address, or what is wrong with it. */
function openUrl(nextUrl: string, baseUrl: string | undefined): URL | string {
  if (!URL.canParse(nextUrl)) return 'The address of the next page is not a URL.'
  const url = new URL(nextUrl)
  const isVendor = url.protocol === 'https:' && url.port === '' && HOSTS.has(url.hostname)
  const isOwn = baseUrl !== undefined && url.origin === new URL(baseUrl).origin
  if (!isVendor && !isOwn) return `The next page is on another host, ${url.host}.`
  return url
}

function paramsOf(url: URL): Record<string, string> {
  return Object.fromEntries(
    [...url.searchParams].filter(([name]) => !OWN_PARAMS.has(name.toLowerCase())),
  )
}

function splitPath(pathname: string): RangePath | null {
  const match = RANGE_PATH.exec(pathname)
  if (match === null) return null
  const [, base, ticker, spelling, from, until] = match
  const name = decodedTicker(ticker!)
  if (name === null) return null
  return { base: base!, ticker: name, spelling: spelling!, from: from!, until: until! }
}

function decodedTicker(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray percent sign: no ticker of ours.
    return null
  }
}

/** The instant of a bound in a path: milliseconds, or a date in the exchange's zone; NaN for others. */
function instantOf(text: string, calendar: Calendar): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const day = parseDay(text)
  return Number.isNaN(day) ? Number.NaN : calendar.instantAt(day, 0)
}
