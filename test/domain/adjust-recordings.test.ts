/**
 * Adjusted closes that vendors published, recomputed from the raw closes, splits and dividends that they
 * published beside them. The recordings are not part of the project; STOCKYARD_RECORDINGS names their folder.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { adjust, findAdjustment, type AdjustmentNeed } from '../../src/domain/adjust.ts'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'

const folder = process.env['STOCKYARD_RECORDINGS'] ?? ''
const skip = folder === '' && 'STOCKYARD_RECORDINGS names no folder of recordings'

/** One published session, oldest first in lists. */
interface Published {
  readonly date: string
  readonly open: number
  readonly close: number
  readonly volume: number
  readonly dividend: number
  /** New shares for an old one. */
  readonly split: number
  readonly adjustedOpen: number | null
  readonly adjustedClose: number
  readonly adjustedVolume: number | null
}

function read(...path: string[]): string {
  return readFileSync(join(folder, ...path), 'utf8')
}

function readCsv(text: string): Record<string, string>[] {
  const [head, ...lines] = text.trim().split(/\r?\n/)
  const names = head!.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    return Object.fromEntries(names.map((name, i) => [name, cells[i]!]))
  })
}

function quandl(ticker: string): Published[] {
  const text = read('ohlcv', 'zipline-quandl-wiki-AAPL-BRKA-MSFT-ZEN-2014.csv')
  return readCsv(text)
    .filter((row) => row['ticker'] === ticker)
    .map((row) => ({
      date: row['date']!,
      open: Number(row['open']),
      close: Number(row['close']),
      volume: Number(row['volume']),
      dividend: Number(row['ex-dividend']),
      split: Number(row['split_ratio']),
      adjustedOpen: Number(row['adj_open']),
      adjustedClose: Number(row['adj_close']),
      adjustedVolume: Number(row['adj_volume']),
    }))
}

const NO_OTHERS = { adjustedOpen: null, adjustedVolume: null }

function alphaVantageJson(name: string): Published[] {
  const answer = JSON.parse(read('alpha-vantage', name)) as Record<string, object>
  const series = answer['Time Series (Daily)'] as Record<string, Record<string, string>>
  return Object.entries(series)
    .map(([date, row]) => ({
      date,
      open: Number(row['1. open']),
      close: Number(row['4. close']),
      volume: Number(row['6. volume']),
      dividend: Number(row['7. dividend amount']),
      split: Number(row['8. split coefficient']),
      adjustedClose: Number(row['5. adjusted close']),
      ...NO_OTHERS,
    }))
    .toSorted((a, b) => parseDay(a.date) - parseDay(b.date))
}

function alphaVantageCsv(name: string): Published[] {
  return readCsv(read('alpha-vantage', name))
    .map((row) => ({
      date: row['timestamp']!,
      open: Number(row['open']),
      close: Number(row['close']),
      volume: Number(row['volume']),
      dividend: Number(row['dividend_amount']),
      split: Number(row['split_coefficient']),
      adjustedClose: Number(row['adjusted_close']),
      ...NO_OTHERS,
    }))
    .toSorted((a, b) => parseDay(a.date) - parseDay(b.date))
}

function yahooHistory(name: string): Published[] {
  return readCsv(read('ohlcv', 'yfinance', name))
    .map((row) => ({
      date: row['Date']!.slice(0, 10),
      open: Number(row['Open']),
      close: Number(row['Close']),
      volume: Number(row['Volume']),
      dividend: Number(row['Dividends']),
      split: Number(row['Stock Splits']) || 1,
      adjustedClose: Number(row['Adj Close']),
      ...NO_OTHERS,
    }))
    .toSorted((a, b) => parseDay(a.date) - parseDay(b.date))
}

interface YahooChart {
  readonly timestamp: number[]
  readonly indicators: {
    readonly quote: [{ open: number[]; close: number[]; volume: number[] }]
    readonly adjclose: [{ adjclose: number[] }]
  }
  readonly events: { readonly dividends: Record<string, { amount: number; date: number }> }
}

/** A chart of New York, where a session opens on the UTC date of its own. */
function yahooChart(name: string): Published[] {
  const answer = JSON.parse(read('yahoo', 'chart', name)) as { chart: { result: [YahooChart] } }
  const { timestamp, indicators, events } = answer.chart.result[0]
  const [quote] = indicators.quote
  const dividends = Object.values(events.dividends)
  return timestamp.map((seconds, i) => ({
    date: new Date(seconds * 1000).toISOString().slice(0, 10),
    open: quote.open[i]!,
    close: quote.close[i]!,
    volume: quote.volume[i]!,
    dividend: dividends.find(({ date }) => date === seconds)?.amount ?? 0,
    split: 1,
    adjustedClose: indicators.adjclose[0].adjclose[i]!,
    ...NO_OTHERS,
  }))
}

function barsOf(sessions: readonly Published[]): BarBatch {
  const bars = makeBatch(sessions.length)
  sessions.forEach(({ date, open, close, volume }, i) => {
    bars.ts[i] = parseDay(date)
    bars.open[i] = open
    bars.close[i] = close
    bars.volume[i] = volume
  })
  return bars
}

function recompute(
  sessions: readonly Published[],
  { rule, basis = 'raw' }: Pick<AdjustmentNeed, 'rule'> & Partial<Pick<AdjustmentNeed, 'basis'>>,
): BarBatch {
  const bars = barsOf(sessions)
  const dated = sessions.map((session) => ({ ...session, day: parseDay(session.date) }))
  const plan = findAdjustment({
    mode: 'all',
    basis,
    throughDay: bars.ts.at(-1)! + DAY_MS,
    splits: dated
      .filter(({ split }) => split !== 1)
      .map(({ day, split }) => ({ day, newShares: split, oldShares: 1 })),
    payments: dated
      .filter(({ dividend }) => dividend !== 0)
      .map(({ day, dividend }) => ({ day, amount: dividend, currency: null, basis })),
    closes: { days: bars.ts, closes: bars.close, basis },
    currency: null,
    ...(rule === undefined ? {} : { rule }),
  })
  assert.deepEqual(plan.unapplied, [])
  return adjust(bars, (ts) => ts, plan)
}

/** Greatest relative error over the sessions; `factor` is what happened to the stock after the last one. */
function greatestError(
  computed: Float64Array,
  published: readonly (number | null)[],
  factor = 1,
): number {
  return Math.max(...published.map((value, i) => Math.abs((computed[i]! * factor) / value! - 1)))
}

describe('adjusted closes that vendors published', { skip }, () => {
  it('of Quandl, 2014, with Apple 7 for 1, are met by the rule of the ex date', () => {
    for (const [ticker, count] of Object.entries({ AAPL: 252, MSFT: 252, BRK_A: 252, ZEN: 160 })) {
      const sessions = quandl(ticker)
      assert.equal(sessions.length, count)
      const adjusted = recompute(sessions, { rule: 'ex-close' })
      const last = sessions.at(-1)!
      const later = last.adjustedClose / last.close
      const opens = sessions.map(({ adjustedOpen }) => adjustedOpen)
      const closes = sessions.map(({ adjustedClose }) => adjustedClose)
      assert.ok(greatestError(adjusted.close, closes, later) < 1e-12)
      assert.ok(greatestError(adjusted.open, opens, later) < 1e-12)
      const volumes = sessions.map(({ adjustedVolume }) => adjustedVolume)
      assert.ok(greatestError(adjusted.volume, volumes) < 1e-12)
    }
  })

  it('of Alpha Vantage, 2026, are met by the rule of the ex date', () => {
    const sessions = alphaVantageCsv('daily-adjusted-IBM-compact-2026-05-15.csv')
    assert.equal(sessions.filter(({ dividend }) => dividend > 0).length, 2)
    const closes = sessions.map(({ adjustedClose }) => adjustedClose)
    assert.ok(greatestError(recompute(sessions, { rule: 'ex-close' }).close, closes) < 1e-12)
  })

  it('of Alpha Vantage, in the middle of a session, are met', () => {
    const sessions = alphaVantageJson('daily-adjusted-IBM-midsession-2020-05-08.json')
    const closes = sessions.map(({ adjustedClose }) => adjustedClose)
    assert.ok(sessions.length > 0)
    assert.ok(greatestError(recompute(sessions, { rule: 'ex-close' }).close, closes) < 1e-12)
  })

  it('of Alpha Vantage, 1999 to 2019, are met to the four decimals that it printed', () => {
    const sessions = alphaVantageJson('daily-adjusted-MSFT-full-2019-11-29.json')
    assert.equal(sessions.length, 5034)
    assert.equal(sessions.filter(({ dividend, split }) => dividend > 0 || split !== 1).length, 65)
    const adjusted = recompute(sessions, { rule: 'ex-close' })
    sessions.forEach(({ date, adjustedClose }, i) => {
      assert.ok(Math.abs(adjusted.close[i]! - adjustedClose) < 0.000051, date)
    })
  })

  it('of Yahoo are met by the rule of the close before, to its single precision', () => {
    const apple = yahooChart('history_chart_AAPL.json')
    assert.equal(apple.filter(({ dividend }) => dividend > 0).length, 2)
    // Shin-Etsu paid 55 yen on the day of its split 5 for 1, 2023-03-30.
    const shinEtsu = yahooHistory('4063-T-1d-bad-stock-split-fixed.csv')
    assert.ok(shinEtsu.some(({ dividend, split }) => dividend === 55 && split === 5))
    // The others as people mended them: Traton's 0.70 euro, and one without a dividend.
    const mended = ['8TRA-DE-1d-missing-div-adjust', 'AET-L-1d-100x-error']
    const others = mended.map((name) => yahooHistory(`${name}-fixed.csv`))
    for (const sessions of [apple, shinEtsu, ...others]) {
      const closes = sessions.map(({ adjustedClose }) => adjustedClose)
      assert.ok(greatestError(recompute(sessions, { basis: 'split' }).close, closes) < 2e-7)
    }
  })

  it('of Yahoo within sessions are met by the last close before, after hours included', () => {
    // Electronic Arts paid 0.19 dollars on 2026-05-27; the last quarter of an hour before closed at 201.13.
    for (const [name, dividends] of [
      ['EA-15m-no-bad-divs.csv', 1],
      ['ASAI-L-1h-bad-unit-fixed.csv', 0],
    ] as const) {
      const rows = readCsv(read('ohlcv', 'yfinance', name))
      const days = rows.map((row) => parseDay(row['Datetime']!.slice(0, 10)))
      const lastOfDay = new Map(days.map((day, i) => [day, Number(rows[i]!['Close'])]))
      const payments = rows.flatMap((row, i) => {
        const amount = Number(row['Dividends'])
        return amount > 0
          ? [{ day: days[i]!, amount, currency: null, basis: 'split' as const }]
          : []
      })
      assert.equal(payments.length, dividends)
      const bars = makeBatch(rows.length)
      rows.forEach((row, i) => {
        bars.ts[i] = i
        bars.close[i] = Number(row['Close'])
      })
      const plan = findAdjustment({
        mode: 'all',
        basis: 'split',
        throughDay: days.at(-1)!,
        splits: [],
        payments,
        closes: {
          days: Float64Array.from(lastOfDay.keys()),
          closes: Float64Array.from(lastOfDay.values()),
          basis: 'split',
        },
        currency: null,
      })
      const adjusted = adjust(bars, (index) => days[index]!, plan)
      const closes = rows.map((row) => Number(row['Adj Close']))
      assert.ok(greatestError(adjusted.close, closes) < 2e-7)
    }
  })

  it('are missed by the other rule', () => {
    const microsoft = quandl('MSFT')
    const last = microsoft.at(-1)!
    const closes = microsoft.map(({ adjustedClose }) => adjustedClose)
    const adjusted = recompute(microsoft, { rule: 'previous-close' })
    assert.ok(greatestError(adjusted.close, closes, last.adjustedClose / last.close) > 1e-4)
  })
})
