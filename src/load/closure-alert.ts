/**
 * When nothing comes of any symbol of an exchange on a session that the calendar expects, the exchange was
 * closed unannounced or the vendor had an outage: that is one alert, not a gap for each symbol.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { lastFinalDay } from '../domain/calendar/finality.ts'
import { expectedDays, holdsDay } from '../domain/coverage.ts'
import { DAY_MS, formatDate, parseDay } from '../domain/date.ts'
import { isIntraday } from '../domain/interval.ts'
import { insertAlert, listOpenAlerts, noteInRun, resolveAlert } from '../db/closure-alerts.ts'
import { readCoverageHeads, type CoverageHead } from '../db/coverage-heads.ts'
import type { Queryable } from '../db/connect.ts'
import { settleMsOf } from '../providers/registry.ts'
import type { CalendarOf } from './open-calendars.ts'

/** So many symbols must come back empty; of fewer, silence proves little. */
const SYMBOLS_LEAST = 3
/** Sessions before the newest final one that can have been missed in one go. */
const RECENT_DAYS = 14

/** An alert as people and scripts see it. */
export interface ClosureAlert {
  readonly exchange: string
  readonly session: string
  readonly symbols: number
  readonly run: number
  readonly message: string
  readonly hint: string
}

/** Alerts that are open: neither was the exchange recorded as closed, nor have bars come since. */
export async function listAlerts(db: Queryable, calendarOf: CalendarOf): Promise<ClosureAlert[]> {
  const open = await listOpenAlerts(db)
  return open
    .filter(({ exchange, day }) => calendarOf(exchange).session(day) !== null)
    .map(({ exchange, day, symbols, runId }) => {
      const session = formatDate(day)
      return { exchange, session, symbols, run: runId, ...wordsFor(exchange, session, symbols) }
    })
}

function wordsFor(exchange: string, session: string, symbols: number) {
  const until = formatDate(parseDay(session) + DAY_MS)
  return {
    message: `${exchange} ${session}: none of ${symbols} symbols has a bar: an unscheduled closure, or a vendor's outage?`,
    hint:
      `If it was closed: stockyard market close ${session} --exchange ${exchange} --reason "…"; ` +
      `if the vendor was out of order: stockyard fetch SYMBOL… --from ${session} --until ${until} --force`,
  }
}

/** What a run asked for, as far as alerts go. */
export interface AnsweredSeries {
  readonly symbol: string
  readonly interval: string
  readonly provider: string
}

/**
 * Raises an alert for each session that came back empty for all series of a run, and resolves those that
 * are answered. Tells the sentences of the new ones.
 * @param answered series that their vendors answered for in the run, with bars or with none
 */
export async function raiseClosureAlerts(
  db: Queryable,
  runId: number,
  answered: readonly AnsweredSeries[],
  calendarOf: CalendarOf,
  now: number,
): Promise<string[]> {
  const keys = new Set(answered.map(keyOf))
  const symbols = [...new Set(answered.map(({ symbol }) => symbol))]
  const heads = symbols.length === 0 ? [] : await readCoverageHeads(db, { symbols })
  const daily = heads.filter(
    (head) => keys.has(keyOf(head)) && (isIntraday(head.interval) || head.interval === '1d'),
  )
  await resolveAnswered(db, daily, calendarOf)
  const raised: string[] = []
  for (const [exchange, own] of Map.groupBy(daily, (head) => calendarOf(head.exchange).exchange)) {
    const calendar = calendarOf(exchange)
    for (const day of silentDays(own, calendar, now)) {
      const count = new Set(own.map(({ instrumentId }) => instrumentId)).size
      const words = wordsFor(exchange, formatDate(day), count)
      if (!(await insertAlert(db, { exchange, day, symbols: count, runId }, words))) continue
      const { message, hint } = words
      await noteInRun(db, runId, `${message} ${hint}`)
      raised.push(`${message} ${hint}`)
    }
  }
  return raised
}

function keyOf({ symbol, interval, provider }: AnsweredSeries): string {
  return `${symbol} ${interval} ${provider}`
}

/** Sessions, of those that are due, that no series has a bar of although it was answered. */
function silentDays(heads: readonly CoverageHead[], calendar: Calendar, now: number): number[] {
  const traded = heads.filter(({ firstBar }) => firstBar !== null)
  if (new Set(traded.map(({ instrumentId }) => instrumentId)).size < SYMBOLS_LEAST) return []
  const [first, ...others] = traded.map((head) => new Set(emptyDaysOf(head, calendar, now)))
  return [...first!].filter((day) => others.every((days) => days.has(day)))
}

/** Days after a series' first bar that are due, and of which it has none. */
function emptyDaysOf(head: CoverageHead, calendar: Calendar, now: number): number[] {
  const { interval } = head
  const dayOf = (ts: number) => (isIntraday(interval) ? calendar.localDay(ts) : ts)
  const first = dayOf(head.firstBar!)
  const last = dayOf(head.lastBar!)
  const known = head.noTrades
    .flatMap((range) => expectedDays(calendar, interval, range))
    .filter((day) => day > first)
  const due = lastFinalDay(calendar, interval, now, settleMsOf(head.provider))
  const from = Math.max(last + DAY_MS, due - RECENT_DAYS * DAY_MS)
  const late = expectedDays(calendar, interval, { from, until: due + DAY_MS })
  return [...known, ...late.filter((day) => !holdsDay(head.noTrades, day))]
}

async function resolveAnswered(
  db: Queryable,
  heads: readonly CoverageHead[],
  calendarOf: CalendarOf,
): Promise<void> {
  for (const alert of await listOpenAlerts(db)) {
    const calendar = calendarOf(alert.exchange)
    const hasBars = heads.some(
      (head) =>
        calendarOf(head.exchange).exchange === alert.exchange &&
        holdsDay(head.coverage, alert.day) &&
        !holdsDay(head.noTrades, alert.day),
    )
    if (hasBars || calendar.session(alert.day) === null) await resolveAlert(db, alert)
  }
}
