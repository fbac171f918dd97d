/**
 * Checks of a row's values by themselves: are they numbers, and can they be true together?
 */
import type { BarBatch } from '../domain/bar-batch.ts'
import type { CheckContext, Rule } from './reject.ts'

/** Whole numbers above this are no longer exact. */
const VOLUME_MAX = Number.MAX_SAFE_INTEGER
/** What the store can hold of a number of trades. */
const TRADES_MAX = 2_147_483_647

/** The timestamp and the four prices are finite numbers. */
export const number: Rule = {
  name: 'number',
  scan({ length, ts, open, high, low, close }, _context, failed, mark) {
    for (let i = 0; i < length; i += 1) {
      // A sum is finite only if its terms are; one that is not is looked at again.
      const sum = ts[i]! + open[i]! + high[i]! + low[i]! + close[i]!
      if (Number.isFinite(sum) || failed[i] !== 0) continue
      const isFinite =
        Number.isFinite(ts[i]) &&
        Number.isFinite(open[i]) &&
        Number.isFinite(high[i]) &&
        Number.isFinite(low[i]) &&
        Number.isFinite(close[i])
      if (!isFinite) failed[i] = mark
    }
  },
  explain(batch, index) {
    const wrong = (['ts', 'open', 'high', 'low', 'close'] as const).filter(
      (column) => !Number.isFinite(batch[column][index]),
    )
    const names = wrong.map((column) => (column === 'ts' ? 'timestamp' : column))
    return `Not a number: ${names.join(', ')}.`
  },
}

/** Prices are above zero. */
export const positive: Rule = {
  name: 'positive',
  scan({ length, open, high, low, close }, _context, failed, mark) {
    for (let i = 0; i < length; i += 1) {
      const isPositive = open[i]! > 0 && high[i]! > 0 && low[i]! > 0 && close[i]! > 0
      if (!isPositive && failed[i] === 0) failed[i] = mark
    }
  },
  explain: (batch, index) => `A price is not above zero: ${describePrices(batch, index)}.`,
}

/**
 * The high is the highest and the low the lowest of the four prices.
 *
 * Prices as traded come as decimal text and must be in order up to the noise of binary fractions. A
 * vendor that restates them after a split divides and rounds each by itself, to 4 decimals or to a
 * 32-bit float: there the order may be off by one unit of either.
 */
export const priceOrder: Rule = {
  name: 'price-order',
  scan({ length, open, high, low, close }, { basis }, failed, mark) {
    const relative = relativeSlack(basis)
    const absolute = absoluteSlack(basis)
    for (let i = 0; i < length; i += 1) {
      const o = open[i]!
      const c = close[i]!
      const highest = o > c ? o : c
      const lowest = o > c ? c : o
      const slack = absolute + highest * relative
      const isOrdered =
        high[i]! + slack >= highest && low[i]! - slack <= lowest && high[i]! + slack >= low[i]!
      if (!isOrdered && failed[i] === 0) failed[i] = mark
    }
  },
  explain(batch, index, { basis }) {
    const [open, high, low, close] = pricesAt(batch, index)
    const slack = absoluteSlack(basis) + Math.max(open, close) * relativeSlack(basis)
    const wrong = [
      high + slack < low && 'the high is below the low',
      high + slack < open && 'the high is below the open',
      high + slack < close && 'the high is below the close',
      low - slack > open && 'the low is above the open',
      low - slack > close && 'the low is above the close',
    ].filter((text) => text !== false)
    return `${capitalised(wrong.join(' and '))}: ${describePrices(batch, index)}.`
  },
}

function relativeSlack(basis: CheckContext['basis']): number {
  return basis === 'raw' ? 1e-9 : 1.2e-7
}

function absoluteSlack(basis: CheckContext['basis']): number {
  return basis === 'raw' ? 0 : 1e-4
}

/** Volume is absent, or a number from 0 up to what is exact. Vendors do send fractions of shares. */
export const volume: Rule = {
  name: 'volume',
  scan({ length, volume: column }, { needsVolume = false }, failed, mark) {
    for (let i = 0; i < length; i += 1) {
      const value = column[i]!
      const isWrong = value < 0 || value > VOLUME_MAX || (needsVolume && Number.isNaN(value))
      if (isWrong && failed[i] === 0) failed[i] = mark
    }
  },
  explain(batch, index) {
    const value = batch.volume[index]!
    return Number.isNaN(value)
      ? 'The volume is missing or not a number.'
      : `The volume ${value} is not between 0 and ${VOLUME_MAX}.`
  },
}

/**
 * The volume-weighted average price is absent, or finite and above zero. It may lie outside low and
 * high: odd lots count in it, but not in those.
 */
export const vwap: Rule = {
  name: 'vwap',
  scan({ length, vwap: column }, _context, failed, mark) {
    for (let i = 0; i < length; i += 1) {
      const value = column[i]!
      if ((value <= 0 || value === Infinity) && failed[i] === 0) failed[i] = mark
    }
  },
  explain: (batch, index) =>
    `The volume-weighted average price ${batch.vwap[index]} is not a price above zero.`,
}

/** The number of trades is absent, or a whole number from 0 up. */
export const trades: Rule = {
  name: 'trades',
  scan({ length, trades: column }, _context, failed, mark) {
    for (let i = 0; i < length; i += 1) {
      const value = column[i]!
      const isWrong = value < 0 || value > TRADES_MAX || value > Math.floor(value)
      if (isWrong && failed[i] === 0) failed[i] = mark
    }
  },
  explain: (batch, index) =>
    `The number of trades ${batch.trades[index]} is not a whole number from 0 to ${TRADES_MAX}.`,
}

function pricesAt(batch: BarBatch, index: number): [number, number, number, number] {
  return [batch.open[index]!, batch.high[index]!, batch.low[index]!, batch.close[index]!]
}

function describePrices(batch: BarBatch, index: number): string {
  const [open, high, low, close] = pricesAt(batch, index)
  return `open ${open}, high ${high}, low ${low}, close ${close}`
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
