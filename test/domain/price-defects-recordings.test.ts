/**
 * Yahoo's real mistakes, each with the repair that people agreed on: the rows that a repair changed are
 * the ones to flag. STOCKYARD_RECORDINGS names the folder of the recordings.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { parseDay } from '../../src/domain/date.ts'
import {
  findPriceDefects,
  type PriceDefect,
  type PricedSeries,
} from '../../src/domain/price-defects.ts'

const folder = process.env['STOCKYARD_RECORDINGS'] ?? ''
const skip = folder === '' && 'STOCKYARD_RECORDINGS names no folder of recordings'

type Row = Record<string, string>

function readRows(name: string): Row[] {
  const [head, ...lines] = readFileSync(join(folder, 'ohlcv', name), 'utf8')
    .trim()
    .split(/\r?\n/)
  const names = head!.split(',')
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell])),
  )
}

/** When a row begins, and its date as printed. */
function startOf(row: Row): { ts: number; day: number } {
  const text = row['Date'] ?? row['Datetime']!
  return { ts: Date.parse(text.replace(' ', 'T')), day: parseDay(text.slice(0, 10)) }
}

function readYahoo(name: string): { rows: Row[]; series: PricedSeries } {
  const rows = readRows(join('yfinance', name)).toSorted((a, b) => startOf(a).ts - startOf(b).ts)
  const days = new Map(rows.map((row) => [startOf(row).ts, startOf(row).day]))
  const splits = rows.filter((row) => Number(row['Stock Splits']) > 0)
  const payments = rows.filter((row) => Number(row['Dividends']) > 0)
  const series: PricedSeries = {
    bars: barsOf(rows, (row) => startOf(row).ts, ''),
    basis: 'split',
    dayOf: (ts) => days.get(ts)!,
    splits: splits.map((row) => ({
      day: startOf(row).day,
      newShares: Number(row['Stock Splits']),
      oldShares: 1,
    })),
    payments: payments.map((row) => ({
      day: startOf(row).day,
      amount: Number(row['Dividends']),
      currency: null,
      basis: 'split',
    })),
    adjustedClose: Float64Array.from(rows, (row) => Number(row['Adj Close'])),
  }
  return { rows, series }
}

/** Columns by name: `Open` or `open`, after a prefix. */
function barsOf(rows: readonly Row[], tsOf: (row: Row) => number, prefix: string) {
  const bars = makeBatch(rows.length)
  const cell = (row: Row, name: string) =>
    Number(row[prefix + name] ?? row[prefix + name.toLowerCase()])
  rows.forEach((row, i) => {
    bars.ts[i] = tsOf(row)
    bars.open[i] = cell(row, 'Open')
    bars.high[i] = cell(row, 'High')
    bars.low[i] = cell(row, 'Low')
    bars.close[i] = cell(row, 'Close')
    bars.volume[i] = cell(row, 'Volume')
  })
  return bars
}

const CHANGED = ['Open', 'High', 'Low', 'Close', 'Adj Close']

/** Rows of which the repair changed a price by more than printing does. */
function repaired(name: string, rows: readonly Row[]): number[] {
  const fixed = readRows(join('yfinance', name.replace('.csv', '-fixed.csv')))
  const byStart = new Map(fixed.map((row) => [startOf(row).ts, row]))
  return [...rows.keys()].filter((i) => {
    const twin = byStart.get(startOf(rows[i]!).ts)!
    return CHANGED.some((cell) => Math.abs(Number(rows[i]![cell]) / Number(twin[cell]) - 1) > 1e-4)
  })
}

function defects(name: string): PriceDefect[] {
  return findPriceDefects(readYahoo(name).series)
}

function flagged(series: PricedSeries): number[] {
  return [...new Set(findPriceDefects(series).map(({ index }) => index))]
}

describe('dirty histories of Yahoo', { skip }, () => {
  const names = skip === false ? readdirSync(join(folder, 'ohlcv', 'yfinance')) : []
  const twins = names.filter((name) => names.includes(name.replace('.csv', '-fixed.csv')))

  it('are flagged in the rows that their repair changed, and in no others', () => {
    const found: Record<string, number> = {}
    for (const name of twins) {
      const { rows, series } = readYahoo(name)
      const wrong = repaired(name, rows)
      assert.deepEqual(flagged(series), wrong, name)
      found[name] = wrong.length
    }
    assert.deepEqual(found, {
      '4063-T-1d-bad-stock-split.csv': 9,
      '8TRA-DE-1d-missing-div-adjust.csv': 2,
      'AET-L-1d-100x-error.csv': 14,
      'ASAI-L-1h-bad-unit.csv': 1,
    })
  })

  it('say which rule was broken and what would mend it', () => {
    const [low] = defects('ASAI-L-1h-bad-unit.csv')
    assert.deepEqual([low!.rule, low!.columns, low!.factor], ['unit', ['low', 'close'], 100])
    assert.ok(defects('AET-L-1d-100x-error.csv').every(({ factor }) => factor === 100))
    const split = defects('4063-T-1d-bad-stock-split.csv')
    assert.ok(split.every(({ rule, factor }) => rule === 'split-basis' && factor === 1 / 5))
    // 0.70 euro on a close of 18.79.
    const [, adjusted] = defects('8TRA-DE-1d-missing-div-adjust.csv')
    assert.equal(adjusted!.rule, 'adjusted-close')
    assert.ok(Math.abs(adjusted!.factor - (1 - 0.7 / 18.79)) < 1e-6)
  })

  it('and the repaired and clean ones are not flagged at all', () => {
    const clean = names.filter((name) => !twins.includes(name))
    assert.equal(clean.length, 5)
    for (const name of clean) assert.deepEqual(flagged(readYahoo(name).series), [], name)
  })
})

describe('clean histories', { skip }, () => {
  const none = { payments: [], adjustedClose: null }

  it('of Quandl, as traded, with 7 for 1 inside, are not flagged', () => {
    const rows = readRows('zipline-quandl-wiki-AAPL-BRKA-MSFT-ZEN-2014.csv')
    const byTicker = Map.groupBy(rows, (row) => row['ticker']!)
    for (const [ticker, ofOne] of byTicker) {
      const splits = ofOne
        .filter((row) => Number(row['split_ratio']) !== 1)
        .map((row) => ({
          day: parseDay(row['date']!),
          newShares: Number(row['split_ratio']),
          oldShares: 1,
        }))
      const bars = barsOf(ofOne, (row) => parseDay(row['date']!), '')
      const series = { bars, basis: 'raw', dayOf: (ts: number) => ts, splits, ...none } as const
      assert.deepEqual(flagged(series), [], ticker)
    }
    assert.equal(byTicker.size, 4)
  })

  it('of zipline and plotly are not flagged', () => {
    for (const [name, prefix, date] of [
      ['zipline-csvdir-AAPL-1day-2012-2014.csv', '', 'date'],
      ['zipline-csvdir-MSFT-1day-2012-2014.csv', '', 'date'],
      ['plotly-finance-charts-apple.csv', 'AAPL.', 'Date'],
    ] as const) {
      const rows = readRows(name)
      const bars = barsOf(rows, (row) => parseDay(row[date]!.slice(0, 10)), prefix)
      assert.ok(bars.length > 500 && bars.close.every((close) => close > 1), name)
      const series = {
        bars,
        basis: 'split',
        dayOf: (ts: number) => ts,
        splits: [],
        ...none,
      } as const
      assert.deepEqual(flagged(series), [], name)
    }
  })
})
