/**
 * The last row of an answer, which is often no bar: the price of the latest trade, stamped with its own
 * time. Intraday it is left out; daily it is the session of today so far.
 */
import type { Calendar } from '../../domain/calendar/calendar.ts'
import { intervalMs, type Interval } from '../../domain/interval.ts'
import { instantOf } from './chart.ts'
import { isRecord, type JsonRecord } from './failure.ts'
import type { WireColumns, WireRows } from './wire-rows.ts'
import type { ParseContext } from '../provider.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/**
 * Leaves out the last row where it is a tick and no bar, and says so: it begins where no bar of the
 * interval can, or it is flat, without volume, and stands at the close of regular trading.
 */
export function findTick(
  rows: WireRows,
  meta: JsonRecord,
  interval: Interval,
  { calendar }: ParseContext,
): string[] {
  const last = rows.length - 1
  if (last < 0) return []
  const ts = rows.ts[last]!
  const isTick =
    isOffGrid(rows, intervalMs(interval), calendar) ||
    (isFlat(rows.columns, rows.index[last]!) && isRegularEnd(ts, meta, calendar))
  if (!isTick) return []
  rows.length = last
  const time = new Date(ts).toISOString().replace('.000Z', 'Z')
  return [`the last row, of ${time}, is the latest price and no bar: left out`]
}

/**
 * Leaves out an earlier row of the day of the last one: while a session is on, the vendor can give its
 * row and the live one, which has seen more. Doubles elsewhere are left for the check of duplicates.
 */
export function mergeLive(rows: WireRows): string[] {
  const last = rows.length - 1
  if (last < 1 || rows.ts[last] !== rows.ts[last - 1]) return []
  rows.index[last - 1] = rows.index[last]!
  rows.length = last
  return ['the row of the newest session came twice: the later one was taken']
}

/**
 * Bars of up to half an hour begin at full multiples in every zone; hours begin with the session, and anew
 * after a break.
 */
function isOffGrid(rows: WireRows, barMs: number, calendar: Calendar): boolean {
  const ts = rows.ts[rows.length - 1]!
  if (barMs < HOUR_MS) return ts % barMs !== 0
  if (ts % MINUTE_MS !== 0) return true
  if (isCountedFromOpening(ts, barMs, calendar)) return false
  return rows.length > 1 && (ts - rows.ts[rows.length - 2]!) % barMs !== 0
}

function isCountedFromOpening(ts: number, barMs: number, calendar: Calendar): boolean {
  const session = calendar.session(calendar.localDay(ts))
  if (session === null || ts < session.open || ts >= session.close) return false
  const resumed = session.breaks.findLast(([, resume]) => resume <= ts)
  return (ts - (resumed?.[1] ?? session.open)) % barMs === 0
}

function isFlat({ prices, volume }: WireColumns, at: number): boolean {
  const open = prices[0]![at]
  return prices.every((column) => column[at] === open) && (volume?.[at] ?? 0) === 0
}

/** True where regular trading ends, by the answer itself or by the calendar. */
function isRegularEnd(ts: number, meta: JsonRecord, calendar: Calendar): boolean {
  if (calendar.session(calendar.localDay(ts))?.close === ts) return true
  const periods: unknown[] = [meta['tradingPeriods'], meta['currentTradingPeriod']]
  return periods.some((period) => endsAt(period, ts))
}

/**
 * True where one of the regular periods ends at an instant. They come as `[[{…}]]`, an array a day, or,
 * with the periods before and after, as `{pre, regular, post}` of such arrays or of a single period.
 */
function endsAt(periods: unknown, ts: number): boolean {
  if (Array.isArray(periods)) return periods.some((period) => endsAt(period, ts))
  if (!isRecord(periods)) return false
  return 'regular' in periods ? endsAt(periods['regular'], ts) : instantOf(periods['end']) === ts
}
