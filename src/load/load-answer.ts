/** The second half of a bar's way: an answer that was read is checked and stored. */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { isIntraday } from '../domain/interval.ts'
import { plainFacts } from '../domain/plain-facts.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Pool } from '../db/connect.ts'
import type { SeriesKey } from '../db/series.ts'
import type { Provider, UnreadableRow } from '../providers/provider.ts'
import { isSaneTs } from '../validate/describe.ts'
import { validateBatch, type CheckedBars } from '../validate/validate-batch.ts'
import type { AskedBars } from './ask.ts'
import { firstReference } from './first-reference.ts'
import { loadBatch, type Load, type Loaded } from './load-batch.ts'

/** Where an answer's bars go. */
export interface Destination {
  readonly series: SeriesKey
  readonly provider: Provider
  readonly calendar: Calendar
  readonly runId: number
  readonly taskNumber: number
}

/** The good rows of an answer, and the others with their reasons. */
export function checkAnswer(
  answer: AskedBars,
  { series, provider, calendar }: Pick<Destination, 'series' | 'provider' | 'calendar'>,
): CheckedBars {
  const { asked } = answer.request
  return validateBatch(answer, {
    interval: series.interval,
    calendar,
    from: asked?.from ?? null,
    until: asked?.until ?? null,
    now: answer.receivedAt,
    basis: provider.basis,
    needsVolume: needsVolume(provider, series.symbol),
  })
}

/** True where a row without a volume was not understood: indices and currencies have none. */
export function needsVolume(provider: Pick<Provider, 'hasVolume'>, symbol: string): boolean {
  return provider.hasVolume && readSymbolMeaning(symbol).kind === 'stock'
}

/**
 * The start of the bar that an unreadable row stands for, where a session that was asked for has it; null for
 * a row that may have stood for any.
 */
function placeOf(
  { ts }: UnreadableRow,
  { request: { asked } }: AskedBars,
  { series, calendar }: Pick<Destination, 'series' | 'calendar'>,
): number | null {
  if (ts === undefined || !isSaneTs(ts)) return null
  const day = isIntraday(series.interval) ? calendar.localDay(ts) : ts
  const isAsked = asked === null || (day >= asked.from && day < asked.until)
  return isAsked && calendar.session(day) !== null ? ts : null
}

/**
 * Stores an answer that was checked.
 * @param batch the good rows that are to be stored: all of them, or fewer where later answers are known
 */
export async function loadAnswer(
  pool: Pool,
  answer: AskedBars,
  checked: CheckedBars,
  to: Destination,
  rest: { readonly batch?: BarBatch; readonly rereads?: Load['rereads'] } = {},
): Promise<Loaded> {
  const unreadable = answer.unreadable.map((row) => ({ ...row, ts: placeOf(row, answer, to) }))
  return await loadBatch(pool, {
    series: to.series,
    calendar: to.calendar,
    settleMs: to.provider.settleMs,
    runId: to.runId,
    taskNumber: to.taskNumber,
    batch: rest.batch ?? checked.batch,
    rejects: [...unreadable, ...checked.rejects],
    fetched: answer.batch.length + unreadable.length,
    covers: answer.request.covers,
    continuesFrom: answer.next?.asked?.from ?? null,
    receivedAt: answer.receivedAt,
    actions: answer.actions ?? null,
    simulated: answer.simulated,
    ...saidIn(answer, to),
    ...(rest.rereads === undefined ? { isWholeAnswer: true } : { rereads: rest.rereads }),
  })
}

/** What an answer says beside its bars; under a symbol of before it says what that was. */
function saidIn(
  { overview, metadata, request }: AskedBars,
  { series, provider, calendar }: Destination,
): Pick<Load, 'reference' | 'metadata'> {
  if (request.symbol !== series.symbol) return {}
  const { exchange } = calendar
  return {
    ...(overview === undefined
      ? {}
      : { reference: firstReference(provider.id, overview, exchange) }),
    ...(metadata === undefined ? {} : { metadata: plainFacts(metadata) }),
  }
}
