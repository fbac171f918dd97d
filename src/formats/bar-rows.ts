/** What the rows of a file say as bars: which column is what, and what its texts mean. Pure. */
import { VALUE_COLUMNS } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { DAY_MS, parseDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { intervalMs, isIntraday, type Interval } from '../domain/interval.ts'

export const BAR_NAMES = ['symbol', 'interval', 'ts', ...VALUE_COLUMNS, 'state'] as const
export type BarName = (typeof BAR_NAMES)[number]

/** The column of a file for each part of a bar that it has. */
export type Columns = Readonly<Partial<Record<BarName, string>>>

/** How others call them, in small letters and without anything but letters. */
const ALIASES: Readonly<Record<string, BarName>> = {
  symbol: 'symbol',
  ticker: 'symbol',
  sym: 'symbol',
  interval: 'interval',
  timeframe: 'interval',
  ts: 'ts',
  date: 'ts',
  datetime: 'ts',
  time: 'ts',
  timestamp: 'ts',
  session: 'ts',
  day: 'ts',
  t: 'ts',
  open: 'open',
  o: 'open',
  high: 'high',
  h: 'high',
  low: 'low',
  l: 'low',
  close: 'close',
  c: 'close',
  last: 'close',
  volume: 'volume',
  vol: 'volume',
  v: 'volume',
  vwap: 'vwap',
  vw: 'vwap',
  trades: 'trades',
  transactions: 'trades',
  n: 'trades',
  state: 'state',
}

/** Which column is what by its name, where `AAPL.Open` is read as `Open` and of several names the first holds. */
export function columnsNamed(names: readonly string[]): Columns {
  const found: Partial<Record<BarName, string>> = {}
  for (const name of names) {
    const last = name.slice(name.lastIndexOf('.') + 1)
    const plain = last.toLowerCase().replaceAll(/[^a-z]/g, '')
    const meaning = ALIASES[plain]
    if (meaning !== undefined) found[meaning] ??= name
  }
  return found
}

/**
 * Which column is what: as a person said, else by its name.
 * @param given `close=price` as { close: 'price' }
 * @throws StockyardError `COLUMNS_INVALID` where a column is not there, or what a bar needs has none
 */
export function findColumns(names: readonly string[], given: Columns): Columns {
  for (const name of Object.values(given)) {
    if (!names.includes(name)) throw columnError(`The file has no column "${name}".`, names)
  }
  const found = { ...columnsNamed(names), ...given }
  const missing = (['ts', 'open', 'high', 'low', 'close'] as const).filter(
    (name) => found[name] === undefined,
  )
  if (missing.length === 0) return found
  throw columnError(`The file has no column for ${missing.join(', ')}.`, names)
}

function columnError(sentence: string, names: readonly string[]): StockyardError {
  const shown = names.slice(0, 20).join(', ').slice(0, 300)
  return new StockyardError('usage', 'COLUMNS_INVALID', sentence, {
    hint: `Say which is which with --columns, as in --columns ts=Date,close=Last. It has: ${shown}.`,
  })
}

/** A price, volume or count: NaN where the cell is empty, undefined where it is no number. */
export function readNumber(cell: unknown): number | undefined {
  if (cell === null || cell === undefined) return Number.NaN
  if (typeof cell === 'number') return cell
  if (typeof cell === 'bigint') return Number(cell)
  if (typeof cell !== 'string') return undefined
  const text = cell.trim().replace(/^\$/, '')
  if (text === '' || /^(?:na|n\/a|nan|null|none|-)$/i.test(text)) return Number.NaN
  const plain = /^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(plain) ? Number(plain) : undefined
}

/** How a file's times are meant. */
export interface TimeReading {
  readonly interval: Interval
  /** The exchange's, for its dates. */
  readonly calendar: Calendar
  /** The instant of a wall-clock time that has no offset. */
  readonly instantAt: (day: number, minutes: number) => number
  /** Which end of a bar its time names. */
  readonly label: 'start' | 'end'
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const STAMP =
  /^(\d{4}-?\d\d-?\d\d)(?:[T ]+(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)? *(Z|UTC|[-+]\d\d(?::?\d\d)?)?$/i

/** The start of a bar: an instant, or a day for daily and longer; NaN where the cell tells none. */
export function readStart(cell: unknown, reading: TimeReading): number {
  const start = readTime(cell, reading)
  const { interval, label } = reading
  return label === 'end' && isIntraday(interval) ? start - intervalMs(interval) : start
}

function readTime(cell: unknown, reading: TimeReading): number {
  if (cell instanceof Date) return fromInstant(cell.getTime(), reading)
  if (typeof cell === 'bigint' || typeof cell === 'number') return fromEpoch(Number(cell), reading)
  const text = typeof cell === 'string' ? cell.trim() : ''
  if (/^\d{9,13}(\.\d+)?$/.test(text)) return fromEpoch(Number(text), reading)
  const named = /^([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})$/i.exec(text)
  if (named !== null) {
    const month = MONTHS.indexOf(named[1]!.toLowerCase()) + 1
    return fromDay(parseDay(`${named[3]}-${two(month)}-${named[2]!.padStart(2, '0')}`), reading)
  }
  const match = STAMP.exec(text)
  return match === null ? Number.NaN : fromStamp(match, reading)
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function fromStamp(match: RegExpExecArray, reading: TimeReading): number {
  const [, date, hour, minute, second = '0', fraction = '', zone] = match
  const plain = date!.replaceAll('-', '')
  const day = parseDay(`${plain.slice(0, 4)}-${plain.slice(4, 6)}-${plain.slice(6)}`)
  if (hour === undefined || !isIntraday(reading.interval)) return fromDay(day, reading)
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return Number.NaN
  const minutes = Number(hour) * 60 + Number(minute)
  const rest = Number(second) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3))
  if (zone === undefined) return reading.instantAt(day, minutes) + rest
  return day + minutes * 60_000 + rest - offsetMs(zone)
}

function offsetMs(zone: string): number {
  const [, sign, hours = '0', minutes = '0'] = /^([-+])(\d\d):?(\d\d)?$/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

/** A date alone is no start of an intraday bar. */
function fromDay(day: number, { interval }: TimeReading): number {
  return isIntraday(interval) ? Number.NaN : day
}

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size. */
function fromEpoch(value: number, reading: TimeReading): number {
  const size = Math.abs(value)
  if (size < 1e11) return fromInstant(value * 1000, reading)
  if (size < 1e14) return fromInstant(value, reading)
  return fromInstant(size < 1e17 ? value / 1e3 : value / 1e6, reading)
}

/** Midnight in UTC is how many programs write a date. */
function fromInstant(instant: number, { interval, calendar }: TimeReading): number {
  if (isIntraday(interval)) return instant
  return instant % DAY_MS === 0 ? instant : calendar.localDay(instant)
}
