/**
 * Calls spent on vendors and pauses that vendors asked for: the budgets that all processes on all hosts
 * share. The database's clock decides, so that clocks of hosts may differ.
 */
import {
  decideCall,
  MINUTE_WINDOW_MS,
  SECOND_WINDOW_MS,
  type Budget,
  type CallRefused,
  type Spending,
} from '../domain/budget.ts'
import { inTransaction, type Connection, type Pool, type Queryable } from './connect.ts'

/** First half of the advisory locks of budgets; the second is a hash of the provider. */
const LOCK_CLASS = 1_112_885_319

/**
 * A vendor may find the day used up just after we think that a new one has begun. Until it is surely
 * new there too, we try again this much later and not a day later.
 */
const RESET_DOUBT_MS = 600_000

const NOW = `date_trunc('milliseconds',
  coalesce(to_timestamp($2::double precision / 1000), clock_timestamp()))`
const DAY_START = `date_trunc('day', now, $3)`
const DAY_END = `(date_trunc('day', now AT TIME ZONE $3) + interval '1 day') AT TIME ZONE $3`

export interface BudgetClock {
  /** Instant to take for now, in place of the database's own clock. */
  readonly now?: number
}

/** A call that may go out, by the instant at which it was reserved. */
export interface CallReserved {
  readonly allowed: true
  readonly reservedAt: number
}

/**
 * Takes one call out of a provider's budget, or says how long it has to wait. Of any number of
 * processes that ask at once, no more get one than the budget has.
 * @param resetZone IANA zone whose midnight begins the day of `perDay`
 */
export async function reserveCall(
  pool: Pool,
  provider: string,
  budget: Budget,
  resetZone: string,
  clock: BudgetClock = {},
): Promise<CallReserved | CallRefused> {
  return inTransaction(pool, async (connection) => {
    // Its own statement: what follows must see the calls of those that held the lock before.
    await connection.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK_CLASS, provider])
    const spending = await readSpending(connection, provider, budget, resetZone, clock)
    const decision = decideCall(spending, budget)
    if (!decision.allowed) return decision
    await connection.query(
      `WITH forgotten AS (
         DELETE FROM stockyard.budget_calls
         WHERE provider = $1 AND called_at < to_timestamp($2::double precision / 1000) - interval '2 days'
       )
       INSERT INTO stockyard.budget_calls (provider, called_at)
       VALUES ($1, to_timestamp($2::double precision / 1000))`,
      [provider, spending.now],
    )
    return { allowed: true, reservedAt: spending.now }
  })
}

/** Gives back a reserved call that never left this machine. */
export async function refundCall(
  database: Queryable,
  provider: string,
  reservedAt: number,
): Promise<void> {
  // Several calls may have been reserved in the same millisecond; only one of them is ours.
  await database.query(
    `DELETE FROM stockyard.budget_calls
     WHERE ctid = (SELECT ctid FROM stockyard.budget_calls
                   WHERE provider = $1 AND called_at = to_timestamp($2::double precision / 1000)
                   LIMIT 1 FOR UPDATE)`,
    [provider, reservedAt],
  )
}

/** How long a vendor refuses calls: for a while, or until its day ends in a zone. */
export type PauseLength = { readonly ms: number } | { readonly resetZone: string }

/** Lets no call to a provider out for a while, in any process. A longer pause stays. */
export async function pauseProvider(
  database: Queryable,
  provider: string,
  length: PauseLength,
  reason: string,
  clock: BudgetClock = {},
): Promise<void> {
  const ms = 'ms' in length ? length.ms : null
  const resetZone = 'resetZone' in length ? length.resetZone : 'UTC'
  await database.query(
    `WITH moment AS MATERIALIZED (SELECT ${NOW} AS now)
     INSERT INTO stockyard.budget_pauses AS pause (provider, paused_until, reason)
     SELECT $1,
       CASE
         WHEN $4::double precision IS NOT NULL
           THEN now + $4::double precision * interval '1 millisecond'
         WHEN now < ${DAY_START} + $6 * interval '1 millisecond'
           THEN now + $6 * interval '1 millisecond'
         ELSE ${DAY_END}
       END,
       $5
     FROM moment
     ON CONFLICT (provider) DO UPDATE
       SET paused_until = excluded.paused_until, reason = excluded.reason
       WHERE excluded.paused_until > pause.paused_until`,
    [provider, clock.now ?? null, resetZone, ms, reason, RESET_DOUBT_MS],
  )
}

/** How a limit of a budget stands. */
interface WindowState {
  readonly window: 'second' | 'minute' | 'day'
  readonly limit: number
  readonly used: number
  readonly left: number
  /** When calls come free again: the next one (second, minute) or all (day). Null while unused. */
  readonly resetsAt: number | null
}

export interface BudgetState {
  /** The windows that have a limit. */
  readonly windows: readonly WindowState[]
  /** Set while a vendor's refusal holds calls back. */
  readonly pausedUntil: number | null
  readonly pauseReason: string | null
}

/** What is left of a provider's budget, for display. */
export async function budgetState(
  database: Queryable,
  provider: string,
  budget: Budget,
  resetZone: string,
  clock: BudgetClock = {},
): Promise<BudgetState> {
  const { rows } = await database.query<StateRow>(
    `WITH moment AS MATERIALIZED (SELECT ${NOW} AS now)
     SELECT c.*, ${DAY_END} AS day_end, p.paused_until, p.reason
     FROM moment
     CROSS JOIN LATERAL (
       SELECT
         count(*) FILTER (WHERE called_at > now - $4 * interval '1 millisecond') AS second_used,
         min(called_at) FILTER (WHERE called_at > now - $4 * interval '1 millisecond') AS second_first,
         count(*) FILTER (WHERE called_at > now - $5 * interval '1 millisecond') AS minute_used,
         min(called_at) FILTER (WHERE called_at > now - $5 * interval '1 millisecond') AS minute_first,
         count(*) FILTER (WHERE called_at >= ${DAY_START}) AS day_used
       FROM stockyard.budget_calls
       WHERE provider = $1
     ) AS c
     LEFT JOIN stockyard.budget_pauses p ON p.provider = $1 AND p.paused_until > now`,
    [provider, clock.now ?? null, resetZone, SECOND_WINDOW_MS, MINUTE_WINDOW_MS],
  )
  const row = rows[0]!
  const windows = [
    windowState(
      'second',
      budget.perSecond,
      row.second_used,
      firstFree(row.second_first, SECOND_WINDOW_MS),
    ),
    windowState(
      'minute',
      budget.perMinute,
      row.minute_used,
      firstFree(row.minute_first, MINUTE_WINDOW_MS),
    ),
    windowState(
      'day',
      budget.perDay,
      row.day_used,
      row.day_used > 0 ? row.day_end.getTime() : null,
    ),
  ]
  return {
    windows: windows.filter((state) => Number.isFinite(state.limit)),
    pausedUntil: row.paused_until?.getTime() ?? null,
    pauseReason: row.reason,
  }
}

interface StateRow {
  second_used: number
  second_first: Date | null
  minute_used: number
  minute_first: Date | null
  day_used: number
  day_end: Date
  paused_until: Date | null
  reason: string | null
}

function windowState(
  window: WindowState['window'],
  limit: number,
  used: number,
  resetsAt: number | null,
): WindowState {
  return { window, limit, used, left: Math.max(0, limit - used), resetsAt }
}

// A sliding window frees a call when the oldest call in it leaves.
function firstFree(oldest: Date | null, windowMs: number): number | null {
  return oldest === null ? null : oldest.getTime() + windowMs
}

interface SpendingRow {
  now: Date
  day_start: Date
  day_end: Date
  second_call: Date | null
  minute_call: Date | null
  day_call: Date | null
  paused_until: Date | null
  reason: string | null
}

// The call that stands a limit's number of calls back: one walk in the index decides whether a window is
// full.
function callBack(limit: string): string {
  return `(SELECT called_at FROM stockyard.budget_calls
    WHERE provider = $1 AND ${limit}::bigint IS NOT NULL
    ORDER BY called_at DESC OFFSET ${limit}::bigint - 1 LIMIT 1)`
}

async function readSpending(
  connection: Connection,
  provider: string,
  budget: Budget,
  resetZone: string,
  clock: BudgetClock,
): Promise<Spending> {
  const { rows } = await connection.query<SpendingRow>(
    `WITH moment AS MATERIALIZED (SELECT ${NOW} AS now)
     SELECT now, ${DAY_START} AS day_start, ${DAY_END} AS day_end,
       ${callBack('$4')} AS second_call, ${callBack('$5')} AS minute_call, ${callBack('$6')} AS day_call,
       p.paused_until, p.reason
     FROM moment LEFT JOIN stockyard.budget_pauses p ON p.provider = $1`,
    [
      provider,
      clock.now ?? null,
      resetZone,
      ...[budget.perSecond, budget.perMinute, budget.perDay].map((limit) =>
        Number.isFinite(limit) ? limit : null,
      ),
    ],
  )
  const row = rows[0]!
  return {
    now: row.now.getTime(),
    dayStart: row.day_start.getTime(),
    dayEnd: row.day_end.getTime(),
    secondCall: row.second_call?.getTime() ?? null,
    minuteCall: row.minute_call?.getTime() ?? null,
    dayCall: row.day_call?.getTime() ?? null,
    pausedUntil: row.paused_until?.getTime() ?? null,
    pauseReason: row.reason,
  }
}
