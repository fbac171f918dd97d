/** Periods of days as parameters name them. */
import { DAY_MS, periodError, requireDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'

interface Period {
  /** Days; undefined where they are left out. */
  readonly from: number | undefined
  readonly until: number | undefined
}

/**
 * The days that `from` and `until` name.
 * @throws StockyardError `DATE_INVALID`, `RANGE_INVALID`
 */
export function readPeriod(asked: {
  readonly from?: string | undefined
  readonly until?: string | undefined
}): Period {
  const from = asked.from === undefined ? undefined : requireDay(asked.from, 'from')
  const until = asked.until === undefined ? undefined : requireDay(asked.until, 'until')
  if (from !== undefined && until !== undefined && from > until) throw periodError()
  return { from, until }
}

/**
 * Refuses a period whose sessions are too many to be listed in one answer.
 * @param years in words
 * @throws StockyardError `PERIOD_TOO_LONG`
 */
export function requireShort(from: number, until: number, daysMax: number, years: string): void {
  if (until - from <= daysMax * DAY_MS) return
  const sentence = `The period spans more than ${years} years.`
  throw new StockyardError('usage', 'PERIOD_TOO_LONG', sentence, { hint: 'Ask for it in parts.' })
}
