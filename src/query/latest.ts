/** The latest bar and the quote of a symbol. Neither reads the bars of a page where what is asked for is stored. */
import { StockyardError } from '../domain/error.ts'
import { formatDate } from '../domain/date.ts'
import type { AdjustMode } from '../domain/adjust.ts'
import type { Interval } from '../domain/interval.ts'
import type { Connection, Pool, Queryable } from '../db/connect.ts'
import { getInstrument, type Instrument } from '../db/instruments.ts'
import { findQuote } from '../db/quotes.ts'
import {
  findNewestPage,
  readSeriesStates,
  type LastBar,
  type SeriesState,
} from '../db/read-series.ts'
import { readBars, type BarQuery } from './bars.ts'
import { readCalendar } from './calendars.ts'
import { AUTO_PROVIDER, chooseNewest } from './choose-series.ts'
import { providerPriority } from './provider-priority.ts'
import { barKey, barRow, formatInstant, type BarRow } from './rows.ts'
import { isRunning } from './series-pages.ts'

export interface LatestBar extends BarRow {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  /** There where its period was not over when it was last seen. */
  readonly partial?: true
  /** There where prices are adjusted. */
  readonly adjust?: AdjustMode
  /** There where it is as of an instant. */
  readonly as_of?: string
  /** There where it was made of shorter bars. */
  readonly derived_from?: Interval
  /** What could not be done; there where there is something. */
  readonly warnings?: readonly string[]
}

/** The bar that a head carries, as JSON. */
export function lastBarRow(interval: Interval, last: LastBar): BarRow {
  const { ts, final, ...values } = last
  return { ...barKey(interval, ts), ...values, state: final ? 'final' : 'provisional' }
}

/** What is asked about a latest bar. */
export type LatestQuery = Pick<BarQuery, 'symbol' | 'interval' | 'provider' | 'now'> &
  Pick<BarQuery, 'adjust' | 'asOf' | 'live'>

/**
 * The latest bar of a symbol at an interval, provisional or final, as it is stored; where there is no series of the
 * interval, one made of shorter bars. With it comes the instrument whose news tell that it can be another: null for
 * a bar that was made, which others than the newest stored bar can change.
 * @throws StockyardError `BARS_NONE`, `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function findLatest(
  db: Pool | Connection,
  query: LatestQuery,
): Promise<{ readonly instrumentId: number | null; readonly bar: LatestBar }> {
  const { interval, provider } = query
  const instrument = await getInstrument(db, query.symbol)
  const candidates = await seriesWithBars(db, instrument, interval)
  const running = await findRunning(db, instrument, candidates)
  const series = await newestOf(db, instrument, interval, candidates, provider, running)
  if (series === null) return { instrumentId: null, bar: await readLatestBar(db, query) }
  const whose = { symbol: instrument.symbol, interval, provider: series.provider }
  const mark = running.has(series.id) ? { partial: true as const } : {}
  return {
    instrumentId: instrument.id,
    bar: { ...whose, ...lastBarRow(interval, series.last), ...mark },
  }
}

/**
 * The last bar of what a read of all bars would answer.
 * @throws StockyardError `BARS_NONE`, and what readBars throws
 */
export async function readLatestBar(db: Pool | Connection, query: LatestQuery): Promise<LatestBar> {
  const all = { from: null, until: null, session: 'all', sort: 'desc' } as const
  const answer = await readBars(db, { ...query, ...all }, 1)
  const { symbol, interval, adjust, asOf, derivedFrom, warnings } = answer
  if (answer.bars.length === 0) throw noBars({ symbol }, interval)
  const { provider, ...bar } = barRow(interval, answer, 0)
  return {
    symbol,
    interval,
    provider,
    ...bar,
    ...(adjust === 'none' ? {} : { adjust }),
    ...(asOf === null ? {} : { as_of: formatInstant(asOf) }),
    ...(derivedFrom === null ? {} : { derived_from: derivedFrom }),
    ...(warnings.length === 0 ? {} : { warnings }),
  }
}

type StateWithBars = SeriesState & { readonly last: LastBar }

async function seriesWithBars(
  db: Queryable,
  { id: instrumentId }: Instrument,
  interval: Interval,
): Promise<StateWithBars[]> {
  const states = await readSeriesStates(db, { instrumentId, interval })
  return states.filter((state): state is StateWithBars => state.last !== null)
}

/** Ids of the series whose last bar was seen before its period was over. A final bar never was. */
async function findRunning(
  db: Queryable,
  { exchange }: Instrument,
  candidates: readonly StateWithBars[],
): Promise<ReadonlySet<number>> {
  const running = new Set<number>()
  const open = candidates.filter(({ last }) => !last.final)
  if (open.length === 0) return running
  const calendar = await readCalendar(db, exchange)
  for (const { id, interval, last } of open) {
    const page = await findNewestPage(db, id)
    if (page !== null && isRunning(last.ts, page, interval, calendar)) running.add(id)
  }
  return running
}

/** The series of the latest bar; null where there are no bars. */
async function newestOf(
  db: Queryable,
  { kind }: Instrument,
  interval: Interval,
  candidates: readonly StateWithBars[],
  provider: string,
  running: ReadonlySet<number> = new Set(),
): Promise<StateWithBars | null> {
  const priority =
    candidates.length < 2 ? undefined : await providerPriority(db, { kind, interval, asOf: null })
  const endOf = ({ id, last }: StateWithBars) => ({ ...last, partial: running.has(id) })
  return chooseNewest(candidates, endOf, provider, priority)
}

function noBars({ symbol }: Pick<Instrument, 'symbol'>, interval: Interval | null): StockyardError {
  const what = interval === null ? 'bars' : `${interval} bars`
  return new StockyardError('not-found', 'BARS_NONE', `The store has no ${what} of ${symbol}.`, {
    hint: `Fetch them: stockyard fetch ${symbol}${interval === null ? '' : ` --interval ${interval}`}`,
  })
}

/** The price of now, as far as the store knows it. */
export interface QuoteRow {
  readonly symbol: string
  readonly provider: string
  /** `quote`: as the vendor quoted it; else the interval of the bar that it was read from. */
  readonly source: 'quote' | Interval
  readonly price: number
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly previous_close: number | null
  readonly change: number | null
  readonly change_percent: number | null
  readonly volume: number | null
  /** Date of the session that the price belongs to. */
  readonly session: string
  readonly observed_at: string
}

/**
 * The newest price of a symbol: its quote, or the latest daily bar where that is of a later session, is
 * final and came later, or where no quote was ever taken.
 * @throws StockyardError `BARS_NONE`, `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function readQuote(db: Queryable, typed: string): Promise<QuoteRow> {
  const instrument = await getInstrument(db, typed)
  const quote = await findQuote(db, instrument.id)
  const daily = await dailyQuote(db, instrument)
  if (quote === null) {
    if (daily === null) throw noBars(instrument, null)
    return daily.row
  }
  const session = formatDate(quote.sessionDay)
  if (daily !== null && isLater(daily, session, quote.observedAt)) return daily.row
  return {
    symbol: instrument.symbol,
    provider: quote.provider,
    source: 'quote',
    price: quote.price,
    open: quote.open,
    high: quote.high,
    low: quote.low,
    previous_close: quote.previousClose,
    ...changeOf(quote.price, quote.previousClose),
    volume: quote.volume,
    session,
    observed_at: formatInstant(quote.observedAt),
  }
}

interface DailyQuote {
  readonly row: QuoteRow
  readonly final: boolean
}

/** True where a bar knows more than a quote: it is of a later session, or the same's final one. */
function isLater({ row, final }: DailyQuote, session: string, observedAt: number): boolean {
  if (row.session !== session) return row.session > session
  return final && Date.parse(row.observed_at) > observedAt
}

async function dailyQuote(db: Queryable, instrument: Instrument): Promise<DailyQuote | null> {
  const candidates = await seriesWithBars(db, instrument, '1d')
  const series = await newestOf(db, instrument, '1d', candidates, AUTO_PROVIDER)
  if (series === null) return null
  const { last, previousClose, provider, observedAt } = series
  const row: QuoteRow = {
    symbol: instrument.symbol,
    provider,
    source: '1d',
    price: last.close,
    open: last.open,
    high: last.high,
    low: last.low,
    previous_close: previousClose,
    ...changeOf(last.close, previousClose),
    volume: last.volume,
    session: formatDate(last.ts),
    observed_at: formatInstant(observedAt ?? last.ts),
  }
  return { row, final: last.final }
}

/** Digits after the point that a difference of two prices is rounded to; vendors send six at most. */
const CHANGE_DIGITS = 6

/** Change since the close before, as an amount and in percent. */
export function changeOf(
  price: number,
  previousClose: number | null,
): { change: number | null; change_percent: number | null } {
  if (previousClose === null || previousClose === 0) return { change: null, change_percent: null }
  const change = price - previousClose
  return {
    change: Number(change.toFixed(CHANGE_DIGITS)),
    change_percent: Number(((change / previousClose) * 100).toFixed(4)),
  }
}
