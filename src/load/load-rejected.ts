/** Bars out of rejects, loaded the way of any bar: in a run of their own, so that their origin shows. */
import { inTransaction, type Pool } from '../db/connect.ts'
import { readRejectedSeries, type RejectedSeries, type StoredReject } from '../db/read-rejects.ts'
import { finishRun, finishTask, startRun, startTask } from '../db/runs.ts'
import { findStoreKind } from '../db/store-kind.ts'
import { makeBatch, VALUE_COLUMNS, type BarBatch } from '../domain/bar-batch.ts'
import { settleMsOf } from '../providers/registry.ts'
import { loadBatch, type Load, type Loaded } from './load-batch.ts'
import type { CalendarOf } from './open-calendars.ts'

export interface RejectContext {
  readonly pool: Pool
  readonly calendarOf: CalendarOf
}

/** The bar of a reject, as it is to be stored. */
export interface RejectedBar {
  readonly reject: StoredReject
  readonly ts: number
  /** open, high, low, close, volume, vwap, trades; NaN where absent. */
  readonly values: readonly number[]
}

/** `unchanged` where the store had it so already, or has a newer word of the vendor that stands. */
export type LoadedAs = 'inserted' | 'updated' | 'unchanged'

export interface LoadedRejects {
  readonly runId: number
  /** By the id of the reject. */
  readonly outcomes: ReadonlyMap<number, LoadedAs>
}

/** Which run it is, for whoever asks later where a bar came from. */
interface Origin {
  readonly job: string
  readonly options: Readonly<Record<string, unknown>>
  /** `all` where a person decided; otherwise newer answers keep the last word. */
  readonly rereads?: Load['rereads'] | undefined
}

/**
 * Loads bars of rejects as of the day on which their answers came; a final bar that changes is a
 * revision as any other.
 * @throws StockyardError kind `database`; `PROVIDER_UNKNOWN`
 */
export async function loadRejected(
  context: RejectContext,
  bars: readonly RejectedBar[],
  origin: Origin,
): Promise<LoadedRejects> {
  const { pool } = context
  const groups = Map.groupBy(bars, ({ reject }) => reject.seriesId)
  const series = await readRejectedSeries(pool, [...groups.keys()])
  const tasks = [...groups].map(([seriesId, group]) => ({ ...series.get(seriesId)!, group }))
  const keys = tasks.map(({ key }) => key)
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, origin.job, origin.options, keys),
  )
  const outcomes = new Map<number, LoadedAs>()
  try {
    for (const [index, task] of tasks.entries()) {
      await loadTask(
        context,
        task,
        { runId, taskNumber: index + 1, rereads: origin.rereads },
        outcomes,
      )
    }
  } catch (error) {
    await finishRun(pool, runId, 'interrupted')
    throw error
  }
  await finishRun(pool, runId, 'succeeded')
  return { runId, outcomes }
}

/** The bars of one series, each a load of its own, since each came at a time of its own. */
async function loadTask(
  { pool, calendarOf }: RejectContext,
  { key, exchange, group }: RejectedSeries & { readonly group: readonly RejectedBar[] },
  how: Pick<Load, 'runId' | 'taskNumber'> & Pick<Origin, 'rereads'>,
  outcomes: Map<number, LoadedAs>,
): Promise<void> {
  const { runId, taskNumber, rereads } = how
  await startTask(pool, runId, taskNumber)
  const simulated = (await findStoreKind(pool)) === 'simulated'
  let watermark: number | null = null
  for (const bar of group) {
    const loaded = await loadBatch(pool, {
      series: key,
      calendar: calendarOf(exchange),
      settleMs: settleMsOf(key.provider),
      runId,
      taskNumber,
      batch: batchOf(bar),
      rejects: [],
      fetched: 1,
      covers: null,
      continuesFrom: null,
      receivedAt: receivedAtOf(bar.reject),
      actions: null,
      simulated,
      ...(rereads === undefined ? {} : { rereads }),
    })
    watermark = loaded.watermark
    outcomes.set(bar.reject.id, outcomeOf(loaded))
  }
  await finishTask(pool, runId, taskNumber, {
    status: 'succeeded',
    provider: key.provider,
    requests: 0,
    watermark,
    notes: [`bars of rejects ${group.map(({ reject }) => reject.id).join(', ')}`],
    error: null,
  })
}

/** When the answer of a reject came; for old rejects, when it was refused, which was right after. */
export function receivedAtOf({ receivedAt, rejectedAt }: StoredReject): number {
  return receivedAt ?? rejectedAt
}

/** True for prices that the vendor has restated since, for a split that came after the answer. */
export function isOldBasis(reject: StoredReject, { key, lastSplitDay }: RejectedSeries): boolean {
  return key.basis === 'split' && lastSplitDay !== null && lastSplitDay > receivedAtOf(reject)
}

function outcomeOf({ inserted, updated }: Loaded): LoadedAs {
  if (inserted > 0) return 'inserted'
  return updated > 0 ? 'updated' : 'unchanged'
}

/** A batch of one bar. */
export function batchOf({ ts, values }: Omit<RejectedBar, 'reject'>): BarBatch {
  const batch = makeBatch(1)
  batch.ts[0] = ts
  VALUE_COLUMNS.forEach((column, i) => {
    batch[column][0] = values[i]!
  })
  return batch
}
