/**
 * One series of the simulated exchange with all that a story wants of its sessions, and what the exchange has
 * of each of them, as a vendor sells it.
 */
import type { BarBatch } from '../../src/domain/bar-batch.ts'
import type { Market } from '../../src/sandbox/market.ts'
import type { DayTruth, Session } from './coverage-oracle.ts'
import type { Story } from './coverage-story.ts'

const DAY_MS = 86_400_000
/** Of 15-minute bars; a full day has 26, a half day 14. */
const FEW_BARS = 5

export interface SimulatedSeries {
  readonly symbol: string
  readonly interval: Story['interval']
  /** By the calendar that everybody knows. */
  readonly sessions: readonly Session[]
  readonly closures: readonly number[]
  /** Bars as they are sold at the exchange's present instant. */
  bars(day: number): BarBatch
  truthOf(day: number): DayTruth
  dailyVolume(day: number): number | null
}

/** Prepares the exchange for a story; its clock must stand behind the last of the sessions. */
export function makeSeries(
  market: Market,
  symbol: string,
  story: Story,
  sessions: readonly Session[],
): SimulatedSeries {
  const { interval, vendor } = story
  const dayAt = (place: number) => sessions[place]!.day
  const closures = story.closures.map(dayAt)
  for (const day of closures) market.events.close(day)
  const taken = new Set(closures)
  const each = (which: readonly number[], change: (session: Session) => void) => {
    for (const place of which) {
      if (taken.has(dayAt(place))) continue
      taken.add(dayAt(place))
      change(sessions[place]!)
    }
  }
  const range = (day: number) => ({ symbol, from: day, until: day + DAY_MS, hours: 'all' }) as const
  const barsOf = (day: number, length: '1d' | '15m') =>
    market.bars({ ...range(day), interval: length })
  const remove = (ts: number, length: '1d' | '15m') =>
    market.revise(symbol, length, ts, { removed: true })
  const thin = ({ day, open, close }: Session) => {
    const regular = [...barsOf(day, '15m').ts].filter((ts) => ts >= open && ts < close)
    for (const ts of regular.slice(FEW_BARS)) remove(ts, '15m')
  }
  const empty = ({ day }: Session) => {
    for (const ts of barsOf(day, '15m').ts) remove(ts, '15m')
  }
  if (interval !== '1m') {
    each(story.halts, (session) => {
      remove(session.day, '1d')
      if (interval === '15m') empty(session)
    })
  }
  if (interval === '15m') {
    each(story.withheld, thin)
    each(story.blank, empty)
    each(story.quiet, (session) => {
      thin(session)
      const { open, close, day } = session
      const volume = regularOf(barsOf(day, '15m'), open, close).volume
      market.revise(symbol, '1d', day, { volume })
    })
  }
  const hours = vendor === 'yahoo' ? 'regular' : 'all'
  const bars = (day: number) => market.bars({ ...range(day), interval, hours })
  return {
    symbol,
    interval,
    sessions,
    closures,
    bars,
    truthOf(day) {
      const { open, close } = sessions.find((session) => session.day === day)!
      const sold = bars(day)
      if (interval !== '1d') return { rows: sold.length, ...regularOf(sold, open, close) }
      return { rows: sold.length, bars: sold.length, volume: sold.volume[0] ?? 0 }
    },
    dailyVolume: (day) => barsOf(day, '1d').volume[0] ?? null,
  }
}

function regularOf(batch: BarBatch, open: number, close: number) {
  let bars = 0
  let volume = 0
  batch.ts.forEach((ts, i) => {
    if (ts < open || ts > close) return
    // The closing auction prints in the bar that begins with the close: traded in the day, and no regular bar.
    if (ts < close) bars += 1
    volume += batch.volume[i]!
  })
  return { bars, volume }
}
