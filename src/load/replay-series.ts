/** The archived answers of one series: read again, checked, and loaded oldest first. */
import type { Entry } from '../archive/entry.ts'
import { takeBars } from '../domain/bar-batch.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { formatDate } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { Pool } from '../db/connect.ts'
import { finishTask, startTask, type TaskCounts } from '../db/runs.ts'
import { findExchange } from '../db/series.ts'
import type { Provider } from '../providers/provider.ts'
import { findLastWords } from './last-words.ts'
import { loadAnswer, type Destination } from './load-answer.ts'
import { answerNotes } from './known-sessions.ts'
import type { CalendarOf } from './open-calendars.ts'
import {
  isTrouble,
  rereadAnswer,
  type ArchivedSeries,
  type Reread,
  type RereadFailure,
} from './reread-answer.ts'

export interface ReplayContext {
  readonly pool: Pool
  /** Folder of the archive. */
  readonly root: string
  /** The vendors whose answers are read. */
  readonly providers: readonly Provider[]
  readonly signal?: AbortSignal
  /** The calendars with what was recorded since the release; absent: as they are built in. */
  readonly calendarOf?: CalendarOf
  /** Told of each series when it is done. */
  readonly onSeries?: (series: ReplayedSeries) => void
}

/** An archived answer that brought nothing. */
export interface SilentAnswer {
  readonly received_at: string
  readonly provider: string
  readonly symbol: string
  readonly interval: Interval
  readonly failure: RereadFailure
  readonly message: string
  /** Where its body is in the archive. */
  readonly body: string
}

export interface ReplayedSeries extends TaskCounts {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly status: 'succeeded' | 'failed'
  /** Answers that were read, and those of them that brought bars. */
  readonly answers: number
  readonly loaded: number
  readonly watermark: string | null
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null
}

/** The archived answers of one series, oldest first. */
export interface Found {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: Provider
  readonly entries: Entry[]
}

const COUNTS = ['fetched', 'inserted', 'updated', 'unchanged', 'rejected'] as const

/** What a series has come to so far. */
interface Tally {
  readonly counts: Record<(typeof COUNTS)[number], number>
  readonly notes: Set<string>
  watermark: number | null
  loaded: number
  troubles: number
}

/**
 * Reads a series again.
 * @param runId null to read and check only
 * @param silent takes the answers that brought nothing
 */
export async function replaySeries(
  context: ReplayContext,
  found: Found,
  runId: number | null,
  taskNumber: number,
  silent: SilentAnswer[],
): Promise<ReplayedSeries> {
  const { pool, root, signal, calendarOf = getCalendar } = context
  const { symbol, interval, provider, entries } = found
  const calendar = calendarOf(await findExchange(pool, symbol))
  const series = { symbol, interval, provider: provider.id, basis: provider.basis }
  const archived: ArchivedSeries = { series, provider, calendar }
  if (runId !== null) await startTask(pool, runId, taskNumber)
  const words = await findLastWords(root, entries, archived, signal)
  const rereads = new Set(entries.map((entry) => entry.receivedAt))
  const tally: Tally = {
    counts: { fetched: 0, inserted: 0, updated: 0, unchanged: 0, rejected: 0 },
    notes: new Set(),
    watermark: null,
    loaded: 0,
    troubles: 0,
  }
  for (const entry of entries) {
    signal?.throwIfAborted()
    const read = words.oldBasis.has(entry) ? OLD_BASIS : await rereadAnswer(root, entry, archived)
    if (!read.ok) {
      if (isTrouble(entry, read.failure)) tally.troubles += 1
      silent.push(silentAnswer(entry, found, read))
    } else if (runId === null) {
      count(tally, read)
    } else {
      const to = { ...archived, runId, taskNumber }
      await load(pool, read, to, { rows: words.rows.get(entry), rereads }, tally)
    }
  }
  return await finish(pool, found, runId, taskNumber, tally)
}

const OLD_BASIS: Reread = {
  ok: false,
  failure: 'old-basis',
  message: 'Its prices are from before a split; later answers have them restated.',
}

type GoodReread = Reread & { readonly ok: true }

/** Counts without storing. */
function count(tally: Tally, { answer, checked }: GoodReread): void {
  tally.loaded += 1
  tally.counts.fetched += answer.batch.length + answer.unreadable.length
  tally.counts.rejected += checked.rejects.length + answer.unreadable.length
}

async function load(
  pool: Pool,
  { answer, checked }: GoodReread,
  to: Destination,
  how: { readonly rows: Uint32Array | undefined; readonly rereads: ReadonlySet<number> },
  tally: Tally,
): Promise<void> {
  const { rows, rereads } = how
  const batch = rows === undefined ? checked.batch : takeBars(checked.batch, rows)
  const loaded = await loadAnswer(pool, answer, checked, to, { batch, rereads })
  tally.loaded += 1
  for (const name of COUNTS) tally.counts[name] += loaded[name]
  for (const note of answerNotes(to.series.symbol, answer, to.calendar)) tally.notes.add(note)
  tally.watermark = loaded.watermark
}

async function finish(
  pool: Pool,
  { symbol, interval, provider, entries }: Found,
  runId: number | null,
  taskNumber: number,
  { counts, notes, watermark, loaded, troubles }: Tally,
): Promise<ReplayedSeries> {
  const error = troubles === 0 ? null : unreadable(troubles, entries.length)
  const status = error === null ? 'succeeded' : 'failed'
  if (runId !== null) {
    await finishTask(pool, runId, taskNumber, {
      status,
      provider: provider.id,
      requests: 0,
      watermark,
      notes: [...notes],
      error,
    })
  }
  return {
    symbol,
    interval,
    provider: provider.id,
    status,
    answers: entries.length,
    loaded,
    ...counts,
    watermark: watermark === null ? null : formatDate(watermark),
    error,
  }
}

function unreadable(troubles: number, answers: number) {
  return {
    code: 'ARCHIVE_UNREADABLE',
    message: `${troubles} of ${answers} archived answers cannot be read any more.`,
    hint: 'stockyard replay lists them; what could be read is stored.',
  }
}

function silentAnswer(
  entry: Entry,
  { symbol, interval, provider }: Found,
  { failure, message }: Reread & { readonly ok: false },
): SilentAnswer {
  return {
    received_at: new Date(entry.receivedAt).toISOString(),
    provider: provider.id,
    symbol,
    interval,
    failure,
    message,
    body: `${entry.folder}/${entry.sha256}.zst`,
  }
}
