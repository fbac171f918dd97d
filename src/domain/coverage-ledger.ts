/**
 * The coverage ledger of a series: which days were answered for, which of them have no bar, and which are
 * not all there. How it moves when an answer is stored. Pure.
 */
import type { Calendar } from './calendar/calendar.ts'
import { addRange, formatCoverage, holdsDay, periodRange, removeRange } from './coverage.ts'
import type { Coverage, DayRange } from './coverage.ts'
import { isIntraday, type Interval } from './interval.ts'

export interface Ledger {
  /** Answered for and final. */
  readonly coverage: Coverage
  /** Answered for, and no bar came; inside coverage, unless that was taken back. */
  readonly noTrades: Coverage
  /** The vendor said that it has nothing to give. */
  readonly notOffered: Coverage
  /** A bar was refused, or a session has fewer than half of its regular bars or of the day's volume. */
  readonly partial: Coverage
}

/** What an answer says about days. Days are those that bars are keyed by: sessions, or period starts. */
export interface LedgerNews {
  /** Ranges that are answered for and final. */
  readonly answered: readonly DayRange[]
  /** Days in them on which the calendar expects a bar. */
  readonly expected: readonly number[]
  /** Days of which the answer has bars. */
  readonly barDays: ReadonlySet<number>
  /** Of the days that the answer lacks, those of which bars are stored all the same. */
  readonly storedDays: ReadonlySet<number>
  /** Sessions of which the stored bars have changed, and whether they are unlikely to be all that there are. */
  readonly pages: readonly { readonly day: number; readonly lacking: boolean }[]
  /** Days of which a row was refused that stood for a bar, of which no good one came and none is known to be stored. */
  readonly refused: readonly number[]
}

/** Days that an answer proves to be empty, unless bars of them are stored: see LedgerNews.storedDays. */
export function emptyDays(
  ledger: Ledger,
  { expected, barDays }: Pick<LedgerNews, 'expected' | 'barDays'>,
): number[] {
  return expected.filter(
    (day) =>
      !barDays.has(day) && (!holdsDay(ledger.coverage, day) || holdsDay(ledger.noTrades, day)),
  )
}

/** The ledger after an answer was stored. */
export function moveLedger(
  ledger: Ledger,
  news: LedgerNews,
  calendar: Calendar,
  interval: Interval,
): Ledger {
  const rangeOf = (day: number) => periodRange(calendar, interval, day)
  const empty = emptyDays(ledger, news).filter((day) => !news.storedDays.has(day))
  const filled = [...news.barDays, ...news.storedDays]
  const without = (coverage: Coverage, days: readonly number[]) =>
    days
      .filter((day) => holdsDay(coverage, day))
      .map(rangeOf)
      .reduce(removeRange, coverage)
  const whole = isIntraday(interval)
    ? news.pages.filter(({ lacking }) => !lacking).map(({ day }) => day)
    : [...news.barDays]
  // A day whose one bar is stored keeps it, whatever the vendor says of it later.
  const isStored = (day: number) =>
    !isIntraday(interval) &&
    holdsDay(ledger.coverage, day) &&
    !holdsDay(ledger.noTrades, day) &&
    !holdsDay(ledger.partial, day)
  const refused = news.refused.filter((day) => !isStored(day))
  const doubtful = [
    ...news.pages.filter(({ lacking }) => lacking).map(({ day }) => day),
    ...refused,
  ]
  return {
    coverage: news.answered.reduce(addRange, ledger.coverage),
    noTrades: empty.map(rangeOf).reduce(addRange, without(ledger.noTrades, filled)),
    notOffered: without(ledger.notOffered, filled),
    partial: doubtful.map(rangeOf).reduce(addRange, without(ledger.partial, whole)),
  }
}

/** True where two ledgers say the same of every day. */
export function isSameLedger(one: Ledger, other: Ledger): boolean {
  return (['coverage', 'noTrades', 'notOffered', 'partial'] as const).every(
    (name) => formatCoverage(one[name]) === formatCoverage(other[name]),
  )
}
