/** What Yahoo's chart can be asked for: intervals, how far back each goes, and periods or ranges. */
import { DAY_MS } from '../domain/date.ts'
import type { Market } from './market.ts'
import type { Params } from './vendor.ts'

export const INTERVALS = [
  '1m',
  '2m',
  '5m',
  '15m',
  '30m',
  '60m',
  '90m',
  '1h',
  '1d',
  '5d',
  '1wk',
  '1mo',
  '3mo',
] as const
export type YahooInterval = (typeof INTERVALS)[number]

export const RANGES = [
  '1d',
  '5d',
  '1mo',
  '3mo',
  '6mo',
  '1y',
  '2y',
  '5y',
  '10y',
  'ytd',
  'max',
] as const

/** How far back an interval goes, and how much of it comes in a call. */
interface Window {
  readonly backDays: number
  readonly callDays: number
}

const SHORT: Window = { backDays: 60, callDays: Infinity }
const WINDOWS: Readonly<Partial<Record<YahooInterval, Window>>> = {
  '1m': { backDays: 30, callDays: 8 },
  '2m': SHORT,
  '5m': SHORT,
  '15m': SHORT,
  '30m': SHORT,
  '90m': SHORT,
  '60m': { backDays: 730, callDays: Infinity },
  '1h': { backDays: 730, callDays: Infinity },
}
/** Sessions of the short ranges. */
const RANGE_SESSIONS: Readonly<Record<string, number>> = { '1d': 1, '5d': 5 }
const RANGE_MONTHS: Readonly<Record<string, number>> = {
  '1mo': 1,
  '3mo': 3,
  '6mo': 6,
  '1y': 12,
  '2y': 24,
  '5y': 60,
  '10y': 120,
}

export interface ChartQuery {
  readonly interval: YahooInterval
  /** Minutes of a bar; null for days and longer. */
  readonly minutes: number | null
  /** Instants, both included. */
  readonly from: number
  readonly to: number
  /** The range asked for; empty where it was a period. */
  readonly range: string
}

/** A refusal of the vendor: a status and the words that go with it. */
export interface ChartRefusal {
  readonly status: 400 | 422
  readonly description: string
}

/** What a call asks for, or how it is refused. */
export function readChartQuery(market: Market, params: Params): ChartQuery | ChartRefusal {
  const asked = params['interval'] ?? (params['range'] === undefined ? '1m' : '1d')
  const interval = INTERVALS.find((known) => known === asked)
  if (interval === undefined) return unsupported('interval', asked, INTERVALS)
  const period = readPeriod(market, params)
  if ('status' in period) return period
  const refusal = checkWindow(interval, period, market.now())
  if (refusal !== null) return refusal
  return { interval, minutes: minutesOf(interval), ...period }
}

type Period = Pick<ChartQuery, 'from' | 'to' | 'range'>

function readPeriod(market: Market, params: Params): Period | ChartRefusal {
  const { period1, period2 } = params
  const now = market.now()
  if (period1 !== undefined) {
    const [from, to] = [
      Number(period1) * 1000,
      period2 === undefined ? now : Number(period2) * 1000,
    ]
    if (!(from < to)) {
      const description = `Invalid input - start date cannot be after end date. startDate = ${period1}, endDate = ${period2}`
      return { status: 400, description }
    }
    return { from, to, range: '' }
  }
  const range = params['range'] ?? '1d'
  if (!RANGES.some((known) => known === range)) return unsupported('range', range, RANGES)
  return { from: rangeStart(market, range), to: now, range }
}

function rangeStart({ calendar, now, today }: Market, range: string): number {
  const sessions = RANGE_SESSIONS[range]
  if (sessions !== undefined) {
    const begun = calendar
      .sessions(today() - 30 * DAY_MS, today() + DAY_MS)
      .filter(({ open }) => open <= now())
    return begun.at(-sessions)!.extendedOpen
  }
  if (range === 'max') return 0
  const date = new Date(today())
  if (range === 'ytd') return calendar.instantAt(Date.UTC(date.getUTCFullYear(), 0, 1), 0)
  date.setUTCMonth(date.getUTCMonth() - RANGE_MONTHS[range]!)
  return calendar.instantAt(date.getTime(), 0)
}

function checkWindow(
  interval: YahooInterval,
  { from, to, range }: Period,
  now: number,
): ChartRefusal | null {
  const window = WINDOWS[interval]
  if (window === undefined) return null
  const period = `startTime=${Math.floor(from / 1000)} and endTime=${Math.floor(to / 1000)}`
  const words = `${interval} data not available for ${period}.`
  if (from < now - window.backDays * DAY_MS) {
    const description = `${words} The requested range must be within the last ${window.backDays} days.`
    return { status: 422, description }
  }
  if (range !== '5d' && to - from > window.callDays * DAY_MS) {
    const description = `${words} Only ${window.callDays} days worth of ${interval} granularity data are allowed to be fetched per request.`
    return { status: 422, description }
  }
  return null
}

/** Minutes of an interval inside a day. */
function minutesOf(interval: YahooInterval): number | null {
  if (interval === '1h') return 60
  return /^\d+m$/.test(interval) ? Number(interval.slice(0, -1)) : null
}

function unsupported(name: string, value: string, known: readonly string[]): ChartRefusal {
  const list = known.join(', ')
  const description = `Invalid input - ${name}=${value} is not supported. Valid ${name}s: [${list}]`
  return { status: 400, description }
}
