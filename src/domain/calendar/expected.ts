/**
 * How many bars a calendar lets one expect.
 */
import { intervalMs, isIntraday, type Interval } from '../interval.ts'
import type { Session } from './calendar.ts'

/**
 * Bars of an interval inside the regular trading of a session, each anchored at the opening or at the
 * end of a break, the last one before a break or the close cut short where it must be: 390, 78, 26, 13
 * and 7 of 1, 5, 15, 30 and 60 minutes on a full day in New York. 1 for a daily bar.
 * Extended hours are not counted: there a minute without trades is no bar.
 */
export function expectedBars(session: Session, interval: Interval): number {
  if (!isIntraday(interval)) return 1
  const barMs = intervalMs(interval)
  let count = 0
  let start = session.open
  for (const [pause, resume] of session.breaks) {
    count += Math.ceil((pause - start) / barMs)
    start = resume
  }
  return count + Math.ceil((session.close - start) / barMs)
}
