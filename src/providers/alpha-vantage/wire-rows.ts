/**
 * Rows of a series as they stand on the wire, in the order of the wire, as columns: the label of each
 * bar, its five values, and where its text is. Both scanners and the careful reader fill them.
 */

import { DAY_MS } from '../../domain/date.ts'

/** The values of a bar that are read, in the order in which they are kept in `values`. */
export const FIELDS = ['open', 'high', 'low', 'close', 'volume'] as const
export const FIELD_COUNT = FIELDS.length
/** Bit mask of a row in which every field was seen. */
export const ALL_FIELDS = (1 << FIELD_COUNT) - 1

/** Raw text that is kept of a row, in characters. */
const RAW_LENGTH_MAX = 1000

export interface WireRows {
  length: number
  capacity: number
  /** Day of each label. */
  day: Float64Array
  /** Seconds after midnight of each label, 0 where labels are dates. */
  second: Int32Array
  /** Five values a row, in the order of FIELDS; NaN where a text is no number. */
  values: Float64Array
  /** Where the text of each row begins and ends in the body. */
  from: Int32Array
  until: Int32Array
  /** The date that was read last, as the number YYYYMMDD, and its day: labels of a day follow each other. */
  lastDate: number
  lastDay: number
  /** Bit mask of the fields that were seen in the row being read. */
  seen: number
}

export function makeRows(capacity: number): WireRows {
  return {
    length: 0,
    capacity,
    day: new Float64Array(capacity),
    second: new Int32Array(capacity),
    values: new Float64Array(capacity * FIELD_COUNT),
    from: new Int32Array(capacity),
    until: new Int32Array(capacity),
    lastDate: 0,
    lastDay: Number.NaN,
    seen: 0,
  }
}

/** Room that is kept, in rows: some years of minutes would hold more memory than they save. */
const SPARE_ROWS_MAX = 32_768
/** Rows of an answer that is done with, to be written over by the next: room for a month is 900 kB. */
let spare: WireRows | null = null

/** Rows to be filled; whoever is done with them may give them back. */
export function takeRows(capacity: number): WireRows {
  const rows = spare
  if (rows === null || rows.capacity < capacity) return makeRows(capacity)
  spare = null
  rows.length = 0
  rows.lastDate = 0
  rows.lastDay = Number.NaN
  rows.seen = 0
  return rows
}

/** Lets rows be written over. */
export function giveRowsBack(rows: WireRows): void {
  if (rows.capacity <= SPARE_ROWS_MAX) spare = rows
}

/** Tells the text of each row, also once the rows were given back. */
export function textsOf(bytes: Uint8Array, rows: WireRows): (index: number) => string {
  const from = rows.from.slice(0, rows.length)
  const until = rows.until.slice(0, rows.length)
  return (index) => rawText(bytes, from[index]!, until[index]!)
}

/** Doubles the room when there is none left for one more row. */
export function makeRoom(rows: WireRows): void {
  if (rows.length < rows.capacity) return
  const larger = makeRows(rows.capacity * 2)
  larger.day.set(rows.day)
  larger.second.set(rows.second)
  larger.values.set(rows.values)
  larger.from.set(rows.from)
  larger.until.set(rows.until)
  rows.capacity = larger.capacity
  rows.day = larger.day
  rows.second = larger.second
  rows.values = larger.values
  rows.from = larger.from
  rows.until = larger.until
}

/**
 * Reads the label of the next row: `YYYY-MM-DD HH:MM:SS` where bars are intraday, else `YYYY-MM-DD`.
 * False where the text is not that, or no real date or time.
 */
export function readLabel(
  bytes: Uint8Array,
  from: number,
  until: number,
  intraday: boolean,
  rows: WireRows,
): boolean {
  if (until - from !== (intraday ? 19 : 10)) return false
  if (bytes[from + 4] !== 45 || bytes[from + 7] !== 45) return false
  const day = readDay(bytes, from, rows)
  if (Number.isNaN(day)) return false
  rows.day[rows.length] = day
  rows.second[rows.length] = 0
  if (!intraday) return true
  if (bytes[from + 10] !== 32 || bytes[from + 13] !== 58 || bytes[from + 16] !== 58) return false
  const hour = twoDigits(bytes, from + 11)
  const minute = twoDigits(bytes, from + 14)
  const second = twoDigits(bytes, from + 17)
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false
  rows.second[rows.length] = hour * 3600 + minute * 60 + second
  return true
}

function readDay(bytes: Uint8Array, from: number, rows: WireRows): number {
  const century = twoDigits(bytes, from)
  const year = twoDigits(bytes, from + 2)
  const month = twoDigits(bytes, from + 5)
  const date = twoDigits(bytes, from + 8)
  if (century < 1 || year < 0 || month < 1 || date < 1) return Number.NaN
  const number = ((century * 100 + year) * 100 + month) * 100 + date
  if (number === rows.lastDate) return rows.lastDay
  rows.lastDate = number
  rows.lastDay = dayOf(century * 100 + year, month, date)
  return rows.lastDay
}

/** Days before each month in a year without a leap day. */
const DAYS_BEFORE = Int32Array.of(0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)

/** The day of a date, or NaN where the month has no such date. Daily answers ask once a row. */
function dayOf(year: number, month: number, date: number): number {
  if (month > 12) return Number.NaN
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const before = DAYS_BEFORE[month - 1]! + (isLeap && month > 2 ? 1 : 0)
  const length = DAYS_BEFORE[month]! - DAYS_BEFORE[month - 1]! + (isLeap && month === 2 ? 1 : 0)
  if (date > length) return Number.NaN
  const last = year - 1
  const leapDays = Math.floor(last / 4) - Math.floor(last / 100) + Math.floor(last / 400)
  // 719,162 days lie between 0001-01-01 and 1970-01-01.
  return (last * 365 + leapDays + before + date - 1 - 719_162) * DAY_MS
}

/** The number of two digits, or a number below 0. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 48
  const ones = bytes[at + 1]! - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

const decoder = new TextDecoder()

/** The text of a part of a body, cut where it is too long to be a row. */
export function rawText(bytes: Uint8Array, from: number, until: number): string {
  return cutRaw(decoder.decode(bytes.subarray(from, Math.min(until, from + 4 * RAW_LENGTH_MAX))))
}

export function cutRaw(text: string): string {
  return text.length <= RAW_LENGTH_MAX ? text : `${text.slice(0, RAW_LENGTH_MAX - 1)}…`
}
