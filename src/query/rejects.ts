/** Rejects in the shape that the API and the CLI share: what was refused and why, and what was decided. */
import type { Queryable } from '../db/connect.ts'
import { findInstrument, requireSymbol } from '../db/instruments.ts'
import {
  getRejects,
  readDecisions,
  readRejectRows,
  type StoredDecision,
  type StoredReject,
} from '../db/read-rejects.ts'
import type { RejectStatus } from '../db/rejects.ts'
import { isIntraday } from '../domain/interval.ts'
import { cutById, idBefore } from './cursor.ts'
import { formatBarKey, formatInstant } from './rows.ts'

/** The newest decision about a reject. */
export interface DecisionRow {
  readonly status: RejectStatus
  readonly by: string
  readonly reason: string
  /** The run that loaded the bar; null where none did. */
  readonly run: number | null
  readonly at: string
}

/** A row that failed a check, with the vendor's own text of it. */
export interface RejectRow {
  readonly id: number
  readonly symbol: string
  readonly interval: string
  readonly provider: string
  /** Key of the bar, an instant or a date; null where not even that could be read. */
  readonly ts: string | null
  readonly rule: string
  readonly reason: string
  readonly raw: string
  readonly run: number
  readonly rejected_at: string
  readonly status: RejectStatus
  /** The newest one; null while it is open and nobody decided anything. */
  readonly decision: DecisionRow | null
}

export interface RejectDetails extends RejectRow {
  /** The bar as the row was read; null for a row that could not be read as one. */
  readonly bar: Readonly<Record<(typeof BAR_FIELDS)[number], number | null>> | null
  /** When the answer came; null where that was not kept. */
  readonly received_at: string | null
  /** Oldest first. */
  readonly decisions: readonly DecisionRow[]
}

const BAR_FIELDS = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const

export interface RejectQuery {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly symbol?: string | undefined
  readonly provider?: string | undefined
  readonly rule?: string | undefined
  readonly run?: number | undefined
  readonly status?: RejectStatus | undefined
}

/**
 * Rejects, newest first.
 * @throws StockyardError `CURSOR_INVALID`, `SYMBOL_INVALID`
 */
export async function readRejects(
  db: Queryable,
  query: RejectQuery,
): Promise<{ data: RejectRow[]; next: string | null }> {
  const { limit } = query
  const before = idBefore(query.cursor, 'rejects')
  const found = await readRejectRows(db, {
    ...(query.symbol === undefined ? {} : await findRejectOwner(db, query.symbol)),
    provider: query.provider,
    rule: query.rule,
    runId: query.run,
    status: query.status,
    before,
    limit: limit + 1,
  })
  const { shown, next } = cutById(found, limit, 'rejects')
  const decisions = await newestDecisions(db, shown)
  return { data: shown.map((reject) => toRejectRow(reject, decisions.get(reject.id))), next }
}

/**
 * One reject with all that was decided about it.
 * @throws StockyardError `REJECT_UNKNOWN`
 */
export async function readReject(db: Queryable, id: number): Promise<RejectDetails> {
  const [found] = (await getRejects(db, [id])) as [StoredReject]
  const decisions = await readDecisions(db, [found])
  const { values, receivedAt } = found
  const fields = BAR_FIELDS.map((name, i) => [name, finiteOrNull(values?.[i])] as const)
  return {
    ...toRejectRow(found, decisions.at(-1)),
    bar: values === null ? null : (Object.fromEntries(fields) as RejectDetails['bar']),
    received_at: receivedAt === null ? null : formatInstant(receivedAt),
    decisions: decisions.map(toDecisionRow),
  }
}

/**
 * Whose rejects a symbol means: those of its instrument, under whatever symbol they were asked for, or else
 * those of that very text.
 * @throws StockyardError `SYMBOL_INVALID`
 */
export async function findRejectOwner(
  db: Queryable,
  typed: string,
): Promise<{ instrumentId: number } | { symbol: string }> {
  const symbol = requireSymbol(typed)
  const found = await findInstrument(db, symbol)
  return found === null ? { symbol } : { instrumentId: found.id }
}

async function newestDecisions(
  db: Queryable,
  rejects: readonly StoredReject[],
): Promise<Map<number, StoredDecision>> {
  const decided = rejects.filter(({ status }) => status !== 'open')
  if (decided.length === 0) return new Map()
  const decisions = await readDecisions(db, decided)
  return new Map(decisions.map((decision) => [decision.rejectId, decision]))
}

function toRejectRow(reject: StoredReject, decision: StoredDecision | undefined): RejectRow {
  const { id, symbol, interval, provider, ts, rule, reason, raw, runId, rejectedAt } = reject
  return {
    id,
    symbol,
    interval,
    provider,
    ts: ts === null ? null : formatStart(reject, ts),
    rule,
    reason,
    raw,
    run: runId,
    rejected_at: formatInstant(rejectedAt),
    status: reject.status,
    decision: decision === undefined ? null : toDecisionRow(decision),
  }
}

/** A reject can be of an absurd instant on a daily series: then the whole instant is shown. */
function formatStart({ interval }: StoredReject, ts: number): string {
  const isDay = !isIntraday(interval) && ts % 86_400_000 === 0
  return isDay ? formatBarKey('1d', ts) : formatInstant(ts)
}

function toDecisionRow({ status, by, reason, runId, decidedAt }: StoredDecision): DecisionRow {
  return { status, by, reason, run: runId, at: formatInstant(decidedAt) }
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
