/** Runs and rejects: what was done, what failed and why, in the shapes that the API and the CLI share. */
import { StockyardError } from '../domain/error.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Queryable } from '../db/connect.ts'
import { requireSymbol } from '../db/instruments.ts'
import { readRejectRows, type StoredReject } from '../db/read-rejects.ts'
import {
  readRunRows,
  readTaskRows,
  type RunTotals,
  type StoredRun,
  type StoredTask,
  type TaskError,
} from '../db/read-runs.ts'
import type { RunStatus } from '../db/runs.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { formatBarKey, formatInstant } from './rows.ts'

/** A run with the sums of its tasks; counts are bars. */
export interface RunSummary extends RunTotals {
  readonly run: number
  readonly job: string
  readonly status: RunStatus
  readonly started_at: string
  readonly finished_at: string | null
  /** How many of its tasks failed, and the error of the first of them. */
  readonly failed: number
  readonly error: (TaskError & { readonly symbol: string }) | null
}

export interface RunDetails extends RunSummary {
  readonly tasks: readonly StoredTask[]
}

export interface ListQuery {
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * Runs, newest first.
 * @throws StockyardError `CURSOR_INVALID`
 */
export async function readRuns(
  db: Queryable,
  query: ListQuery & { readonly status?: RunStatus | undefined },
): Promise<{ data: RunSummary[]; next: string | null }> {
  const before = beforeOf(query.cursor, 'runs')
  const found = await readRunRows(db, { status: query.status, before, limit: query.limit + 1 })
  const { shown, next } = cut(found, query.limit, 'runs')
  return { data: shown.map(toSummary), next }
}

/**
 * One run with its tasks.
 * @throws StockyardError `RUN_UNKNOWN`
 */
export async function readRun(db: Queryable, id: number): Promise<RunDetails> {
  const [found] = await readRunRows(db, { id, limit: 1 })
  if (found === undefined) {
    throw new StockyardError('not-found', 'RUN_UNKNOWN', `The store has no run ${id}.`, {
      hint: 'List them: stockyard runs',
    })
  }
  return { ...toSummary(found), tasks: await readTaskRows(db, id) }
}

function toSummary({ id, startedAt, finishedAt, firstError, ...same }: StoredRun): RunSummary {
  return {
    run: id,
    ...same,
    started_at: formatInstant(startedAt),
    finished_at: finishedAt === null ? null : formatInstant(finishedAt),
    error: firstError,
  }
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
}

export interface RejectQuery extends ListQuery {
  readonly symbol?: string | undefined
  readonly provider?: string | undefined
  readonly rule?: string | undefined
  readonly run?: number | undefined
}

/**
 * Rejects, newest first.
 * @throws StockyardError `CURSOR_INVALID`, `SYMBOL_INVALID`
 */
export async function readRejects(
  db: Queryable,
  query: RejectQuery,
): Promise<{ data: RejectRow[]; next: string | null }> {
  const found = await readRejectRows(db, {
    symbol: query.symbol === undefined ? undefined : requireSymbol(query.symbol),
    provider: query.provider,
    rule: query.rule,
    runId: query.run,
    before: beforeOf(query.cursor, 'rejects'),
    limit: query.limit + 1,
  })
  const { shown, next } = cut(found, query.limit, 'rejects')
  return { data: shown.map(toRejectRow), next }
}

function toRejectRow({ ts, runId, rejectedAt, ...same }: StoredReject): RejectRow {
  return {
    ...same,
    // A reject can be of an absurd instant on a daily series: then the whole instant is shown.
    ts:
      ts === null
        ? null
        : isDay(ts, same.interval as Interval)
          ? formatBarKey('1d', ts)
          : formatInstant(ts),
    run: runId,
    rejected_at: formatInstant(rejectedAt),
  }
}

function isDay(ts: number, interval: Interval): boolean {
  return !isIntraday(interval) && ts % 86_400_000 === 0
}

function beforeOf(cursor: string | undefined, kind: string): number | undefined {
  return cursor === undefined ? undefined : decodeCursor(cursor, kind, ['number'])[0]
}

function cut<T extends { readonly id: number }>(
  found: readonly T[],
  limit: number,
  kind: string,
): { shown: T[]; next: string | null } {
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = last !== undefined && found.length > limit
  return { shown, next: hasMore ? encodeCursor(kind, [last.id]) : null }
}
