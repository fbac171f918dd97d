/**
 * The exchanges' calendars with the changes that were recorded since this release was made: in a file of
 * the home, for this machine, and in the table of the store, for all that use it.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listClosures, putClosure } from '../db/closures.ts'
import type { Queryable } from '../db/connect.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import {
  applyCalendarChanges,
  parseCalendarChanges,
  type CalendarChange,
} from '../domain/calendar/changes.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { formatDate } from '../domain/date.ts'
import { messageOf, StockyardError } from '../domain/error.ts'

/** The calendar of an exchange. @throws StockyardError `EXCHANGE_UNKNOWN` */
export type CalendarOf = (exchange: string) => Calendar

/**
 * Calendars as they are now. Of a day that file and table speak of, the table holds.
 * @param db null: the file alone
 * @throws StockyardError `CLOSURES_UNREADABLE`
 */
export async function openCalendars(db: Queryable | null, home: string): Promise<CalendarOf> {
  const recorded = [...(await readClosures(home)), ...(db === null ? [] : await listClosures(db))]
  if (recorded.length === 0) return getCalendar
  // A day can be closed or have other hours, not both: the later one is the only one.
  const byDay = new Map(recorded.map((change) => [`${change.exchange} ${change.day}`, change]))
  const calendars = new Map<string, Calendar>()
  return (exchange) => {
    const builtIn = getCalendar(exchange)
    const known = calendars.get(builtIn.exchange)
    if (known !== undefined) return known
    const changed = applyCalendarChanges(builtIn, [...byDay.values()])
    calendars.set(builtIn.exchange, changed)
    return changed
  }
}

function closuresPath(home: string): string {
  return join(home, 'closures.csv')
}

async function readClosuresText(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8')
    // A byte order mark, as editors on Windows put it there, is no part of the first line.
    return text.replace(/^\uFEFF/, '')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw unreadable(path, error)
  }
}

/** What the file of the home says. @throws StockyardError `CLOSURES_UNREADABLE` */
export async function readClosures(home: string): Promise<CalendarChange[]> {
  const path = closuresPath(home)
  const text = await readClosuresText(path)
  try {
    return parseCalendarChanges(text)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): StockyardError {
  const sentence = `The calendar changes in ${path} cannot be read: ${messageOf(error)}`
  return new StockyardError('config', 'CLOSURES_UNREADABLE', sentence, {
    hint: 'Mend the line; docs/cli.md, under market, says how they are written.',
    cause: error,
  })
}

/**
 * Copies into the store what the file of the home says, since whoever reads bars and coverage knows the
 * calendar by the store alone. A line that is taken out of the file by hand leaves the store as it is.
 * @param fileWins whether the file holds for days of which both speak: it does where nobody else has the store
 * @throws StockyardError `CLOSURES_UNREADABLE`
 */
export async function storeClosures(db: Queryable, home: string, fileWins: boolean): Promise<void> {
  const changes = await readClosures(home)
  if (changes.length === 0) return
  const stored = await listClosures(db)
  for (const change of changes) {
    const { exchange, day } = change
    const known = stored.find((one) => one.exchange === exchange && one.day === day)
    const isNews = known === undefined || (fileWins && textOf(known) !== textOf(change))
    if (isNews) await putClosure(db, change)
  }
}

function textOf({ closed, open, close, reason }: CalendarChange): string {
  return JSON.stringify([closed, open ?? null, close ?? null, reason])
}

/**
 * Records in the file of the home what a day of an exchange is, in place of its lines before; null takes
 * them out. Other lines stay as they are.
 * @throws StockyardError `CLOSURES_UNREADABLE`
 */
export async function writeClosure(
  home: string,
  exchange: string,
  day: number,
  change: CalendarChange | null,
): Promise<void> {
  await readClosures(home)
  const path = closuresPath(home)
  const lines = (await readClosuresText(path)).split(/\r?\n/)
  const others = lines.filter((line) => line.trim() !== '' && !speaksOf(line, exchange, day))
  const written = [...others, ...(change === null ? [] : linesOf(change)), ''].join('\n')
  const partial = `${path}.${process.pid}`
  await writeFile(partial, written, { mode: 0o600 })
  await rename(partial, path)
}

function speaksOf(line: string, exchange: string, day: number): boolean {
  return (
    !line.startsWith('#') &&
    parseCalendarChanges(line).some((change) => change.exchange === exchange && change.day === day)
  )
}

function linesOf({ exchange, day, closed, open, close, reason }: CalendarChange): string[] {
  const line = (what: string) => `${exchange},${formatDate(day)},${what},${reason}`
  if (closed) return [line('closed')]
  return [
    ...(open === undefined ? [] : [line(`open ${open}`)]),
    ...(close === undefined ? [] : [line(`close ${close}`)]),
  ]
}
