/**
 * Splits and dividends of the simulated exchange, laid out ahead of time by rule, and the factors by
 * which they restate older prices.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS } from '../domain/date.ts'
import { hashOf } from './counter-random.ts'
import type { Listing, Split } from './listings.ts'

export interface Dividend {
  /** The first session that trades without the dividend. */
  readonly day: number
  /** US dollars a share, on the share basis of the ex date. */
  readonly amount: number
}

/** The life of a listing: its splits and dividends from the first day to the end of the plan. */
export interface ActionPlan {
  /** All splits, oldest first. */
  readonly splits: readonly Split[]
  /** Those of them towards which the price rises beforehand. */
  readonly planned: readonly Split[]
  /** Those of them that were announced later, and of which earlier prices know nothing. */
  readonly announced: readonly Split[]
  /** Ex days of dividends; empty for a listing that pays none. */
  readonly exDays: readonly number[]
}

/** Nothing happens after this year. */
const PLAN_END_YEAR = 2049

/** Lays out the splits and ex days of a listing. Dates depend on the seed, never on the clock. */
export function planActions(key: number, listing: Listing, calendar: Calendar): ActionPlan {
  const planned = [...listing.splits, ...recurringSplits(listing)]
    .map(({ day, ratio }) => ({ day: sessionDayFrom(calendar, day), ratio }))
    .filter(({ day }) => day > listing.firstDay)
    .sort((a, b) => a.day - b.day)
  return {
    splits: planned,
    planned,
    announced: [],
    exDays: listing.dividendYield === 0 ? [] : quarterlyDays(key, listing, calendar),
  }
}

/** The plan with splits that somebody announced. */
export function withAnnounced(plan: ActionPlan, announced: readonly Split[]): ActionPlan {
  if (announced.length === 0) return plan
  const splits = [...plan.planned, ...announced].sort((a, b) => a.day - b.day)
  return { ...plan, splits, announced }
}

function recurringSplits(listing: Listing): Split[] {
  const rule = listing.recurring
  if (rule === null) return []
  const made: Split[] = []
  for (let year = rule.firstYear; year <= PLAN_END_YEAR; year += rule.everyYears) {
    // The 8th keeps clear of New Year and Independence Day.
    made.push({ day: Date.UTC(year, rule.month - 1, 8), ratio: rule.ratio })
  }
  return made
}

/** February, May, August and November, in the second week, as most payers have it. */
function quarterlyDays(key: number, listing: Listing, calendar: Calendar): number[] {
  const date = 5 + (hashOf(key, 1, 77) % 9)
  const days: number[] = []
  const firstYear = new Date(listing.firstDay).getUTCFullYear()
  for (let year = firstYear; year <= PLAN_END_YEAR; year += 1) {
    for (const month of [1, 4, 7, 10]) {
      const day = sessionDayFrom(calendar, Date.UTC(year, month, date))
      if (day > listing.firstDay) days.push(day)
    }
  }
  return days
}

/** The day itself where there is a session, else the next one that has one. */
function sessionDayFrom(calendar: Calendar, day: number): number {
  let found = day
  while (calendar.session(found) === null) found += DAY_MS
  return found
}

/**
 * How far the log price has risen since the last split, on its way to the next one. Growth between
 * two splits is just what the next one takes back, so that raw prices stay near their level for ever.
 */
export function splitRise(splits: readonly Split[], day: number): number {
  const index = countUntil(splits, day)
  const next = splits[index]
  if (next === undefined) return 0
  const start = splits[index - 1]?.day ?? next.day - FIRST_RISE_MS
  return Math.log(next.ratio) * Math.max(0, (day - start) / (next.day - start))
}

/** The rise to a first split takes this long. */
const FIRST_RISE_MS = 5 * 365 * DAY_MS

/** Product of the ratios of splits with after < day <= until; 1 where there is none. */
export function splitRatioBetween(splits: readonly Split[], after: number, until: number): number {
  let product = 1
  for (const split of splits) if (split.day > after && split.day <= until) product *= split.ratio
  return product
}

function countUntil(splits: readonly Split[], day: number): number {
  let count = 0
  while (count < splits.length && splits[count].day <= day) count += 1
  return count
}

/** The part of a quarter's dividend that a price has gathered by a day: 0 on an ex day, then rising. */
export function dividendAccrued(exDays: readonly number[], day: number): number {
  const index = lastIndexUntil(exDays, day)
  if (index < 0 || index === exDays.length - 1) return 0
  return (day - exDays[index]) / (exDays[index + 1] - exDays[index])
}

/** True on a day that trades without its dividend for the first time. */
export function isExDay(exDays: readonly number[], day: number): boolean {
  const index = lastIndexUntil(exDays, day)
  return index >= 0 && exDays[index] === day
}

/** Index of the last of the ascending days that is not after a day; -1 where there is none. */
function lastIndexUntil(days: readonly number[], day: number): number {
  let low = -1
  let high = days.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (days[middle] <= day) low = middle
    else high = middle
  }
  return low
}

/**
 * Factors that restate raw prices for every later split and dividend: for each of the ascending days,
 * the product over ex days after it of 1/ratio, and of 1 - amount/close with the raw close of the
 * last session before the ex day. Adjusted price = raw price x factor.
 */
export function adjustmentFactors(
  days: ArrayLike<number>,
  closes: ArrayLike<number>,
  splits: readonly Split[],
  dividends: readonly Dividend[],
): Float64Array {
  const factors = new Float64Array(days.length)
  let split = splits.length - 1
  let dividend = dividends.length - 1
  let factor = 1
  for (let i = days.length - 1; i >= 0; i -= 1) {
    let ratio = 1
    for (; split >= 0 && splits[split].day > days[i]; split -= 1) {
      if (i + 1 < days.length) ratio *= splits[split].ratio
    }
    factor /= ratio
    for (; dividend >= 0 && dividends[dividend].day > days[i]; dividend -= 1) {
      // On a day with both, the dividend is already in new shares.
      if (i + 1 < days.length) factor *= 1 - (dividends[dividend].amount * ratio) / closes[i]
    }
    factors[i] = factor
  }
  return factors
}
