/** Polygon's answers about the market itself: its state now, and the odd days ahead. */
import { DAY_MS, formatDate } from '../domain/date.ts'
import { MARKET_HOLIDAYS_AHEAD_MS, holidayName } from './holiday-names.ts'
import type { Market } from './market.ts'
import { jsonAnswer } from './polygon-text.ts'
import type { WireAnswer } from './vendor.ts'

/** The answer to `/v1/marketstatus/now`. */
export function statusNowAnswer(market: Market): WireAnswer {
  const now = market.now()
  const session = market.calendar.sessionAt(now)
  const state = session === null ? 'closed' : stateOf(now, session.open, session.close)
  return jsonAnswer(200, {
    market: state,
    earlyHours: session !== null && now < session.open,
    afterHours: session !== null && now >= session.close,
    serverTime: localTime(market, now),
    exchanges: { nyse: state, nasdaq: state, otc: state },
    // No session of these is simulated: they are open on weekdays, and always.
    currencies: { fx: isWeekday(market.today()) ? 'open' : 'closed', crypto: 'open' },
  })
}

function stateOf(now: number, open: number, close: number): string {
  return now >= open && now < close ? 'open' : 'extended-hours'
}

/** `2022-04-28T16:48:08-04:00`. */
function localTime(market: Market, now: number): string {
  const day = market.calendar.localDay(now)
  const offsetMs = day + DAY_MS / 2 - market.calendar.instantAt(day, 720)
  const hours = String(Math.abs(offsetMs / 3_600_000)).padStart(2, '0')
  return `${new Date(now + offsetMs).toISOString().slice(0, 19)}${offsetMs < 0 ? '-' : '+'}${hours}:00`
}

function isWeekday(day: number): boolean {
  const weekday = new Date(day).getUTCDay()
  return weekday !== 0 && weekday !== 6
}

/** The answer to `/v1/marketstatus/upcoming`: a bare list, with an entry an exchange. */
export function statusUpcomingAnswer(market: Market): WireAnswer {
  const today = market.today()
  const closures = new Set(market.events.closures())
  const days: unknown[] = []
  for (let day = today; day < today + MARKET_HOLIDAYS_AHEAD_MS; day += DAY_MS) {
    const session = market.calendar.session(day)
    if (!isWeekday(day) || (session !== null && !session.early)) continue
    const name = closures.has(day) ? 'Unscheduled Closure' : holidayName(day)
    for (const exchange of ['NYSE', 'NASDAQ']) {
      const date = formatDate(day)
      if (session === null) days.push({ exchange, name, date, status: 'closed' })
      else {
        const hours = [session.open, session.close].map((at) => new Date(at).toISOString())
        days.push({ exchange, name, date, status: 'early-close', open: hours[0], close: hours[1] })
      }
    }
  }
  return jsonAnswer(200, days)
}
