/** How Polygon writes: compact JSON, bars as objects of numbers, a request id in every answer. */
import type { BarBatch } from '../domain/bar-batch.ts'
import { keyOf } from './counter-random.ts'
import { numberTexts, type RowTable } from './row-faults.ts'
import { plainAnswer, type VendorCall, type WireAnswer } from './vendor.ts'

const JSON_TYPE = 'application/json'
/** Names of the columns of a row table, which begin with open, high, low and close. */
const COLUMNS = ['o', 'h', 'l', 'c', 'v', 'vw', 'n'] as const
/** Places of those columns in the order of recorded answers; `t` stands before `n`. */
const WIRE_ORDER = [4, 5, 0, 3, 1, 2] as const

/** An answer of any JSON value. */
export function jsonAnswer(status: number, value: unknown): WireAnswer {
  return plainAnswer(status, JSON_TYPE, JSON.stringify(value))
}

/** 32 hexadecimal digits that follow from the call alone, so that equal calls have equal answers. */
export function requestId({ params }: VendorCall): string {
  const text = JSON.stringify(params)
  return [1, 2, 3, 4].map((seed) => keyOf(seed, text).toString(16).padStart(8, '0')).join('')
}

/** What stands around the bars. */
export interface AggregatesFrame {
  /** Absent where the answer is for many tickers. */
  readonly ticker?: string
  /** How many minutes or days the bars are made of. */
  readonly queryCount: number
  readonly adjusted: boolean
  readonly status: 'OK' | 'DELAYED'
  readonly requestId: string
  readonly nextUrl?: string
}

/** Bars to be sent; `ts` are the labels, in milliseconds. */
export interface Aggregates {
  readonly bars: BarBatch
  /** Volumes of a million and more in the form of 1.12117471e+08, as in answers of days. */
  readonly isExponential: boolean
  /** Length of a bar inside a day; null for longer ones. */
  readonly barMs: number | null
  /** The tickers of the bars, where each names its own. */
  readonly tickers?: readonly string[]
}

/** An answer with bars. */
export function aggregatesAnswer(frame: AggregatesFrame, aggregates: Aggregates): WireAnswer {
  const rows = tableOf(aggregates)
  return {
    status: 200,
    contentType: JSON_TYPE,
    rows,
    write: (changed) => writeAggregates(frame, changed ?? rows),
  }
}

function tableOf({ bars, isExponential, barMs, tickers }: Aggregates): RowTable {
  const volumes = isExponential
    ? Array.from(bars.volume, (value) => exponential(value))
    : numberTexts(bars.volume)
  return {
    labels: Array.from(bars.ts, (ts) => String(ts)),
    cells: [
      numberTexts(bars.open),
      numberTexts(bars.high),
      numberTexts(bars.low),
      numberTexts(bars.close),
      volumes,
      numberTexts(bars.vwap),
      numberTexts(bars.trades),
      ...(tickers === undefined ? [] : [tickers.map((ticker) => JSON.stringify(ticker))]),
    ],
    volume: COLUMNS.indexOf('v'),
    newestFirst: bars.length > 1 && bars.ts[0]! > bars.ts[1]!,
    labelledByEnd: false,
    spelling: {
      word: (text) => JSON.stringify(text),
      // 80 years of 365.25 days.
      future: (label) => String(Number(label) + 80 * 31_557_600_000),
      impossible: () => JSON.stringify('2024-13-45'),
      offGrid: (label) => String(Number(label) + 7000),
      end: barMs === null ? null : (label) => String(Number(label) + barMs),
    },
  }
}

/** As the vendor's encoder writes large floats: 1.12117471e+08. */
function exponential(value: number): string {
  if (value < 1e6) return String(value)
  const [mantissa, exponent] = value.toExponential().split('e+')
  return `${mantissa}e+${exponent!.padStart(2, '0')}`
}

function writeAggregates(frame: AggregatesFrame, rows: RowTable): string {
  const { ticker, queryCount, adjusted, status, nextUrl } = frame
  const count = rows.labels.length
  const head = {
    ...(ticker === undefined ? {} : { ticker }),
    queryCount,
    resultsCount: count,
    adjusted,
  }
  const tail = {
    status,
    request_id: frame.requestId,
    ...(count === 0 ? {} : { count }),
    ...(nextUrl === undefined ? {} : { next_url: nextUrl }),
  }
  const texts = ticker?.startsWith('I:') === true ? indexTexts(rows) : rowTexts(rows)
  const results = count === 0 ? '' : `"results":[${texts.join(',')}],`
  return `${JSON.stringify(head).slice(0, -1)},${results}${JSON.stringify(tail).slice(1)}`
}

function rowTexts({ labels, cells }: RowTable): string[] {
  const [trades, tickers] = [cells[6]!, cells[7]]
  return labels.map((label, i) => {
    const name = tickers === undefined ? '' : `"T":${tickers[i]},`
    const values = WIRE_ORDER.map((c) => `"${COLUMNS[c]}":${cells[c]![i]}`).join(',')
    return `{${name}${values},"t":${label},"n":${trades[i]}}`
  })
}

/** Rows of an index, which nobody trades: values and no more. */
function indexTexts({ labels, cells }: RowTable): string[] {
  return labels.map((label, i) => {
    const values = ([0, 3, 1, 2] as const).map((c) => `"${COLUMNS[c]}":${cells[c]![i]}`).join(',')
    return `{${values},"t":${label}}`
  })
}
