/**
 * Calendar dates as numbers. A date is held as its "day": the milliseconds of that date's 00:00 UTC,
 * so that dates sort, compare and subtract like numbers. A day is never an instant of a market.
 */
import { StockyardError } from './error.ts'

export const DAY_MS = 86_400_000

/** `2024-01-02` for a day, or for the UTC date of any instant. */
export function formatDate(day: number): string {
  const date = new Date(day)
  const year = date.getUTCFullYear()
  // Of the years of markets without toISOString, which takes ten times as long.
  if (!(year >= 1000 && year <= 9999)) return date.toISOString().slice(0, 10)
  return `${year}-${TWO_DIGITS[date.getUTCMonth() + 1]}-${TWO_DIGITS[date.getUTCDate()]}`
}

const TWO_DIGITS = Array.from({ length: 32 }, (_, number) => String(number).padStart(2, '0'))

/**
 * The day of a text `YYYY-MM-DD`, or NaN where the text is not a real date. Written by hand, since
 * parsers of vendors' answers call it once a row.
 */
export function parseDay(text: string): number {
  if (text.length !== 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45)
    return Number.NaN
  const year = numberIn(text, 0, 4)
  const month = numberIn(text, 5, 7)
  const date = numberIn(text, 8, 10)
  const day = Date.UTC(year, month - 1, date)
  // 2024-02-30 rolls over to March, and years below 100 are moved by Date.UTC.
  const isReal = year >= 100 && month >= 1 && month <= 12 && date >= 1
  return isReal && new Date(day).getUTCDate() === date ? day : Number.NaN
}

/** The number that the characters of a text spell, or NaN where one is no digit. */
function numberIn(text: string, from: number, until: number): number {
  let number = 0
  for (let i = from; i < until; i += 1) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    number = number * 10 + digit
  }
  return number
}

/**
 * The day of a date that a person typed.
 * @throws StockyardError `DATE_INVALID`
 */
export function requireDay(text: string, name: string): number {
  const day = parseDay(text)
  if (Number.isNaN(day)) {
    throw new StockyardError('usage', 'DATE_INVALID', `${name} "${text}" is not a date.`, {
      hint: 'Write dates as YYYY-MM-DD, for example 2024-01-02.',
    })
  }
  return day
}

/** What is told of a period whose end comes before its beginning. */
export function periodError(): StockyardError {
  return new StockyardError('usage', 'RANGE_INVALID', 'The range ends before it begins.', {
    hint: '"from" is included and "until" is not; exchange the two.',
  })
}

/** Day of the Monday that begins the ISO week of a day. */
export function weekStart(day: number): number {
  // 1970-01-01 was a Thursday, the fourth day of its ISO week.
  const weekday = (Math.floor(day / DAY_MS) + 3) % 7
  return day - (weekday < 0 ? weekday + 7 : weekday) * DAY_MS
}

/** Day of the first of the month of a day. */
export function monthStart(day: number): number {
  const date = new Date(day)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

/** Day of the first of January of the year of a day. */
export function yearStart(day: number): number {
  return Date.UTC(new Date(day).getUTCFullYear(), 0, 1)
}

/** Day of the first of January of the decade (1990, 2000, …) of a day. */
export function decadeStart(day: number): number {
  const year = new Date(day).getUTCFullYear()
  return Date.UTC(year - (((year % 10) + 10) % 10), 0, 1)
}
