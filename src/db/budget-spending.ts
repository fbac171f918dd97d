/**
 * Reads what was spent of a budget, at one moment of the database's clock and with the limits that
 * refusals showed.
 */
import {
  DAY_DOUBT_MS,
  lanesBefore,
  leavesReserve,
  tightened,
  type Budget,
  type Lane,
  type Spending,
} from '../domain/budget.ts'
import type { Connection } from './connect.ts'

export interface BudgetClock {
  /** Instant to take for now, in place of the database's own clock. */
  readonly now?: number
}

/** Who reads a budget: limits that refusals showed hold for one key and budget, see plan-limits.ts. */
export interface BudgetReader extends BudgetClock {
  readonly account?: string
}

/** The moment: $2, or else the clock of the database. */
export const NOW = `date_trunc('milliseconds',
  coalesce(to_timestamp($2::double precision / 1000), clock_timestamp()))`
/** When the day of the moment began in the zone $3, and when the next one begins. */
export const DAY_START = `date_trunc('day', now, $3)`
export const DAY_END = `(date_trunc('day', now AT TIME ZONE $3) + interval '1 day') AT TIME ZONE $3`
/** Calls from then on count in the day of the moment. */
export const DAY_SINCE = `(${DAY_START} - interval '${DAY_DOUBT_MS} milliseconds')`

/** Limits that refusals showed, by the window. */
export interface CeilingRow {
  per_second: number | null
  per_minute: number | null
  per_day: number | null
}

/** The limits of a row, without those that no refusal showed. */
export function ceilingsOf(row: CeilingRow): Partial<Budget> {
  return {
    ...(row.per_second === null ? {} : { perSecond: row.per_second }),
    ...(row.per_minute === null ? {} : { perMinute: row.per_minute }),
    ...(row.per_day === null ? {} : { perDay: row.per_day }),
  }
}

/** A limit as SQL has it: null where there is none. */
export function finite(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null
}

interface SpendingRow extends CeilingRow {
  now: Date
  day_start: Date
  day_end: Date
  second_call: Date | null
  minute_call: Date | null
  day_used: number
  kept_series: number
  more_urgent: number
  paused_until: Date | null
  reason: string | null
}

/** The moment, and the limits that refusals showed: of provider $1, at $2, for account $4. */
export const MOMENT = `moment AS MATERIALIZED (SELECT ${NOW} AS now),
  ceiling AS MATERIALIZED (
    SELECT max(calls) FILTER (WHERE budget_window = 'second') AS per_second,
           max(calls) FILTER (WHERE budget_window = 'minute') AS per_minute,
           max(calls) FILTER (WHERE budget_window = 'day') AS per_day
    FROM stockyard.budget_ceilings, moment
    WHERE provider = $1 AND account = $4 AND holds_until > now)`

/** How many series of the watch list come from provider $1; no more than a limit are counted. */
export function keptSeries(limit: string): string {
  return `(SELECT count(*) FROM (
    SELECT 1 FROM stockyard.series s JOIN stockyard.instruments i ON i.id = s.instrument_id
    WHERE ${limit}::bigint IS NOT NULL AND s.provider = $1 AND i.watched AND i.active
    LIMIT ${limit}::bigint) kept)`
}

// The call that stands a limit's number of calls back: one walk in the index decides whether a window is
// full.
function callBack(limit: string): string {
  return `(SELECT called_at FROM stockyard.budget_calls
    WHERE provider = $1 AND ${limit} IS NOT NULL
    ORDER BY called_at DESC OFFSET ${limit} - 1 LIMIT 1)`
}

/** What was spent, and the budget in force. */
export async function readSpending(
  connection: Connection,
  provider: string,
  budget: Budget,
  resetZone: string,
  { now, account, lane }: BudgetReader & { readonly lane: Lane },
): Promise<{ readonly spending: Spending; readonly budget: Budget }> {
  const { rows } = await connection.query<SpendingRow>({
    // Planning it takes longer than running it, and every call asks.
    name: 'read-spending',
    text: `WITH ${MOMENT}
     SELECT now, ${DAY_START} AS day_start, ${DAY_END} AS day_end, per_second, per_minute, per_day,
       ${callBack('least($5::bigint, per_second)')} AS second_call,
       ${callBack('least($6::bigint, per_minute)')} AS minute_call,
       (SELECT count(*) FROM stockyard.budget_calls
        WHERE provider = $1 AND least($7::bigint, per_day) IS NOT NULL AND called_at >= ${DAY_SINCE}
       ) AS day_used,
       ${keptSeries('$8')} AS kept_series,
       (SELECT count(*) FROM stockyard.budget_waits
        WHERE provider = $1 AND lane = ANY ($9) AND expected_by >= now) AS more_urgent,
       p.paused_until, p.reason
     FROM moment CROSS JOIN ceiling LEFT JOIN stockyard.budget_pauses p
       ON p.provider = $1 AND p.account = $4`,
    values: [
      provider,
      now ?? null,
      resetZone,
      account ?? '',
      finite(budget.perSecond),
      finite(budget.perMinute),
      finite(budget.perDay),
      leavesReserve(lane) ? finite(budget.perDay) : null,
      lanesBefore(lane),
    ],
  })
  const row = rows[0]!
  const spending: Spending = {
    now: row.now.getTime(),
    dayStart: row.day_start.getTime(),
    dayEnd: row.day_end.getTime(),
    secondCall: row.second_call?.getTime() ?? null,
    minuteCall: row.minute_call?.getTime() ?? null,
    dayUsed: row.day_used,
    pausedUntil: row.paused_until?.getTime() ?? null,
    pauseReason: row.reason,
    keptSeries: row.kept_series,
    moreUrgent: row.more_urgent,
  }
  return { spending, budget: tightened(budget, ceilingsOf(row)) }
}
