/**
 * Edits of the truth: values that the exchange states anew, bars that it takes back, and bars that it
 * adds late. An edit holds for one bar of one interval and for longer bars made from it.
 */
import { barAt, makeBatch, type Bar, type BarBatch } from '../domain/bar-batch.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'

export interface Revision {
  readonly open?: number
  readonly high?: number
  readonly low?: number
  readonly close?: number
  readonly volume?: number
  /** True takes the bar back. */
  readonly removed?: boolean
}

export interface RevisionBook {
  /**
   * States a bar anew. `exists` tells whether the exchange has a bar there now.
   * @throws StockyardError `BAR_UNKNOWN` where there is none and not all five values are given
   */
  add(symbol: string, interval: Interval, ts: number, revision: Revision, exists: boolean): void
  /** The bars with the edits whose ts passes `inRange` applied. */
  apply(
    symbol: string,
    interval: Interval,
    bars: BarBatch,
    inRange: (ts: number) => boolean,
  ): BarBatch
  clear(): void
}

export const REVISED_COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const

/** A book without edits. */
export function makeRevisionBook(): RevisionBook {
  const edits = new Map<string, Map<number, Revision>>()
  return {
    add(symbol, interval, ts, revision, exists) {
      const isComplete = REVISED_COLUMNS.every((column) => revision[column] !== undefined)
      if (!exists && !isComplete) {
        throw new StockyardError(
          'usage',
          'BAR_UNKNOWN',
          `${symbol} has no ${interval} bar there.`,
          {
            hint: 'Name the start of a bar that exists, or give open, high, low, close and volume.',
          },
        )
      }
      const key = `${symbol} ${interval}`
      const ofSeries = edits.get(key) ?? new Map<number, Revision>()
      edits.set(key, ofSeries)
      ofSeries.set(ts, { ...ofSeries.get(ts), removed: false, ...revision })
    },
    apply(symbol, interval, bars, inRange) {
      const ofSeries = edits.get(`${symbol} ${interval}`)
      if (ofSeries === undefined) return bars
      const wanted = [...ofSeries].filter(([ts]) => inRange(ts))
      return wanted.length === 0 ? bars : applyEdits(bars, wanted)
    },
    clear() {
      edits.clear()
    },
  }
}

function applyEdits(bars: BarBatch, edits: readonly (readonly [number, Revision])[]): BarBatch {
  const byTs = new Map<number, Bar>()
  for (let i = 0; i < bars.length; i += 1) byTs.set(bars.ts[i], barAt(bars, i))
  for (const [ts, { removed, ...values }] of edits) {
    if (removed === true) byTs.delete(ts)
    else {
      const bar = { ts, vwap: null, trades: null, ...byTs.get(ts), ...values }
      if (isWhole(bar)) byTs.set(ts, bar)
    }
  }
  return toBatch([...byTs.values()].sort((a, b) => a.ts - b.ts))
}

/** An edit of some values says nothing where the bar itself does not exist at this instant. */
function isWhole(bar: Partial<Bar>): bar is Bar {
  return REVISED_COLUMNS.every((column) => bar[column] !== undefined)
}

function toBatch(list: readonly Bar[]): BarBatch {
  const batch = makeBatch(list.length)
  for (const [i, bar] of list.entries()) {
    batch.ts[i] = bar.ts
    for (const column of REVISED_COLUMNS) batch[column][i] = bar[column] ?? Number.NaN
  }
  return batch
}
