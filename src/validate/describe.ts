/**
 * How values are written in the reasons of refused rows.
 */
import { formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'

/** Years 1 to 9999: what both ISO 8601 and PostgreSQL write with four digits. */
const TS_MIN = -62_135_596_800_000
const TS_MAX = 253_402_300_799_999

/** True for a time that can be written as a date. */
export function isSaneTs(ts: number): boolean {
  return ts >= TS_MIN && ts <= TS_MAX
}

/** The start of a bar as text: `2024-01-02`, or `2024-01-02T14:30:00Z` for intraday bars. */
export function describeTs(ts: number, interval: Interval): string {
  if (!isSaneTs(ts)) return String(ts)
  if (!isIntraday(interval) && ts % 86_400_000 === 0) return formatDate(ts)
  return describeInstant(ts)
}

/** An instant as text, without milliseconds where there are none. */
export function describeInstant(instant: number): string {
  return isSaneTs(instant) ? new Date(instant).toISOString().replace('.000Z', 'Z') : String(instant)
}
