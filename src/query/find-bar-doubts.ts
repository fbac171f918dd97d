/** Findings about stored bars: jumps, wrong units, wrong bases, and vendors that differ. Pure. */
import type { NewFinding } from '../db/findings.ts'
import type { Comparison, Disagreement } from '../domain/compare-series.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { Jump } from '../domain/jumps.ts'
import type { DefectColumn, PriceDefect, PriceDefectRule } from '../domain/price-defects.ts'
import type { PublishedComparison } from '../domain/published-closes.ts'
import { formatInstant } from './rows.ts'

export interface SeriesName {
  readonly interval: Interval
  readonly provider: string
}

const NOTHING = { family: null, other: null } as const

export function jumpFinding({ interval, provider }: SeriesName, jump: Jump): NewFinding {
  const { day, previousClose, open, likely } = jump
  const date = formatDate(day)
  const like =
    likely === null ? '' : `, as after a split of ${likely.newShares} for ${likely.oldShares}`
  return {
    ...NOTHING,
    rule: 'jump-without-action',
    subject: `${interval} ${provider} ${date}`,
    interval,
    provider,
    fromDay: day,
    untilDay: day + DAY_MS,
    message: `The price went from ${previousClose} to ${open} overnight to ${date}${like}, and no vendor tells of an action.`,
    evidence: { previous_close: previousClose, open, price_ratio: previousClose / open, likely },
  }
}

const DEFECTS: Readonly<Record<PriceDefectRule, string>> = {
  unit: 'in another unit than the bars around',
  'split-basis': 'on the other side of a split than the bars around',
  'adjusted-close': 'at odds with the dividends in the adjusted close',
}

/** Open, high, low and close. */
const ALL_PRICES = 4

/** A defect with the close of its row. */
export interface DefectiveRow extends PriceDefect {
  readonly close: number
}

/** A finding for each stretch of rows with the same defect; defects ascend by index. */
export function defectFindings(
  { interval, provider }: SeriesName,
  defects: readonly DefectiveRow[],
  dayOf: (ts: number) => number,
): NewFinding[] {
  return stretchesOf(defects).map((stretch) => {
    const [first, last] = [stretch[0]!, stretch.at(-1)!]
    const columns = [...new Set(stretch.flatMap((defect) => defect.columns))]
    const start = startText(interval, first.ts)
    const rows =
      stretch.length === 1
        ? `The bar of ${provider} of ${start} is`
        : `${stretch.length} bars of ${provider} from ${start} to ${startText(interval, last.ts)} are`
    return {
      ...NOTHING,
      rule: first.rule,
      subject: `${interval} ${provider} ${start}`,
      interval,
      provider,
      fromDay: dayOf(first.ts),
      untilDay: dayOf(last.ts) + DAY_MS,
      message: `${rows} ${DEFECTS[first.rule]}${columnsText(columns)}; times ${Number(first.factor.toPrecision(4))} would fit.`,
      evidence: {
        bars: stretch.length,
        columns,
        multiply_by: first.factor,
        first_close: first.close,
        last_close: last.close,
      },
    }
  })
}

/** ` (low, close)` where only some prices of the bars are meant. */
function columnsText(columns: readonly DefectColumn[]): string {
  return columns.length < ALL_PRICES ? ` (${columns.join(', ')})` : ''
}

/** Defects of one rule in rows that follow each other. */
function stretchesOf(defects: readonly DefectiveRow[]): DefectiveRow[][] {
  const stretches: DefectiveRow[][] = []
  const newest = new Map<PriceDefectRule, DefectiveRow[]>()
  for (const defect of defects) {
    let stretch = newest.get(defect.rule)
    if (stretch === undefined || stretch.at(-1)!.index !== defect.index - 1) {
      stretch = []
      stretches.push(stretch)
      newest.set(defect.rule, stretch)
    }
    stretch.push(defect)
  }
  return stretches
}

export interface ComparedPair {
  readonly interval: Interval
  readonly left: string
  readonly right: string
}

/** A finding for each stretch on which two vendors differ by more than is tolerated. */
export function disagreementFindings(
  pair: ComparedPair,
  { disagreements }: Comparison,
  dayOf: (ts: number) => number,
): NewFinding[] {
  return disagreements.map((one) => disagreementFinding(pair, one, dayOf))
}

function disagreementFinding(
  { interval, left, right }: ComparedPair,
  { from, through, bars, worst }: Disagreement,
  dayOf: (ts: number) => number,
): NewFinding {
  const greatest = worst.toSorted((a, b) => b.error - a.error)[0]!
  const rows = bars === 1 ? 'one bar' : `${bars} bars`
  const percent = (greatest.error * 100).toPrecision(3)
  return {
    family: null,
    rule: 'vendors-disagree',
    subject: `${interval} ${left} ${right} ${startText(interval, from)}`,
    interval,
    provider: left,
    other: right,
    fromDay: dayOf(from),
    untilDay: dayOf(through) + DAY_MS,
    message: `${left} and ${right} differ in ${rows} from ${startText(interval, from)} on, by up to ${percent} % (${greatest.column}: ${greatest.left} and ${greatest.right}).`,
    evidence: {
      bars,
      worst: worst.map(({ column, ts, error, ...values }) => ({
        column,
        bar: startText(interval, ts),
        [left]: values.left,
        [right]: values.right,
        error,
      })),
    },
  }
}

/** The start of a bar as people read it: a date, or an instant. */
function startText(interval: Interval, ts: number): string {
  return isIntraday(interval) ? formatInstant(ts) : formatDate(ts)
}

/** A finding where a vendor's adjusted closes are not those that our bars and the ledger lead to. */
export function publishedFindings(
  found: PublishedComparison & { readonly provider: string },
): NewFinding[] {
  const { provider, off, sessions, greatestError, worstDay } = found
  if (off === null) return []
  const percent = (greatestError! * 100).toPrecision(3)
  return [
    {
      ...NOTHING,
      rule: 'adjusted-close',
      subject: `1d ${provider} published`,
      interval: '1d',
      provider,
      fromDay: off.from,
      untilDay: off.through + DAY_MS,
      message: `${off.sessions} adjusted closes of ${provider} from ${formatDate(off.from)} on are not those that its bars and the known splits and dividends lead to, by up to ${percent} %.`,
      evidence: {
        sessions,
        off: off.sessions,
        greatest_error: greatestError,
        worst_day: formatDate(worstDay!),
      },
    },
  ]
}
