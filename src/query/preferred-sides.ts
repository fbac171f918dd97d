/** Days on which a person took one vendor's side: its bars come first there, whatever the priority. */
import type { Queryable } from '../db/connect.ts'
import { listDecisions } from '../db/decisions.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'

/** The provider whose rows come first at a start on a page, or null where nobody decided. */
export type PreferredAt = (startsOn: number, ts: number) => string | null

/**
 * The sides taken for an instrument at an interval, as they hold or held at an instant; null where none
 * was. Of the decisions on a day the newest one holds.
 */
export async function readPreferred(
  db: Queryable,
  instrumentId: number,
  interval: Interval,
  asOf: number | null,
): Promise<PreferredAt | null> {
  const decisions = await listDecisions(db, { instrumentId, asOf, verdict: 'prefer' })
  const sides = decisions.filter((one) => one.interval === interval)
  if (sides.length === 0) return null
  const intraday = isIntraday(interval)
  return (startsOn, ts) => {
    const day = intraday ? startsOn : ts
    const side = sides.findLast(({ fromDay, untilDay }) => fromDay! <= day && day < untilDay!)
    return side?.provider ?? null
  }
}
