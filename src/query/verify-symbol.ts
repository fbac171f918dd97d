/**
 * Holds what is stored of one symbol against itself: the ledger of actions against prices, bars against
 * their neighbours, vendors against each other. Reads only.
 */
import type { Connection, Pool } from '../db/connect.ts'
import type { NewFinding } from '../db/findings.ts'
import { getInstrument } from '../db/instruments.ts'
import { readSeriesStates, type SeriesState } from '../db/read-series.ts'
import type { LedgerEntry } from '../domain/action-claims.ts'
import type { DividendRule, Payment, ShareSplit } from '../domain/adjust.ts'
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { makeComparison, type Difference } from '../domain/compare-series.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { findJumps } from '../domain/jumps.ts'
import { paymentsOf, splitsOf } from '../domain/merge-actions.ts'
import { findLevelDefects, type PriceLevel } from '../domain/price-defects.ts'
import {
  comparePublished,
  type PublishedCloses,
  type PublishedComparison,
} from '../domain/published-closes.ts'
import { readCalendar } from './calendars.ts'
import { readFinalBars, stretchesOf, WHOLE } from './final-bars.ts'
import { findActionDoubts } from './find-action-doubts.ts'
import {
  defectFindings,
  disagreementFindings,
  jumpFinding,
  publishedFindings,
  type DefectiveRow,
} from './find-bar-doubts.ts'
import { readMergedLedger } from './merged-ledger.ts'

export interface VerifyRequest {
  readonly symbol: string
  readonly intervals: readonly Interval[]
  /** The instant of asking. */
  readonly now: number
  /** What vendors published as adjusted closes of the symbol. */
  readonly published: readonly PublishedBy[]
}

/** Adjusted closes of a vendor, and when it said so. */
export interface PublishedBy {
  readonly provider: string
  /** Milliseconds UTC. */
  readonly receivedAt: number
  readonly closes: PublishedCloses
}

/** A vendor's adjusted closes held against those that our bars and the ledger lead to. */
export interface ComparedPublished extends PublishedComparison {
  readonly provider: string
  readonly rule: DividendRule
  readonly receivedAt: number
}

/** Two vendors held against each other. */
export interface ComparedVendors {
  readonly interval: Interval
  readonly left: string
  readonly right: string
  /** The basis on which they were compared. */
  readonly basis: 'raw' | 'split'
  readonly overlap: number
  readonly onlyLeft: number
  readonly onlyRight: number
  readonly worst: readonly Difference[]
  /** Bars that differ by more than is tolerated. */
  readonly differing: number
}

export interface Verified {
  readonly symbol: string
  readonly instrumentId: number
  readonly ledger: readonly LedgerEntry[]
  readonly compared: readonly ComparedVendors[]
  readonly published: readonly ComparedPublished[]
  readonly findings: readonly NewFinding[]
}

/** What the checks of one symbol share. */
interface Subject {
  readonly db: Pool | Connection
  readonly now: number
  readonly calendar: Calendar
  readonly splits: readonly ShareSplit[]
  readonly payments: readonly Payment[]
}

/**
 * Checks a symbol.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function verifySymbol(
  db: Pool | Connection,
  { symbol: typed, intervals, now, published: answers }: VerifyRequest,
): Promise<Verified> {
  const { id, symbol, exchange } = await getInstrument(db, typed)
  const ledger = await readMergedLedger(db, id, null)
  const subject: Subject = {
    db,
    now,
    calendar: await readCalendar(db, exchange),
    splits: splitsOf(ledger),
    payments: paymentsOf(ledger),
  }
  const findings = findActionDoubts(ledger)
  const compared: ComparedVendors[] = []
  for (const interval of intervals) {
    const series = await seriesOf(db, id, interval)
    for (const one of series) findings.push(...(await checkSeries(subject, one)))
    for (const [left, right] of pairsOf(series)) {
      const found = await comparePair(subject, left, right)
      compared.push(found.compared)
      findings.push(...found.findings)
    }
  }
  const published: ComparedPublished[] = []
  const daily = intervals.includes('1d') ? await seriesOf(db, id, '1d') : []
  for (const answer of answers) {
    const series = daily.find(({ provider }) => provider === answer.provider)
    if (series === undefined) continue
    const found = await checkPublished(subject, series, answer)
    published.push(found)
    findings.push(...publishedFindings(found))
  }
  return { symbol, instrumentId: id, ledger, compared, published, findings }
}

function nameOf({ provider, basis }: SeriesState): string {
  return `${provider} ${basis}`
}

/** The series of an instrument at an interval, by provider. */
async function seriesOf(
  db: Pool | Connection,
  instrumentId: number,
  interval: Interval,
): Promise<SeriesState[]> {
  const found = await readSeriesStates(db, { instrumentId, interval })
  return found.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

async function checkPublished(
  subject: Subject,
  series: SeriesState,
  { provider, receivedAt, closes }: PublishedBy,
): Promise<ComparedPublished> {
  const { db, now, calendar, splits, payments } = subject
  const bars = await readFinalBars(db, series, WHOLE, { adjust: 'splits', now })
  const saidOn = calendar.localDay(receivedAt)
  const comparison = comparePublished(closes, bars, splits, payments, saidOn)
  return { provider, receivedAt, rule: closes.rule, ...comparison }
}

/** Every two vendors once, the first by name on the left. */
function pairsOf(series: readonly SeriesState[]): [SeriesState, SeriesState][] {
  const byVendor = [...new Map(series.map((one) => [one.provider, one])).values()]
  return byVendor.flatMap((left, i) =>
    byVendor.slice(i + 1).map((right): [SeriesState, SeriesState] => [left, right]),
  )
}

function dayOf({ calendar }: Subject, interval: Interval): (ts: number) => number {
  return isIntraday(interval) ? (ts) => calendar.localDay(ts) : (ts) => ts
}

/** Units and bases of one series, and the jumps of a daily one. */
async function checkSeries(subject: Subject, series: SeriesState): Promise<NewFinding[]> {
  const { interval, basis } = series
  const { db, now, calendar, splits, payments } = subject
  const days = dayOf(subject, interval)
  const wish = { adjust: basis === 'raw' ? 'none' : 'splits', now } as const
  const parts: DefectiveRow[][] = []
  let level: PriceLevel | null = null
  // Rows are counted from the newest one back.
  let firstIndex = 0
  let daily: BarBatch | null = null
  for (const stretch of stretchesOf([series], calendar)) {
    const bars = await readFinalBars(db, series, stretch, wish)
    const priced = { bars, basis, dayOf: days, splits, payments, adjustedClose: null }
    const found = findLevelDefects(priced, level)
    level = found.level
    firstIndex -= bars.length
    const base = firstIndex
    parts.unshift(
      found.defects.map((defect) => {
        const close = bars.close[defect.index]!
        return { ...defect, index: base + defect.index, close }
      }),
    )
    if (interval === '1d') daily = bars
  }
  const defects = parts.flat()
  const findings = defectFindings(series, defects, days)
  if (daily === null) return findings
  return [...findings, ...jumpsOf(subject, series, daily, defects)]
}

function jumpsOf(
  { splits, payments }: Subject,
  series: SeriesState,
  bars: BarBatch,
  defects: readonly DefectiveRow[],
): NewFinding[] {
  // A row in a wrong unit makes two jumps that are none.
  const wrong = new Set(defects.map(({ ts }) => ts))
  return findJumps(bars, series.basis, splits, payments)
    .filter(({ day }) => !wrong.has(day) && !wrong.has(bars.ts[bars.ts.indexOf(day) - 1]!))
    .map((jump) => jumpFinding(series, jump))
}

async function comparePair(
  subject: Subject,
  left: SeriesState,
  right: SeriesState,
): Promise<{ compared: ComparedVendors; findings: NewFinding[] }> {
  const { interval } = left
  const { db, now, calendar } = subject
  const basis = left.basis === 'raw' && right.basis === 'raw' ? 'raw' : 'split'
  const wish = { adjust: basis === 'raw' ? 'none' : 'splits', now } as const
  const comparing = makeComparison()
  for (const stretch of stretchesOf([left, right], calendar).toReversed()) {
    comparing.add(
      await readFinalBars(db, left, stretch, wish),
      await readFinalBars(db, right, stretch, wish),
    )
  }
  const comparison = comparing.finish()
  const pair = { interval, left: left.provider, right: right.provider }
  const differing = comparison.disagreements.reduce((sum, { bars }) => sum + bars, 0)
  const { overlap, onlyLeft, onlyRight, worst } = comparison
  return {
    compared: { ...pair, basis, overlap, onlyLeft, onlyRight, worst, differing },
    findings: disagreementFindings(pair, comparison, dayOf(subject, interval)),
  }
}
