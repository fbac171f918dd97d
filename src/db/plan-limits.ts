/**
 * What refusals taught of a plan: limits below those of the budget (table budget_ceilings), and what the
 * plan lacks (table plan_limits). Both hold for one key and budget, for a while, and for all processes.
 */
import { createHash } from 'node:crypto'
import { NOW, type BudgetReader } from './budget-spending.ts'
import type { Queryable } from './connect.ts'

/** How long a plan is taken to lack what was refused; plans and their contents change now and then. */
const RETRY_AFTER_DAYS = 30

/** How long a limit holds that a vendor named, and one that was found by counting calls. */
const NAMED_CEILING_MS = 7 * 86_400_000
const COUNTED_CEILING_MS = 3_600_000

/** What a vendor knows its customer by, as far as it shows in the configuration. */
export interface AccountConfig {
  readonly key: string | undefined
  readonly budget: string | undefined
}

/**
 * A name for a key and a budget, from which neither can be told: what was learned under it is forgotten
 * when either changes, since then the plan may have changed.
 */
export function accountOf({ key, budget }: AccountConfig): string {
  const text = JSON.stringify([key ?? null, budget ?? null])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** What a plan was found to lack. Instants are milliseconds in UTC. */
export interface PlanLimit {
  /** What calls are refused together, e.g. `bars 1d full`. */
  readonly topic: string
  /** The vendor's, without keys. */
  readonly words: string
  readonly refusedAt: number
  readonly retryAfter: number
}

/** Keeps a refusal, so that nobody asks again for a while. */
export async function storePlanLimit(
  database: Queryable,
  provider: string,
  topic: string,
  words: string,
  { now, account }: BudgetReader,
): Promise<void> {
  await database.query(
    `INSERT INTO stockyard.plan_limits
       (provider, account, topic, vendor_words, refused_at, retry_after)
     SELECT $1, $3, $4, $5, now, now + $6 * interval '1 day' FROM (SELECT ${NOW} AS now) AS moment
     ON CONFLICT (provider, account, topic) DO UPDATE SET
       vendor_words = excluded.vendor_words, refused_at = excluded.refused_at,
       retry_after = excluded.retry_after`,
    [provider, now ?? null, account ?? '', topic, words, RETRY_AFTER_DAYS],
  )
}

/** The refusal that holds for one of some topics, the newest; null where none does. */
export async function findPlanLimit(
  database: Queryable,
  provider: string,
  topics: readonly string[],
  reader: BudgetReader,
): Promise<PlanLimit | null> {
  if (topics.length === 0) return null
  const limits = await readPlanLimits(database, provider, reader)
  return limits.find(({ topic }) => topics.includes(topic)) ?? null
}

/** All that a plan is known to lack now, the newest refusal first. */
export async function readPlanLimits(
  database: Queryable,
  provider: string,
  { now, account }: BudgetReader,
): Promise<PlanLimit[]> {
  const { rows } = await database.query<{
    topic: string
    vendor_words: string
    refused_at: Date
    retry_after: Date
  }>({
    name: 'plan-limits',
    text: `SELECT topic, vendor_words, refused_at, retry_after
     FROM stockyard.plan_limits, (SELECT ${NOW} AS now) AS moment
     WHERE provider = $1 AND account = $3 AND retry_after > now
     ORDER BY refused_at DESC, topic`,
    values: [provider, now ?? null, account ?? ''],
  })
  return rows.map((row) => ({
    topic: row.topic,
    words: row.vendor_words,
    refusedAt: row.refused_at.getTime(),
    retryAfter: row.retry_after.getTime(),
  }))
}

export type BudgetWindow = 'second' | 'minute' | 'day'

/** A limit that a refusal showed. Instants are milliseconds in UTC. */
export interface Ceiling {
  readonly window: BudgetWindow
  readonly calls: number
  /** The vendor's, without keys. */
  readonly words: string
  readonly seenAt: number
  readonly holdsUntil: number
}

export interface RefusedCall {
  readonly window: BudgetWindow
  /** When the refused call was reserved. */
  readonly reservedAt: number
  /** Calls that the vendor's words name for the window; null where they name none. */
  readonly named: number | null
  readonly words: string
  /** Calls that our budget has in the window. */
  readonly limit: number
}

/**
 * Learns from a refusal what the vendor's limit is: by its own words, or by how many calls went out in
 * the window up to the one that was refused. A first call that is refused shows no limit, since then
 * somebody else spends calls; nor does a full day without a number, which the pause until its reset is for.
 */
export async function learnCeiling(
  database: Queryable,
  provider: string,
  refused: RefusedCall,
  { now, account }: BudgetReader,
): Promise<void> {
  const { window, named } = refused
  const counted =
    named === null && window !== 'day' ? (await callsUpTo(database, provider, refused)) - 1 : null
  const calls = named ?? counted ?? 0
  if (calls < 1 || calls >= refused.limit) return
  await database.query(
    `INSERT INTO stockyard.budget_ceilings AS known
       (provider, account, budget_window, calls, vendor_words, seen_at, holds_until)
     SELECT $1, $3, $4, $5, $6, now, now + $7 * interval '1 millisecond'
     FROM (SELECT ${NOW} AS now) AS moment
     ON CONFLICT (provider, account, budget_window) DO UPDATE SET
       calls = excluded.calls, vendor_words = excluded.vendor_words,
       seen_at = excluded.seen_at, holds_until = excluded.holds_until
       WHERE known.holds_until <= excluded.seen_at OR known.calls >= excluded.calls`,
    [
      provider,
      now ?? null,
      account ?? '',
      window,
      calls,
      refused.words,
      named === null ? COUNTED_CEILING_MS : NAMED_CEILING_MS,
    ],
  )
}

/** Calls that went out in the vendor's window that ends with the refused one, that one included. */
async function callsUpTo(
  database: Queryable,
  provider: string,
  { window, reservedAt }: RefusedCall,
): Promise<number> {
  const { rows } = await database.query<{ calls: number }>(
    `SELECT count(*) AS calls FROM stockyard.budget_calls
     WHERE provider = $1
       AND called_at <= to_timestamp($2::double precision / 1000)
       AND called_at > to_timestamp($2::double precision / 1000) - $3 * interval '1 millisecond'`,
    [provider, reservedAt, window === 'second' ? 1_000 : 60_000],
  )
  return rows[0]!.calls
}

/** The limits that refusals showed and that hold now. */
export async function readCeilings(
  database: Queryable,
  provider: string,
  { now, account }: BudgetReader,
): Promise<Ceiling[]> {
  const { rows } = await database.query<{
    budget_window: BudgetWindow
    calls: number
    vendor_words: string
    seen_at: Date
    holds_until: Date
  }>(
    `SELECT budget_window, calls, vendor_words, seen_at, holds_until
     FROM stockyard.budget_ceilings, (SELECT ${NOW} AS now) AS moment
     WHERE provider = $1 AND account = $3 AND holds_until > now
     ORDER BY array_position(ARRAY['second', 'minute', 'day'], budget_window)`,
    [provider, now ?? null, account ?? ''],
  )
  return rows.map((row) => ({
    window: row.budget_window,
    calls: row.calls,
    words: row.vendor_words,
    seenAt: row.seen_at.getTime(),
    holdsUntil: row.holds_until.getTime(),
  }))
}

/**
 * Forgets all that refusals of a provider taught, for every key, and the pause that one of them began;
 * tells how many facts that were.
 */
export async function forgetLimits(database: Queryable, provider: string): Promise<number> {
  const { rows } = await database.query<{ forgotten: number }>(
    `WITH limits AS (DELETE FROM stockyard.plan_limits WHERE provider = $1 RETURNING 1),
          ceilings AS (DELETE FROM stockyard.budget_ceilings WHERE provider = $1 RETURNING 1),
          pauses AS (DELETE FROM stockyard.budget_pauses WHERE provider = $1 RETURNING 1)
     SELECT (SELECT count(*) FROM limits) + (SELECT count(*) FROM ceilings)
       + (SELECT count(*) FROM pauses) AS forgotten`,
    [provider],
  )
  return rows[0]!.forgotten
}
