/** One archived answer, read and checked again as if it had just come. */
import type { Entry } from '../archive/entry.ts'
import { readArchivedBody } from '../archive/read-archive.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { messageOf } from '../domain/error.ts'
import type { SeriesKey } from '../db/series.ts'
import { redact } from '../log.ts'
import type {
  BarAnswer,
  BarRequest,
  FailureClass,
  Provider,
  VendorFailure,
} from '../providers/provider.ts'
import type { CheckedBars } from '../validate/validate-batch.ts'
import { requireAnswerFor, type AskedBars } from './ask.ts'
import { checkAnswer } from './load-answer.ts'

/**
 * Why an archived answer brought nothing: what the vendor said in it, or
 * - `gone`: its body was removed to make room; `damaged`: its file is not what was written
 * - `crash`: reading it threw; `other-symbol`: it is for another symbol than was asked for
 * - `old-basis`: its prices are from before a split after which the vendor restated them
 */
export type RereadFailure =
  | FailureClass
  | 'gone'
  | 'damaged'
  | 'crash'
  | 'other-symbol'
  | 'old-basis'

/** Failures that are nothing to worry about, though the answer was understood when it came. */
const EXPECTED: ReadonlySet<RereadFailure> = new Set(['gone', 'old-basis', 'other-symbol'])

/** True where less is understood than when the answer came, or the archive is at fault. */
export function isTrouble(entry: Entry, failure: RereadFailure): boolean {
  if (failure === 'crash' || failure === 'damaged') return true
  return entry.outcome === 'data' && !EXPECTED.has(failure)
}

export interface ArchivedSeries {
  readonly series: SeriesKey
  readonly provider: Provider
  readonly calendar: Calendar
}

export type Reread =
  | { readonly ok: true; readonly answer: AskedBars; readonly checked: CheckedBars }
  | { readonly ok: false; readonly failure: RereadFailure; readonly message: string }

/** Reads and checks an archived answer to a call for bars. */
export async function rereadAnswer(
  root: string,
  entry: Entry,
  archived: ArchivedSeries,
): Promise<Reread> {
  const { provider, calendar } = archived
  const request = requestOf(entry)
  const body = await readArchivedBody(root, entry)
  if (body === 'gone') return failed('gone', 'Its body was removed to make room.')
  if (body === 'damaged') return failed('damaged', 'Its body is not what was written.')
  const { status, contentType, receivedAt, simulated, baseUrl } = entry
  let read: BarAnswer | VendorFailure
  try {
    const { bytes } = body
    const context = { calendar, receivedAt, baseUrl }
    read = provider.parseBars({ status, contentType, bytes }, request, context)
  } catch (error) {
    return failed('crash', messageOf(error))
  }
  if (!read.ok) return failed(read.failure, read.message)
  try {
    requireAnswerFor(request.symbol, read.symbol, provider)
  } catch (error) {
    return failed('other-symbol', messageOf(error))
  }
  const answer = { ...read, request, receivedAt, simulated }
  return { ok: true, answer, checked: checkAnswer(answer, archived) }
}

/** The call that was made; where it went and its key matter no more. */
function requestOf(entry: Entry): BarRequest {
  if (entry.bars === null) throw new Error('only answers to calls for bars are read again')
  const { path, params } = entry
  return { ...entry.bars, request: { path, params }, fallback: null }
}

function failed(failure: RereadFailure, message: string): Reread {
  return { ok: false, failure, message: redact(message) }
}
