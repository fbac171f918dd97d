/**
 * Reads archived answers again with today's parsers and loads them as a fetch does, without a call, so
 * that a mended parser mends history. Each bar is taken from the newest answer that has it, so that
 * reading twice changes nothing; what was final is judged as of the day on which an answer came.
 */
import type { Entry } from '../archive/entry.ts'
import { forEachEntry, type Received } from '../archive/read-archive.ts'
import { inTransaction, type Pool } from '../db/connect.ts'
import { closeAbandonedRuns, finishRun, startRun, type TaskCounts } from '../db/runs.ts'
import { findStoreKind } from '../db/store-kind.ts'
import { StockyardError } from '../domain/error.ts'
import { findOwners } from './follow-renames.ts'
import {
  replaySeries,
  type Found,
  type ReplayContext,
  type ReplayedSeries,
  type SilentAnswer,
} from './replay-series.ts'

export interface ReplayWish {
  /** Upper case; empty for all. */
  readonly symbols: readonly string[]
  /** Instants of receipt. */
  readonly received: Received
  /** Reads and checks, and stores nothing. */
  readonly dryRun: boolean
}

export interface ReplaySummary extends TaskCounts {
  /** Null for a dry run. */
  readonly run: number | null
  readonly status: 'succeeded' | 'partial' | 'failed'
  readonly symbols: number
  /** Always 0: nothing is asked. */
  readonly requests: number
  readonly answers: {
    readonly read: number
    readonly loaded: number
    /** Not of this store's kind (real or simulated). */
    readonly other_kind: number
    /** Lines of the archive that a crash cut off. */
    readonly damaged_lines: number
  }
  readonly tasks: readonly ReplayedSeries[]
  readonly silent: readonly SilentAnswer[]
}

/**
 * Reads and loads the archived answers to calls for bars.
 * @throws StockyardError kind `database`; whatever reading the archive's folder throws
 */
export async function replay(context: ReplayContext, wish: ReplayWish): Promise<ReplaySummary> {
  const { pool } = context
  const collected = await collect(context, wish)
  const runId = wish.dryRun ? null : await openRun(pool, wish, collected.found)
  const tasks: ReplayedSeries[] = []
  const silent: SilentAnswer[] = []
  try {
    for (const [index, found] of collected.found.entries()) {
      const task = await replaySeries(context, found, runId, index + 1, silent)
      tasks.push(task)
      context.onSeries?.(task)
    }
  } catch (error) {
    if (context.signal?.aborted !== true) throw error
    if (runId !== null) await finishRun(pool, runId, 'interrupted')
    throw interruptedError()
  }
  const summary = summarize(runId, collected, tasks, silent)
  if (runId !== null) await finishRun(pool, runId, summary.status)
  return summary
}

interface Collected {
  readonly found: readonly Found[]
  readonly otherKind: number
  readonly damagedLines: number
}

async function collect(context: ReplayContext, wish: ReplayWish): Promise<Collected> {
  const all: Entry[] = []
  const providers = new Map(context.providers.map((provider) => [provider.id, provider]))
  const damagedLines = await forEachEntry(context.root, wish.received, (entry) => {
    const { bars } = entry
    if (bars === null || !providers.has(entry.provider)) return
    all.push(entry)
  })
  const ownerOf = await findOwners(context.pool, all)
  const isWanted = (entry: Entry, owner: string) =>
    wish.symbols.length === 0 ||
    wish.symbols.includes(owner) ||
    wish.symbols.includes(entry.bars!.symbol)
  const kind = await findStoreKind(context.pool)
  // A store that holds nothing yet becomes one of the kind that was archived last.
  const newest = all.findLast((entry) => isWanted(entry, ownerOf(entry)))
  const simulated = kind === null ? newest?.simulated === true : kind === 'simulated'
  const groups = new Map<string, Found>()
  let otherKind = 0
  for (const entry of all) {
    const symbol = ownerOf(entry)
    if (!isWanted(entry, symbol)) continue
    if (entry.simulated !== simulated) {
      otherKind += 1
      continue
    }
    const { interval } = entry.bars!
    const key = JSON.stringify([symbol, interval, entry.provider])
    const provider = providers.get(entry.provider)!
    const group = groups.get(key) ?? { symbol, interval, provider, entries: [] }
    group.entries.push(entry)
    groups.set(key, group)
  }
  return { found: [...groups.values()], otherKind, damagedLines }
}

async function openRun(pool: Pool, wish: ReplayWish, found: readonly Found[]): Promise<number> {
  const options = {
    symbols: wish.symbols,
    from: isoInstant(wish.received.from),
    until: isoInstant(wish.received.until),
  }
  const tasks = found.map(({ symbol, interval, provider }) => ({
    symbol,
    interval,
    provider: provider.id,
  }))
  await closeAbandonedRuns(pool)
  return await inTransaction(pool, (connection) => startRun(connection, 'replay', options, tasks))
}

function isoInstant(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString()
}

function interruptedError(): StockyardError {
  return new StockyardError('incomplete', 'INTERRUPTED', 'The work was interrupted.', {
    hint: 'Run the same command again: what is stored already stays as it is.',
  })
}

function summarize(
  run: number | null,
  collected: Collected,
  tasks: readonly ReplayedSeries[],
  silent: readonly SilentAnswer[],
): ReplaySummary {
  const sum = (pick: (task: ReplayedSeries) => number) =>
    tasks.reduce((total, task) => total + pick(task), 0)
  const failed = tasks.filter((task) => task.status === 'failed').length
  let status: ReplaySummary['status'] = 'succeeded'
  if (failed > 0) status = failed === tasks.length ? 'failed' : 'partial'
  return {
    run,
    status,
    symbols: new Set(tasks.map((task) => task.symbol)).size,
    requests: 0,
    fetched: sum((task) => task.fetched),
    inserted: sum((task) => task.inserted),
    updated: sum((task) => task.updated),
    unchanged: sum((task) => task.unchanged),
    rejected: sum((task) => task.rejected),
    answers: {
      read: sum((task) => task.answers),
      loaded: sum((task) => task.loaded),
      other_kind: collected.otherKind,
      damaged_lines: collected.damagedLines,
    },
    tasks,
    silent,
  }
}
