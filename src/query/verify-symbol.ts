/**
 * Holds what is stored of one symbol against itself: the ledger of actions against prices, bars against
 * their neighbours, vendors against each other. Reads only.
 */
import type { Connection, Pool } from '../db/connect.ts'
import type { NewFinding } from '../db/findings.ts'
import { getInstrument } from '../db/instruments.ts'
import { listSeries, type SeriesRef } from '../db/read-series.ts'
import type { LedgerEntry } from '../domain/action-claims.ts'
import type { AdjustMode, DividendRule, Payment, ShareSplit } from '../domain/adjust.ts'
import type { BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { compareSeries, type Difference } from '../domain/compare-series.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import { findJumps } from '../domain/jumps.ts'
import { paymentsOf, splitsOf } from '../domain/merge-actions.ts'
import { findPriceDefects } from '../domain/price-defects.ts'
import {
  comparePublished,
  type PublishedCloses,
  type PublishedComparison,
} from '../domain/published-closes.ts'
import { joinChunks, takeChunk, type BarChunk } from './bar-chunk.ts'
import { streamBars } from './bars.ts'
import { readCalendar } from './calendars.ts'
import { findActionDoubts } from './find-action-doubts.ts'
import {
  defectFindings,
  disagreementFindings,
  jumpFinding,
  publishedFindings,
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
  readonly symbol: string
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
    symbol,
    now,
    calendar: await readCalendar(db, exchange),
    splits: splitsOf(ledger),
    payments: paymentsOf(ledger),
  }
  const findings = findActionDoubts(ledger)
  const compared: ComparedVendors[] = []
  for (const interval of intervals) {
    const series = await listSeries(db, id, interval)
    for (const one of series) findings.push(...(await checkSeries(subject, one)))
    for (const [left, right] of pairsOf(series)) {
      const found = await comparePair(subject, left, right)
      compared.push(found.compared)
      findings.push(...found.findings)
    }
  }
  const published: ComparedPublished[] = []
  const daily = intervals.includes('1d') ? await listSeries(db, id, '1d') : []
  for (const answer of answers) {
    const series = daily.find(({ provider }) => provider === answer.provider)
    if (series === undefined) continue
    const found = await checkPublished(subject, series, answer)
    published.push(found)
    findings.push(...publishedFindings(found))
  }
  return { symbol, instrumentId: id, ledger, compared, published, findings }
}

async function checkPublished(
  subject: Subject,
  series: SeriesRef,
  { provider, receivedAt, closes }: PublishedBy,
): Promise<ComparedPublished> {
  const { calendar, splits, payments } = subject
  const bars = await readFinal(subject, series, 'splits')
  const saidOn = calendar.localDay(receivedAt)
  const comparison = comparePublished(closes, bars, splits, payments, saidOn)
  return { provider, receivedAt, rule: closes.rule, ...comparison }
}

/** Every two vendors once, the first by name on the left. */
function pairsOf(series: readonly SeriesRef[]): [SeriesRef, SeriesRef][] {
  const byVendor = [...new Map(series.map((one) => [one.provider, one])).values()]
  return byVendor.flatMap((left, i) =>
    byVendor.slice(i + 1).map((right): [SeriesRef, SeriesRef] => [left, right]),
  )
}

/** Final bars of a vendor, brought to a basis. */
async function readFinal(
  { db, symbol, now }: Subject,
  { interval, provider }: SeriesRef,
  adjust: AdjustMode,
): Promise<BarBatch> {
  const query = { symbol, interval, provider, from: null, until: null, now, adjust } as const
  const stream = await streamBars(db, { ...query, session: 'all', sort: 'asc' })
  const chunks: BarChunk[] = []
  for await (const chunk of stream.chunks) {
    const isFinal = (i: number) => chunk.provisional[i] === 0
    chunks.push(takeChunk(chunk, [...chunk.bars.ts.keys()].filter(isFinal)))
  }
  return joinChunks(chunks).bars
}

function dayOf({ calendar }: Subject, interval: Interval): (ts: number) => number {
  return isIntraday(interval) ? (ts) => calendar.localDay(ts) : (ts) => ts
}

/** Units and bases of one series, and the jumps of a daily one. */
async function checkSeries(subject: Subject, series: SeriesRef): Promise<NewFinding[]> {
  const { interval, basis } = series
  const bars = await readFinal(subject, series, basis === 'raw' ? 'none' : 'splits')
  const { splits, payments } = subject
  const days = dayOf(subject, interval)
  const defects = findPriceDefects({
    bars,
    basis,
    dayOf: days,
    splits,
    payments,
    adjustedClose: null,
  })
  const findings = defectFindings(series, bars, defects, days)
  if (interval !== '1d') return findings
  // A row in a wrong unit makes two jumps that are none.
  const wrong = new Set(defects.map(({ index }) => index))
  const jumps = findJumps(bars, basis === 'raw' ? splits : [], payments).filter(({ day }) => {
    const index = bars.ts.indexOf(day)
    return !wrong.has(index) && !wrong.has(index - 1)
  })
  return [...findings, ...jumps.map((jump) => jumpFinding(series, jump))]
}

async function comparePair(
  subject: Subject,
  left: SeriesRef,
  right: SeriesRef,
): Promise<{ compared: ComparedVendors; findings: NewFinding[] }> {
  const { interval } = left
  const basis = left.basis === 'raw' && right.basis === 'raw' ? 'raw' : 'split'
  const mode = basis === 'raw' ? 'none' : 'splits'
  const comparison = compareSeries(
    await readFinal(subject, left, mode),
    await readFinal(subject, right, mode),
  )
  const pair = { interval, left: left.provider, right: right.provider }
  const differing = comparison.disagreements.reduce((sum, { bars }) => sum + bars, 0)
  const { overlap, onlyLeft, onlyRight, worst } = comparison
  return {
    compared: { ...pair, basis, overlap, onlyLeft, onlyRight, worst, differing },
    findings: disagreementFindings(pair, comparison, dayOf(subject, interval)),
  }
}
