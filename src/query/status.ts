/** What is stored, series by series, and how fresh it is. */
import { formatDate } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { PlainFacts } from '../domain/plain-facts.ts'
import type { Queryable } from '../db/connect.ts'
import { getInstrument } from '../db/instruments.ts'
import {
  readSeriesStates,
  readTotals,
  type SeriesState,
  type StoreTotals,
} from '../db/read-series.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { changeOf } from './latest.ts'
import { formatBarKey, formatInstant, type BarState } from './rows.ts'

/** One series: `first` and `last` are keys of bars, that is, instants or dates. */
export interface SeriesStatus {
  readonly symbol: string
  readonly name: string | null
  readonly interval: Interval
  readonly provider: string
  readonly basis: 'raw' | 'split'
  readonly bars: number
  readonly first: string | null
  readonly last: string | null
  /** Close of the last bar, and its change since the bar before. */
  readonly price: number | null
  readonly change: number | null
  readonly change_percent: number | null
  readonly state: BarState | null
  /** Up to which session the series is complete and final. */
  readonly watermark: string | null
  /** When the newest answer came, and when it last changed a bar. */
  readonly observed_at: string | null
  readonly changed_at: string | null
  /** What the vendor says of the series beside its bars; null where it says nothing. */
  readonly metadata: PlainFacts | null
  readonly simulated: boolean
}

export interface StatusQuery {
  readonly symbol?: string | undefined
  readonly interval?: Interval | undefined
  readonly provider?: string | undefined
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

export interface StatusAnswer {
  readonly data: readonly SeriesStatus[]
  readonly next: string | null
}

/**
 * The series of the store by symbol; without a limit, all.
 * @throws StockyardError `CURSOR_INVALID`, `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function readStatus(db: Queryable, query: StatusQuery = {}): Promise<StatusAnswer> {
  const instrument = query.symbol === undefined ? undefined : await getInstrument(db, query.symbol)
  const [symbol, id] =
    query.cursor === undefined
      ? [undefined, 0]
      : decodeCursor(query.cursor, 'status', ['string', 'number'])
  const { limit } = query
  const states = await readSeriesStates(db, {
    instrumentId: instrument?.id,
    interval: query.interval,
    provider: query.provider,
    after: symbol === undefined ? undefined : { symbol, id },
    limit: limit === undefined ? undefined : limit + 1,
  })
  const shown = states.slice(0, limit)
  const last = shown.at(-1)
  const next =
    last !== undefined && states.length > shown.length
      ? encodeCursor('status', [last.symbol, last.id])
      : null
  return { data: shown.map(toStatus), next }
}

function toStatus(state: SeriesState): SeriesStatus {
  const { last, interval } = state
  return {
    symbol: state.symbol,
    name: state.name,
    interval,
    provider: state.provider,
    basis: state.basis,
    bars: state.bars,
    first: state.firstBar === null ? null : formatBarKey(interval, state.firstBar),
    last: last === null ? null : formatBarKey(interval, last.ts),
    price: last?.close ?? null,
    ...(last === null
      ? { change: null, change_percent: null }
      : changeOf(last.close, state.previousClose)),
    state: last === null ? null : last.final ? 'final' : 'provisional',
    watermark: state.watermarkDay === null ? null : formatDate(state.watermarkDay),
    observed_at: state.observedAt === null ? null : formatInstant(state.observedAt),
    changed_at: state.changedAt === null ? null : formatInstant(state.changedAt),
    metadata: state.metadata,
    simulated: state.simulated,
  }
}

/** Sums over the whole store. */
export async function readOverview(db: Queryable): Promise<StoreTotals> {
  return await readTotals(db)
}
