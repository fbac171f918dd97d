/** The latest bar and the quote of a symbol. Neither opens a page. */
import { StockyardError } from '../domain/error.ts'
import { formatDate } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { Queryable } from '../db/connect.ts'
import { getInstrument, type Instrument } from '../db/instruments.ts'
import { findQuote } from '../db/quotes.ts'
import { readSeriesStates, type LastBar, type SeriesState } from '../db/read-series.ts'
import { AUTO_PROVIDER, chooseNewest } from './choose-series.ts'
import { providerPriority } from './provider-priority.ts'
import { barKey, formatInstant, type BarRow } from './rows.ts'

export interface LatestBar extends BarRow {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
}

/** The bar that a head carries, as JSON. */
export function lastBarRow(interval: Interval, last: LastBar): BarRow {
  const { ts, final, ...values } = last
  return { ...barKey(interval, ts), ...values, state: final ? 'final' : 'provisional' }
}

/**
 * The latest bar of a symbol at an interval, provisional or final.
 * @throws StockyardError `BARS_NONE`, `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function readLatest(
  db: Queryable,
  typed: string,
  interval: Interval,
  provider: string,
): Promise<LatestBar> {
  return (await findLatest(db, typed, interval, provider)).bar
}

/**
 * The same with the instrument that it is of.
 * @throws StockyardError as readLatest does
 */
export async function findLatest(
  db: Queryable,
  typed: string,
  interval: Interval,
  provider: string,
): Promise<{ readonly instrumentId: number; readonly bar: LatestBar }> {
  const instrument = await getInstrument(db, typed)
  const series = await newestSeries(db, instrument, interval, provider)
  if (series === null) throw noBars(instrument, interval)
  const whose = { symbol: instrument.symbol, interval, provider: series.provider }
  return {
    instrumentId: instrument.id,
    bar: { ...whose, ...lastBarRow(interval, series.last) },
  }
}

type StateWithBars = SeriesState & { readonly last: LastBar }

/** The series of the latest bar; null where there are no bars. */
async function newestSeries(
  db: Queryable,
  { id: instrumentId, kind }: Instrument,
  interval: Interval,
  provider: string,
): Promise<StateWithBars | null> {
  const states = await readSeriesStates(db, { instrumentId, interval })
  const there = states.filter((state): state is StateWithBars => state.last !== null)
  const priority =
    there.length < 2 ? undefined : await providerPriority(db, { kind, interval, asOf: null })
  return chooseNewest(there, ({ last }) => last, provider, priority)
}

function noBars({ symbol }: Instrument, interval: Interval | null): StockyardError {
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
  const series = await newestSeries(db, instrument, '1d', AUTO_PROVIDER)
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
