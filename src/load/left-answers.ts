/**
 * Answers that were paid for and not stored: a process that is killed while it stores one has it in the
 * archive already, so the next run takes it from there and spends no call on it.
 */
import type { Entry } from '../archive/entry.ts'
import { forEachEntry } from '../archive/read-archive.ts'
import { listCutOffTasks } from '../db/runs.ts'
import { findHead, type SeriesKey } from '../db/series.ts'
import { findStoreKind } from '../db/store-kind.ts'
import { messageOf } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import type { AskContext } from './ask.ts'
import { rereadAnswer, type ArchivedSeries, type Reread } from './reread-answer.ts'

/** The answers of each series whose work was cut off, oldest first, by `keyOf`. Who takes them removes them. */
export type LeftAnswers = Map<string, Entry[]>

/** Hosts may differ by this much about the time at which a run began. */
const SKEW_MS = 3_600_000

function keyOf({
  symbol,
  interval,
  provider,
}: Pick<SeriesKey, 'symbol' | 'interval' | 'provider'>) {
  return JSON.stringify([symbol, interval, provider])
}

/**
 * Finds those of some series; reads nothing of the archive where no run was cut off at one of them. What
 * cannot be read is asked for again, and stops nothing.
 */
export async function findLeftAnswers(
  { pool, archive, log }: Pick<AskContext, 'pool' | 'archive' | 'log'>,
  wanted: readonly { readonly symbol: string; readonly interval: Interval }[],
): Promise<LeftAnswers> {
  const left: LeftAnswers = new Map()
  if (archive?.root === undefined) return left
  const isWanted = new Set(wanted.map(({ symbol, interval }) => `${symbol} ${interval}`))
  const cutOff = await listCutOffTasks(pool)
  const tasks = cutOff.filter(({ symbol, interval }) => isWanted.has(`${symbol} ${interval}`))
  if (tasks.length === 0) return left
  const simulated = (await findStoreKind(pool)) === 'simulated'
  const since = new Map(tasks.map((task) => [keyOf(task), task.startedAt - SKEW_MS]))
  const from = Math.min(...since.values())
  try {
    await forEachEntry(archive.root, { from, until: null }, (entry) => {
      const { bars, provider, outcome } = entry
      if (bars === null || outcome !== 'data' || entry.simulated !== simulated) return
      const key = keyOf({ ...bars, provider })
      if (entry.receivedAt < (since.get(key) ?? Infinity)) return
      const entries = left.get(key)
      if (entries === undefined) left.set(key, [entry])
      else entries.push(entry)
    })
  } catch (error) {
    log.warn({ archive: archive.root, reason: messageOf(error) }, 'the archive cannot be read')
    return new Map()
  }
  return left
}

/**
 * The answers that were left of a series, read and checked, oldest first. None where all coverage was
 * forgotten since, as after a split: then they are on the old basis.
 */
export async function* takeLeftAnswers(
  { pool, archive, left, log }: Pick<AskContext, 'pool' | 'archive' | 'left' | 'log'>,
  archived: ArchivedSeries,
): AsyncGenerator<Reread & { readonly ok: true }> {
  const key = keyOf(archived.series)
  const entries = left?.get(key)
  if (entries === undefined || archive?.root === undefined) return
  left?.delete(key)
  const head = await findHead(pool, archived.series)
  if (head !== null && head.coverage.length === 0 && head.span !== null) return
  const stored = head?.observedAt ?? -Infinity
  for (const entry of entries.filter(({ receivedAt }) => receivedAt > stored)) {
    try {
      const read = await rereadAnswer(archive.root, entry, archived)
      if (read.ok) yield read
    } catch (error) {
      log.warn({ archive: archive.root, reason: messageOf(error) }, 'an archived answer is lost')
    }
  }
}
