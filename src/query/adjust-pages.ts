/**
 * Pages of a series brought to the basis that was asked for. What a vendor that restates its history had
 * restated is told from when a page was seen: splits until then are in its prices, later ones are not.
 */
import {
  adjust,
  findAdjustment,
  type Adjustment,
  type AdjustMode,
  type DailyCloses,
  type Unapplied,
} from '../domain/adjust.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { formatDate } from '../domain/date.ts'
import { isIntraday, type Interval } from '../domain/interval.ts'
import type { SeriesRef } from '../db/read-series.ts'
import type { PageChunk } from './bar-chunk.ts'
import type { EffectiveActions } from './effective-actions.ts'

export interface AdjustOptions {
  readonly mode: AdjustMode
  readonly actions: EffectiveActions
  /** Raw closes; needed for the mode `all` only. */
  readonly closes: DailyCloses
  /** The last ex day that counts. */
  readonly throughDay: number
  /** Currency of the prices; null where it is not known. */
  readonly currency: string | null
  readonly calendar: Calendar
}

/** What turns a page of a series into the same page on another basis. */
export type PageAdjuster = (page: PageChunk) => PageChunk

/** The adjuster for a series; null where nothing has to be done to any page of it. */
export function makeAdjuster(
  { basis, interval }: Pick<SeriesRef, 'basis' | 'interval'>,
  options: AdjustOptions,
): PageAdjuster | null {
  const { mode, actions } = options
  const isAsKept = mode === 'none' && basis === 'raw'
  const hasActions = actions.splits.length > 0 || (mode === 'all' && actions.payments.length > 0)
  if (isAsKept || !hasActions) return null
  if (basis === 'raw') {
    const whole = findAdjustment({ ...needOf(options), basis })
    return (page) => adjustPage(page, interval, [whole])
  }
  const byRestated = new Map<number, readonly Adjustment[]>()
  return (page) => {
    const seenOn = options.calendar.localDay(page.restatedAt)
    const restated = actions.splits.filter(({ day }) => day <= seenOn).length
    const known = byRestated.get(restated) ?? restatedSteps(options, seenOn)
    byRestated.set(restated, known)
    return adjustPage(page, interval, known)
  }
}

/** The adjustments for restated prices that were seen on a day, to be applied one after the other. */
function restatedSteps(options: AdjustOptions, seenOn: number): Adjustment[] {
  const need = needOf(options)
  if (need.mode === 'none') {
    const splits = need.splits.filter(({ day }) => day <= seenOn)
    return [findAdjustment({ ...need, basis: 'split', splits })]
  }
  const later = need.splits.filter(({ day }) => day > seenOn)
  return [
    findAdjustment({ ...need, basis: 'split' }),
    findAdjustment({ ...need, basis: 'raw', mode: 'splits', splits: later }),
  ]
}

function needOf({ mode, actions, closes, throughDay, currency }: AdjustOptions) {
  return { mode, ...actions, closes, throughDay, currency }
}

function adjustPage(
  page: PageChunk,
  interval: Interval,
  adjustments: readonly Adjustment[],
): PageChunk {
  // A page of intraday bars is one session, so that its day is the day of all its bars.
  const dayOf = isIntraday(interval) ? () => page.startsOn : (ts: number) => ts
  const bars = adjustments.reduce((before, one) => adjust(before, dayOf, one), page.bars)
  return { ...page, bars }
}

/** What was left out of the adjustment, as sentences for people; empty where nothing was. */
export function unappliedActions(options: AdjustOptions, fromDay: number): string[] {
  if (options.mode === 'none') return []
  const { unapplied } = findAdjustment({ ...needOf(options), basis: 'raw' })
  return unapplied.filter(({ action }) => action.day > fromDay).map(describeUnapplied)
}

const REASONS: Readonly<Record<Unapplied['reason'], string>> = {
  invalid: 'its numbers make no sense',
  currency: 'it was paid in another currency than prices are quoted in',
  'no-close': 'no daily close of the session before it is stored',
  'too-large': 'it is not smaller than the close before it',
}

function describeUnapplied({ action, reason }: Unapplied): string {
  const what =
    'amount' in action
      ? `The payment of ${action.amount}`
      : `The split of ${action.newShares} for ${action.oldShares}`
  return `${what} on ${formatDate(action.day)} was left out: ${REASONS[reason]}.`
}
