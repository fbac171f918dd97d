/** Vendors' own adjusted closes, read by their adapters and recomputed. STOCKYARD_RECORDINGS names the recordings. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Payment, ShareSplit } from '../../src/domain/adjust.ts'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import { comparePublished } from '../../src/domain/published-closes.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'

const folder = process.env['STOCKYARD_RECORDINGS'] ?? ''
const skip = folder === '' && 'STOCKYARD_RECORDINGS names no folder of recordings'

function bodyOf(bytes: Uint8Array) {
  return { status: 200, contentType: '', bytes }
}

function read(...path: string[]): Uint8Array {
  return readFileSync(join(folder, ...path))
}

function closesOf(rows: readonly (readonly [date: string, close: number])[]): BarBatch {
  const bars = makeBatch(rows.length)
  rows.forEach(([date, close], i) => {
    bars.ts[i] = parseDay(date)
    bars.close[i] = close
  })
  return bars
}

describe('adjusted closes', () => {
  it('are read from JSON and CSV alike, oldest first, and from nothing else', () => {
    const csv = `timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient
2024-01-03,1,1,1,10,9.5,1,0.0,1.0
2024-01-02,1,1,1,11,10.45,1,0.0,1.0
`
    const json = JSON.stringify({
      'Time Series (Daily)': {
        '2024-01-03': { '4. close': '10', '5. adjusted close': '9.5' },
        '2024-01-02': { '4. close': '11', '5. adjusted close': '10.45' },
      },
    })
    const plain = 'timestamp,open,high,low,close,volume\n2024-01-03,1,1,1,10,1\n'
    const encoder = new TextEncoder()
    for (const text of [csv, json]) {
      const found = alphaVantage.parseAdjustedCloses!(bodyOf(encoder.encode(text)))!
      assert.deepEqual([...found.days].map(formatDate), ['2024-01-02', '2024-01-03'])
      assert.deepEqual([...found.adjusted], [10.45, 9.5])
      assert.equal(found.rule, 'ex-close')
    }
    for (const text of [plain, '{"Information":"…"}', '{', '']) {
      assert.equal(alphaVantage.parseAdjustedCloses!(bodyOf(encoder.encode(text))), null)
      assert.equal(yahoo.parseAdjustedCloses!(bodyOf(encoder.encode(text))), null)
    }
  })

  it('that lack a payment are told with the sessions that are off', () => {
    const bars = closesOf([
      ['2024-01-02', 100],
      ['2024-01-03', 99],
      ['2024-01-04', 99],
    ])
    const published = { days: bars.ts, adjusted: bars.close, rule: 'previous-close' as const }
    const paid = {
      day: parseDay('2024-01-04'),
      amount: 0.99,
      currency: null,
      basis: 'raw' as const,
    }
    const found = comparePublished(published, bars, [], [paid], paid.day)
    assert.ok(Math.abs(found.greatestError! - 0.01) < 1e-12)
    assert.deepEqual(found.off, { from: bars.ts[0], through: bars.ts[1], sessions: 2 })
    // What was paid after the vendor said it was not known to it.
    assert.equal(comparePublished(published, bars, [], [paid], paid.day - 1).off, null)
  })
})

describe('adjusted closes that are no prices', () => {
  it('are off, and are not what the others are measured by', () => {
    const bars = closesOf([
      ['2024-01-02', 100],
      ['2024-01-03', 99],
      ['2024-01-04', 98],
      ['2024-01-05', 97],
    ])
    const published = {
      days: bars.ts,
      adjusted: Float64Array.of(100, -3, 98, 0),
      rule: 'previous-close' as const,
    }
    const found = comparePublished(published, bars, [], [], bars.ts[3]!)
    assert.deepEqual(found.off, { from: bars.ts[1], through: bars.ts[3], sessions: 2 })
    assert.equal(found.worstDay, bars.ts[1])
    assert.ok(Math.abs(found.greatestError! - 102 / 99) < 1e-12)
  })
})

describe('recordings of adjusted closes', { skip }, () => {
  it('of Alpha Vantage are recomputed to a millionth, or to the decimals that it printed', () => {
    for (const [name, least, error] of [
      ['daily-adjusted-IBM-compact-2026-05-15.csv', 100, 1e-6],
      ['daily-adjusted-IBM-midsession-2020-05-08.json', 2, 1e-6],
      ['daily-adjusted-MSFT-full-2019-11-29.json', 5034, 5e-6],
    ] as const) {
      const bytes = read('alpha-vantage', name)
      const { bars, splits, payments } = rowsOf(new TextDecoder().decode(bytes))
      const published = alphaVantage.parseAdjustedCloses!(bodyOf(bytes))!
      const found = comparePublished(published, bars, splits, payments, bars.ts.at(-1)!)
      assert.ok(found.sessions >= least, name)
      assert.ok(found.greatestError! <= error, `${name}: ${found.greatestError}`)
      assert.equal(found.off, null)
    }
  })

  it('of Yahoo are read from every daily chart', () => {
    const names = readdirSync(join(folder, 'yahoo', 'chart'))
    const read1d = names.map(
      (name) => [name, yahoo.parseAdjustedCloses!(bodyOf(read('yahoo', 'chart', name)))] as const,
    )
    const found = read1d.filter(([, closes]) => closes !== null)
    assert.ok(found.length >= 6)
    const apple = found.find(([name]) => name === 'history_chart_AAPL.json')![1]!
    assert.equal(apple.days.length, 127)
    assert.ok(apple.days.every((day, i) => i === 0 || day > apple.days[i - 1]!))
  })
})

/** Closes in today's shares, splits and payments of a recorded answer. */
function rowsOf(text: string): { bars: BarBatch; splits: ShareSplit[]; payments: Payment[] } {
  const rows = (text.startsWith('{') ? jsonRows(text) : csvRows(text)).toSorted(
    (a, b) => a.day - b.day,
  )
  const splits = rows
    .filter(({ split }) => split !== 1)
    .map(({ day, split }) => ({ day, newShares: split, oldShares: 1 }))
  const bars = makeBatch(rows.length)
  rows.forEach(({ day, close }, i) => {
    bars.ts[i] = day
    const later = splits.filter((split) => split.day > day)
    bars.close[i] = later.reduce((price, { newShares }) => price / newShares, close)
  })
  const payments = rows
    .filter(({ paid }) => paid !== 0)
    .map(({ day, paid }) => ({ day, amount: paid, currency: null, basis: 'raw' as const }))
  return { bars, splits, payments }
}

function jsonRows(text: string) {
  const document = JSON.parse(text) as Record<string, Record<string, Record<string, string>>>
  return Object.entries(document['Time Series (Daily)']!).map(([date, row]) => ({
    day: parseDay(date),
    close: Number(row['4. close']),
    paid: Number(row['7. dividend amount']),
    split: Number(row['8. split coefficient']),
  }))
}

function csvRows(text: string) {
  const [, ...lines] = text.trim().split(/\r?\n/)
  return lines.map((line) => {
    const [date, , , , close, , , paid, split] = line.split(',')
    return { day: parseDay(date!), close: Number(close), paid: Number(paid), split: Number(split) }
  })
}
