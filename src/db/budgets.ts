/**
 * Calls spent on vendors and pauses that vendors asked for: the budgets that all processes on all hosts
 * share. The database's clock decides, so that clocks of hosts may differ.
 */
import {
  closeReserve,
  decideCall,
  LATE_MS,
  MINUTE_WINDOW_MS,
  RELEASE_MS,
  SECOND_WINDOW_MS,
  tightened,
  type Budget,
  type CallRefused,
  type Lane,
  type Spending,
} from '../domain/budget.ts'
import {
  ceilingsOf,
  DAY_END,
  DAY_SINCE,
  DAY_START,
  finite,
  keptSeries,
  MOMENT,
  NOW,
  readSpending,
  type BudgetClock,
  type BudgetReader,
  type CeilingRow,
} from './budget-spending.ts'
import { inTransaction, type Connection, type Pool, type Queryable } from './connect.ts'

/** First half of the advisory locks of budgets; the second is a hash of the provider. */
const LOCK_CLASS = 1_112_885_319

/**
 * A vendor may find the day used up just after we think that a new one has begun. Until it is surely
 * new there too, we try again this much later and not a day later.
 */
const RESET_DOUBT_MS = 600_000

/** Longest wait for which a call claims its turn; one that must wait longer is not made. */
const CLAIM_MAX_MS = 150_000
/** How much later than it wanted to a waiting call may come back before others take its turn. */
const CLAIM_GRACE_MS = 10_000

export interface ReserveOptions extends BudgetReader {
  /** Absent: `close`. */
  readonly lane?: Lane
  /**
   * A UUID by which a call that has to wait is known, so that less urgent ones let it go first. Whoever
   * gives up waiting calls `endWait`.
   */
  readonly waiter?: string
}

/** A call that may go out, by the instant at which it was reserved. */
export interface CallReserved {
  readonly allowed: true
  readonly reservedAt: number
}

/**
 * Takes one call out of a provider's budget, or says how long it has to wait. Of any number of
 * processes that ask at once, no more get one than the budget has. Lanes: repair and backfill leave what
 * the close of the day will take, and every lane steps aside while a more urgent call waits.
 * @param resetZone IANA zone whose midnight begins the day of `perDay`
 */
export async function reserveCall(
  pool: Pool,
  provider: string,
  budget: Budget,
  resetZone: string,
  options: ReserveOptions = {},
): Promise<CallReserved | CallRefused> {
  const { lane = 'close', waiter = null } = options
  return inTransaction(pool, async (connection) => {
    // Its own statement: what follows must see the calls of those that held the lock before.
    await connection.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK_CLASS, provider])
    const read = await readSpending(connection, provider, budget, resetZone, {
      ...options,
      lane,
    })
    const { spending } = read
    const decision = decideCall(spending, read.budget, lane)
    if (!decision.allowed) {
      if (waiter !== null) await claimTurn(connection, provider, waiter, lane, spending, decision)
      return decision
    }
    await connection.query({
      name: 'spend-call',
      text: `WITH forgotten AS (
         DELETE FROM stockyard.budget_calls
         WHERE provider = $1 AND called_at < to_timestamp($2::double precision / 1000) - interval '2 days'
       ), claimed AS (
         DELETE FROM stockyard.budget_waits
         WHERE provider = $1
           AND (waiter = $3 OR expected_by < to_timestamp($2::double precision / 1000))
       )
       INSERT INTO stockyard.budget_calls (provider, called_at)
       VALUES ($1, to_timestamp($2::double precision / 1000))`,
      values: [provider, spending.now, waiter],
    })
    return { allowed: true, reservedAt: spending.now }
  })
}

/** Lets others know that a call waits, where it will come back for it. */
async function claimTurn(
  connection: Connection,
  provider: string,
  waiter: string,
  lane: Lane,
  { now }: Spending,
  refused: CallRefused,
): Promise<void> {
  if (refused.waitMs > CLAIM_MAX_MS) return
  await connection.query(
    `INSERT INTO stockyard.budget_waits (provider, waiter, lane, expected_by)
     VALUES ($1, $2, $3, to_timestamp($4::double precision / 1000))
     ON CONFLICT (provider, waiter) DO UPDATE SET expected_by = excluded.expected_by`,
    [provider, waiter, lane, now + refused.waitMs + CLAIM_GRACE_MS],
  )
}

/** Says that a call does not wait any more. */
export async function endWait(
  database: Queryable,
  provider: string,
  waiter: string,
): Promise<void> {
  await database.query('DELETE FROM stockyard.budget_waits WHERE provider = $1 AND waiter = $2', [
    provider,
    waiter,
  ])
}

/** Gives back a reserved call that never left this machine. */
export async function refundCall(
  database: Queryable,
  provider: string,
  reservedAt: number,
): Promise<void> {
  await database.query(`DELETE FROM stockyard.budget_calls WHERE ${THE_CALL}`, [
    provider,
    reservedAt,
  ])
}

/**
 * Counts a call from when it surely had reached the vendor, which is now, where that is much later than it
 * was reserved: a slow connection or a busy machine must not bring it into the vendor's next minute.
 */
export async function stampLateCall(
  database: Queryable,
  provider: string,
  reservedAt: number,
  { now }: BudgetClock = {},
): Promise<void> {
  await database.query(
    `UPDATE stockyard.budget_calls
     SET called_at = greatest(called_at,
       date_trunc('milliseconds', coalesce(to_timestamp($3::double precision / 1000), clock_timestamp()))
         - interval '${LATE_MS} milliseconds')
     WHERE ${THE_CALL}`,
    [provider, reservedAt, now ?? null],
  )
}

/** Several calls may have been reserved in the same millisecond; only one of them is ours. */
const THE_CALL = `ctid = (SELECT ctid FROM stockyard.budget_calls
  WHERE provider = $1 AND called_at = to_timestamp($2::double precision / 1000)
  LIMIT 1 FOR UPDATE SKIP LOCKED)`

/** How long a vendor refuses calls: for a while, or until its day ends in a zone. */
export type PauseLength = { readonly ms: number } | { readonly resetZone: string }

/** Lets no call of an account to a provider out for a while, in any process. A longer pause stays. */
export async function pauseProvider(
  database: Queryable,
  provider: string,
  length: PauseLength,
  reason: string,
  { now, account }: BudgetReader = {},
): Promise<void> {
  const ms = 'ms' in length ? length.ms : null
  const resetZone = 'resetZone' in length ? length.resetZone : 'UTC'
  await database.query(
    `WITH moment AS MATERIALIZED (SELECT ${NOW} AS now)
     INSERT INTO stockyard.budget_pauses AS pause (provider, account, paused_until, reason)
     SELECT $1, $7,
       CASE
         WHEN $4::double precision IS NOT NULL
           THEN now + $4::double precision * interval '1 millisecond'
         WHEN now < ${DAY_START} + $6 * interval '1 millisecond'
           THEN now + $6 * interval '1 millisecond'
         ELSE ${DAY_END}
       END,
       $5
     FROM moment
     ON CONFLICT (provider, account) DO UPDATE
       SET paused_until = excluded.paused_until, reason = excluded.reason
       WHERE excluded.paused_until > pause.paused_until`,
    [provider, now ?? null, resetZone, ms, reason, RESET_DOUBT_MS, account ?? ''],
  )
}

/** How a limit of a budget stands. */
interface WindowState {
  readonly window: 'second' | 'minute' | 'day'
  /** The limit in force: of the budget, or what a refusal showed where that is less. */
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
  /** Calls of the day that repair and backfill leave for the close; 0 where no day has a limit. */
  readonly closeReserve: number
  /** When that is let go today; null where nothing is kept back any more. */
  readonly reserveUntil: number | null
  /** Calls that wait for their turn, by lane. */
  readonly waiting: Readonly<Partial<Record<Lane, number>>>
}

/** What is left of a provider's budget, for display. */
export async function budgetState(
  database: Queryable,
  provider: string,
  budget: Budget,
  resetZone: string,
  reader: BudgetReader = {},
): Promise<BudgetState> {
  const { rows } = await database.query<StateRow>(
    `WITH ${MOMENT}
     SELECT c.*, ${DAY_END} AS day_end, now, p.paused_until, p.reason,
       per_second, per_minute, per_day, ${keptSeries('$7')} AS kept_series,
       (SELECT coalesce(json_object_agg(lane, calls), '{}') FROM (
          SELECT lane, count(*) AS calls FROM stockyard.budget_waits
          WHERE provider = $1 AND expected_by >= now GROUP BY lane) w) AS waiting
     FROM moment CROSS JOIN ceiling
     CROSS JOIN LATERAL (
       SELECT
         count(*) FILTER (WHERE called_at > now - $5 * interval '1 millisecond') AS second_used,
         min(called_at) FILTER (WHERE called_at > now - $5 * interval '1 millisecond') AS second_first,
         count(*) FILTER (WHERE called_at > now - $6 * interval '1 millisecond') AS minute_used,
         min(called_at) FILTER (WHERE called_at > now - $6 * interval '1 millisecond') AS minute_first,
         count(*) FILTER (WHERE called_at >= ${DAY_SINCE}) AS day_used
       FROM stockyard.budget_calls
       WHERE provider = $1
     ) AS c
     LEFT JOIN stockyard.budget_pauses p
       ON p.provider = $1 AND p.account = $4 AND p.paused_until > now`,
    [
      provider,
      reader.now ?? null,
      resetZone,
      reader.account ?? '',
      SECOND_WINDOW_MS,
      MINUTE_WINDOW_MS,
      finite(budget.perDay),
    ],
  )
  return toState(rows[0]!, tightened(budget, ceilingsOf(rows[0]!)))
}

function toState(row: StateRow, budget: Budget): BudgetState {
  const dayEnd = row.day_end.getTime()
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
    windowState('day', budget.perDay, row.day_used, row.day_used > 0 ? dayEnd : null),
  ]
  const reserve = closeReserve(budget.perDay, row.kept_series)
  const releasedAt = dayEnd - RELEASE_MS
  return {
    windows: windows.filter((state) => Number.isFinite(state.limit)),
    pausedUntil: row.paused_until?.getTime() ?? null,
    pauseReason: row.reason,
    closeReserve: reserve,
    reserveUntil: reserve > 0 && row.now.getTime() < releasedAt ? releasedAt : null,
    waiting: row.waiting,
  }
}

interface StateRow extends CeilingRow {
  now: Date
  second_used: number
  second_first: Date | null
  minute_used: number
  minute_first: Date | null
  day_used: number
  day_end: Date
  paused_until: Date | null
  reason: string | null
  kept_series: number
  waiting: Partial<Record<Lane, number>>
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
