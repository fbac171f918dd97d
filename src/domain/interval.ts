/**
 * Intervals: the lengths of bars that Stockyard keeps, and every spelling in which people and
 * vendors write them.
 */
import { StockyardError } from './error.ts'

export const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo'] as const
export type Interval = (typeof INTERVALS)[number]

/** Milliseconds of a bar for intraday intervals; daily and longer bars have no fixed length. */
const INTRADAY_MS: Partial<Record<Interval, number>> = {
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
}

/** Other spellings, lower case and without spaces, by the interval that they mean. */
const SPELLINGS: Readonly<Record<Interval, readonly string[]>> = {
  '1m': ['1min', 'min', 'minute', '1minute', 'm1', '1t'],
  '5m': ['5min', '5minute', '5minutes', 'm5', '5t'],
  '15m': ['15min', '15minute', '15minutes', 'm15', '15t'],
  '30m': ['30min', '30minute', '30minutes', 'm30', '30t'],
  '1h': ['60min', '60m', '60minute', '60minutes', 'hour', 'hourly', '1hour', 'h1', 'h'],
  '1d': ['day', 'daily', '1day', 'd', 'd1', 'eod'],
  '1wk': ['week', 'weekly', '1week', '1w', 'w', 'w1', 'wk'],
  '1mo': ['month', 'monthly', '1month', '1mon', 'mo', 'mn', 'mn1'],
}

const BY_SPELLING = new Map<string, Interval>(
  INTERVALS.flatMap((interval) =>
    [interval, ...SPELLINGS[interval]].map((text): [string, Interval] => [text, interval]),
  ),
)

/**
 * The interval that a person or a vendor wrote (`5min`, `daily`, `60m`, …).
 * `M` alone is refused: it is a minute to some and a month to others.
 * @throws StockyardError `INTERVAL_UNKNOWN`
 */
export function parseInterval(text: string): Interval {
  const found = BY_SPELLING.get(text.replaceAll(/\s|_|(?<=\w)-/g, '').toLowerCase())
  if (found === undefined || text.trim() === '1M') {
    throw new StockyardError('usage', 'INTERVAL_UNKNOWN', `There is no interval "${text}".`, {
      hint: `Use one of ${INTERVALS.join(', ')}; spellings such as 5min, hour or daily are understood too.`,
    })
  }
  return found
}

/** True for bars that are keyed by an instant, false for those keyed by a session date. */
export function isIntraday(interval: Interval): boolean {
  return INTRADAY_MS[interval] !== undefined
}

/** Milliseconds of one intraday bar; NaN for daily and longer intervals. */
export function intervalMs(interval: Interval): number {
  return INTRADAY_MS[interval] ?? Number.NaN
}
