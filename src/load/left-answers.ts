/**
 * Answers that were paid for and not stored: a process that is killed while it stores one has it in the
 * archive already, so the next run takes it from there and spends no call on it.
 */
import type { Entry } from '../archive/entry.ts'
import { forEachEntry } from '../archive/read-archive.ts'
import type { Archive } from '../archive/archived-answer.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import type { Pool } from '../db/connect.ts'
import { listCutOffTasks } from '../db/runs.ts'
import { findHead, type SeriesKey } from '../db/series.ts'
import { findStoreKind } from '../db/store-kind.ts'
import type { Provider } from '../providers/provider.ts'
import { rereadAnswer, type Reread } from './reread-answer.ts'

/** The newest answer of each series whose work was cut off, by `keyOf`. Who takes one removes it. */
export type LeftAnswers = Map<string, Entry>

/** Hosts may differ by this much about the time at which a run began. */
const SKEW_MS = 3_600_000

function keyOf({
  symbol,
  interval,
  provider,
}: Pick<SeriesKey, 'symbol' | 'interval' | 'provider'>) {
  return JSON.stringify([symbol, interval, provider])
}

/** Finds them; reads nothing of the archive where no run was cut off. */
export async function findLeftAnswers(
  pool: Pool,
  archive: Archive | undefined,
): Promise<LeftAnswers> {
  const left: LeftAnswers = new Map()
  if (archive?.root === undefined) return left
  const tasks = await listCutOffTasks(pool)
  if (tasks.length === 0) return left
  const simulated = (await findStoreKind(pool)) === 'simulated'
  const since = new Map(tasks.map((task) => [keyOf(task), task.startedAt - SKEW_MS]))
  const from = Math.min(...since.values())
  await forEachEntry(archive.root, { from, until: null }, (entry) => {
    const { bars, provider, outcome } = entry
    if (bars === null || outcome !== 'data' || entry.simulated !== simulated) return
    const key = keyOf({ ...bars, provider })
    if (entry.receivedAt >= (since.get(key) ?? Infinity)) left.set(key, entry)
  })
  return left
}

/**
 * The answer that was left of a series, read and checked; null where there is none, the store has it, or it
 * cannot be read any more. Loads go by the order of the answers, so that only the newest can be missing.
 */
export async function takeLeftAnswer(
  pool: Pool,
  { root }: Archive,
  left: LeftAnswers,
  archived: {
    readonly series: SeriesKey
    readonly provider: Provider
    readonly calendar: Calendar
  },
): Promise<(Reread & { readonly ok: true }) | null> {
  const key = keyOf(archived.series)
  const entry = left.get(key)
  if (entry === undefined || root === undefined) return null
  left.delete(key)
  const head = await findHead(pool, archived.series)
  if ((head?.observedAt ?? -Infinity) >= entry.receivedAt) return null
  const read = await rereadAnswer(root, entry, archived)
  return read.ok ? read : null
}
