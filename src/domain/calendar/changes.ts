/**
 * Changes to exchanges' calendars that were announced after this release was made, as lines of a text:
 * a closure, a late opening, an early close, or a session on a day that has none.
 */
import { formatDate, parseDay } from '../date.ts'
import { StockyardError, messageOf } from '../error.ts'
import type { Calendar } from './calendar.ts'
import { withExceptions } from './make-calendar.ts'
import { getCalendar } from './registry.ts'
import type { LocalDate, LocalTime, OddDay } from './rules.ts'

/** One day of one exchange. Without `closed` the day has a session, with the times given and else as usual. */
export interface CalendarChange {
  /** Market identifier code. */
  readonly exchange: string
  readonly day: number
  readonly closed: boolean
  readonly open?: LocalTime
  readonly close?: LocalTime
  readonly reason: string
}

const LINE = 'Write lines such as "XNYS,2025-01-09,closed,Mourning for Jimmy Carter".'
const HOURS = /^(open|close) (([01]\d|2[0-3]):[0-5]\d)$/

/**
 * Changes from a text of lines `MIC,date,what,reason`, where `what` is `closed`, `open HH:MM` or
 * `close HH:MM` on the exchange's clock. Several lines for a day add up; of `closed` and hours for the same
 * day the later line holds. Empty lines and lines that begin with # are passed over.
 * @throws StockyardError `CALENDAR_CHANGE_INVALID` that names the line
 */
export function parseCalendarChanges(text: string): CalendarChange[] {
  const changes = new Map<string, CalendarChange>()
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return
    const change = parseLine(line, index + 1)
    const key = `${change.exchange} ${change.day}`
    const before = changes.get(key)
    const addsUp = before !== undefined && !before.closed && !change.closed
    changes.set(key, addsUp ? { ...before, ...change } : change)
  })
  return [...changes.values()]
}

/**
 * A calendar with the changes that are for its exchange; the others are passed over.
 * @throws StockyardError `CALENDAR_CHANGE_INVALID` where a day would close before it opens
 */
export function applyCalendarChanges(
  calendar: Calendar,
  changes: readonly CalendarChange[],
): Calendar {
  const own = changes.filter(({ exchange }) => exchange === calendar.exchange)
  if (own.length === 0) return calendar
  const changed = withExceptions(
    calendar,
    own.filter(({ closed }) => closed).map(({ day }) => day),
    own.filter(({ closed }) => !closed).map(oddDayOf),
  )
  for (const { day } of own) {
    const session = changed.session(day)
    if (session === null || session.open < session.close) continue
    throw invalid(
      `${calendar.exchange} would close before it opens on ${formatDate(day)}.`,
      'Give both an open and a close line for the day.',
    )
  }
  return changed
}

function parseLine(line: string, number: number): CalendarChange {
  const [name = '', date = '', what = '', ...reason] = line.split(',').map((part) => part.trim())
  const day = parseDay(date)
  if (Number.isNaN(day)) throw invalid(`Line ${number}: "${date}" is not a date.`, LINE)
  const change = { exchange: findExchange(name, number), day, reason: reason.join(', ') }
  if (what === 'closed') return { ...change, closed: true }
  const hours = HOURS.exec(what)
  if (hours === null) {
    throw invalid(
      `Line ${number}: "${what}" is neither "closed" nor "open HH:MM" nor "close HH:MM".`,
      LINE,
    )
  }
  const time = hours[2] as LocalTime
  return { ...change, closed: false, ...(hours[1] === 'open' ? { open: time } : { close: time }) }
}

function findExchange(name: string, number: number): string {
  try {
    return getCalendar(name).exchange
  } catch (error) {
    throw invalid(`Line ${number}: ${messageOf(error)}`, LINE, error)
  }
}

function oddDayOf({ day, open, close, reason }: CalendarChange): OddDay {
  return {
    date: formatDate(day) as LocalDate,
    reason,
    ...(open === undefined ? {} : { open }),
    ...(close === undefined ? {} : { close }),
  }
}

function invalid(message: string, hint: string, cause?: unknown): StockyardError {
  return new StockyardError('usage', 'CALENDAR_CHANGE_INVALID', message, { hint, cause })
}
