/** Which rows of a series' archived answers are the newest of their bars: only they are stored again. */
import type { Entry } from '../archive/entry.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import type { CorporateActions } from '../providers/provider.ts'
import { rereadAnswer, type ArchivedSeries } from './reread-answer.ts'

export interface LastWords {
  /** Indexes of the good rows of an answer that no later one has; null where that is all of them. */
  readonly rows: ReadonlyMap<Entry, Uint32Array>
  /** Answers whose prices are from before a split after which the vendor restated them. */
  readonly oldBasis: ReadonlySet<Entry>
}

/**
 * Looks through the answers of a series, which are given oldest first, from the newest back. An answer
 * that is not in `rows` has the last word on all its bars.
 */
export async function findLastWords(
  root: string,
  entries: readonly Entry[],
  archived: ArchivedSeries,
  signal: AbortSignal | undefined,
): Promise<LastWords> {
  const rows = new Map<Entry, Uint32Array>()
  const oldBasis = new Set<Entry>()
  if (entries.length < 2) return { rows, oldBasis }
  const { calendar, provider } = archived
  const seen = new Set<number>()
  let restatedAt = -Infinity
  for (const entry of entries.toReversed()) {
    signal?.throwIfAborted()
    if (entry.receivedAt < restatedAt) {
      oldBasis.add(entry)
      continue
    }
    const read = await rereadAnswer(root, entry, archived)
    if (!read.ok) continue
    const { ts } = read.checked.batch
    const own: number[] = []
    for (let i = 0; i < ts.length; i += 1) if (!seen.has(ts[i]!)) own.push(i)
    if (own.length < ts.length) rows.set(entry, Uint32Array.from(own))
    for (const index of own) seen.add(ts[index]!)
    if (provider.basis !== 'split') continue
    const splitAt = newestSplit(read.answer.actions, calendar, entry.receivedAt)
    restatedAt = Math.max(restatedAt, splitAt)
  }
  return { rows, oldBasis }
}

/** When the newest split that an answer tells of took effect: the opening of its session. */
function newestSplit(
  actions: CorporateActions | undefined,
  calendar: Calendar,
  receivedAt: number,
): number {
  const opens = (actions?.splits ?? []).map(
    ({ day }) => calendar.session(day)?.open ?? calendar.instantAt(day, 0),
  )
  return Math.max(-Infinity, ...opens.filter((open) => open <= receivedAt))
}
