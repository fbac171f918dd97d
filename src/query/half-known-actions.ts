/** Tells where bars are adjusted by splits and dividends that are known of a part of their days only. Pure. */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { addRange, type Coverage, type DayRange } from '../domain/coverage.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import type { ToldActions } from '../db/plan-context.ts'
import type { BarRange } from './bar-range.ts'

/** A vendor that has calls for them tells all of an instrument, and is asked again after a week. */
const ALWAYS = Date.UTC(1800, 0, 1)
const SLACK_MS = 7 * DAY_MS
/** No exchange is closed for longer. */
const CLOSED_MS = 31 * DAY_MS

/**
 * A sentence where bars of a range lie outside of all that vendors were asked for; none where they do not, or
 * where nobody was asked at all.
 * @param seriesIds the series whose bars are to be adjusted
 */
export function halfKnownActions(
  symbol: string,
  told: ToldActions,
  seriesIds: readonly number[],
  range: BarRange,
  calendar: Calendar,
): string[] {
  const known = knownDays(told, calendar)
  const ends = seriesIds.flatMap((id) => told.ends.get(id) ?? [])
  if (known === undefined || ends.length === 0) return []
  const days = ends.map((ts) => (ts % DAY_MS === 0 ? ts : calendar.localDay(ts)))
  const first = Math.max(Math.min(...days), range.pageFrom, range.tsFrom)
  // Whatever happens later changes all bars before it.
  const last = Math.max(...days)
  if (first > Math.min(last, range.pageUntil, range.tsUntil)) return []
  if (first >= known.from - SLACK_MS && last < known.until + SLACK_MS) return []
  return [
    `Splits and dividends of ${symbol} are known only ${periodText(known, calendar)}, so that bars may not be ` +
      `adjusted for all of them: stockyard fetch ${symbol} --actions asks for the rest.`,
  ]
}

/** The newest stretch of days that anybody was asked for. */
function knownDays({ answeredAt, alongBars }: ToldActions, calendar: Calendar) {
  const asked =
    answeredAt === null ? [] : [{ from: ALWAYS, until: calendar.localDay(answeredAt) + DAY_MS }]
  return [...asked, ...alongBars].reduce<Coverage>(addRange, []).at(-1)
}

/** From the first to the last session of it. */
function periodText({ from, until }: DayRange, calendar: Calendar): string {
  const last = calendar.sessions(until - CLOSED_MS, until).at(-1)?.day ?? until - DAY_MS
  if (from === ALWAYS) return `until ${formatDate(last)}`
  const first = calendar.sessions(from, from + CLOSED_MS)[0]?.day ?? from
  return `from ${formatDate(first)} to ${formatDate(last)}`
}
