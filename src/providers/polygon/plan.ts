/**
 * What the plans of Polygon include (https://massive.com/pricing): each reaches further back than the one
 * before, and the least one has nothing of today. Stocks, indices and currencies are sold apart.
 */
import { DAY_MS, parseDay } from '../../domain/date.ts'
import { getZone } from '../../domain/zone.ts'
import type { PlanRules } from '../plan.ts'
import type { VendorRequest } from '../provider.ts'

/** Days of bars in a plan, the least plan first. */
interface Reach {
  readonly topic: string
  /** How many days before today they begin, a few less than what the plan says in years. */
  readonly daysBack: number
  readonly hasToday: boolean
}

export const REACHES: readonly Reach[] = [
  { topic: 'bars of 2 years', daysBack: 729, hasToday: false },
  { topic: 'bars of 5 years or of today', daysBack: 1_825, hasToday: true },
  { topic: 'bars of 10 years', daysBack: 3_650, hasToday: true },
  { topic: 'bars of all years', daysBack: Infinity, hasToday: true },
]

/** A call that was planned before midnight may be sent after it. */
const SLACK_DAYS = 1

/** The vendor counts days by New York's clock. */
const ZONE = 'America/New_York'

const TICKER = /\/tickers?\/([^/]+)/
/** Days, or instants in milliseconds where a page goes on, as a path ends with them. */
const PERIOD = /\/(\d{4}-\d\d-\d\d|\d{12,})(?:\/(\d{4}-\d\d-\d\d|\d{12,}))?$/

/**
 * The reach that a call for bars needs, and all lesser ones: who is refused a lesser one is refused this
 * one too. Other calls go by their path without the ticker.
 */
function topicsOf({ path, params }: VendorRequest, now: number): readonly string[] {
  const ticker = TICKER.exec(path)?.[1] ?? params['ticker'] ?? ''
  const market = marketOf(decodeURIComponent(ticker))
  const period = PERIOD.exec(path)
  if (period === null) return [`${market}: ${path.replace(TICKER, '/*')}`]
  const today = getZone(ZONE).localDay(now)
  const from = dayOf(period[1]!)
  const last = dayOf(period[2] ?? period[1]!)
  const needed = REACHES.findIndex(
    ({ daysBack, hasToday }) =>
      from >= today - (daysBack + SLACK_DAYS) * DAY_MS && (hasToday || last < today),
  )
  return REACHES.slice(0, needed + 1)
    .toReversed()
    .map(({ topic }) => `${market}: ${topic}`)
}

function dayOf(text: string): number {
  return /^\d{12,}$/.test(text) ? getZone(ZONE).localDay(Number(text)) : parseDay(text)
}

function marketOf(ticker: string): string {
  if (ticker.startsWith('I:')) return 'indices'
  if (ticker.startsWith('C:') || ticker.startsWith('X:')) return 'currencies'
  return ticker.startsWith('O:') ? 'options' : 'stocks'
}

export const plan: PlanRules = {
  plans: [
    { name: 'Basic', budget: '5/min', includes: 'bars of 2 years up to yesterday' },
    { name: 'Starter', budget: 'unlimited', includes: 'bars of 5 years, 15 minutes late' },
    { name: 'Developer', budget: 'unlimited', includes: 'bars of 10 years, 15 minutes late' },
    { name: 'Advanced', budget: 'unlimited', includes: 'bars of all years, in real time' },
  ],
  topicsOf,
}
