/** Who rose, who fell and what was traded most on the newest session of the store. */
import { orNull } from '../domain/bar-batch.ts'
import { formatDate } from '../domain/date.ts'
import { mean, sampleDeviation } from '../domain/statistics.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { listSplitOn, readDailyHeads, type DailyHead } from '../db/read-market.ts'
import { AUTO_PROVIDER, chooseNewest, type SeriesEnd } from './choose-series.ts'
import { effectiveActions } from './effective-actions.ts'
import { providerPriority } from './provider-priority.ts'

/** A symbol's move on the session. `change` is a part of 1. */
export interface Mover {
  readonly symbol: string
  readonly name: string | null
  readonly provider: string
  readonly close: number
  readonly previous_close: number
  readonly change: number
  readonly volume: number | null
  readonly state: 'final' | 'provisional'
}

export interface MarketOverview {
  /** The newest session that any symbol has a bar of; null in an empty store. */
  readonly session: string | null
  /** Symbols that have a bar of that session, and those whose newest bar is older. */
  readonly symbols: number
  readonly stale: number
  readonly breadth: {
    readonly advancers: number
    readonly decliners: number
    readonly unchanged: number
    /** Advancers for each decliner; null where nothing fell. */
    readonly ratio: number | null
  }
  /** Of the day's changes over all symbols; null where there are too few. */
  readonly volatility: {
    readonly average_change: number | null
    readonly average_absolute_change: number | null
    /** Standard deviation of a sample. */
    readonly dispersion: number | null
  }
  readonly gainers: readonly Mover[]
  readonly losers: readonly Mover[]
  readonly most_active: readonly Mover[]
}

/**
 * The overview, of the exchange that has these names or of all. A close before a split on that very session is restated, so that a
 * split is not a loss. Indices are left out, since nothing of them is traded.
 */
export async function readMarketOverview(
  db: Pool | Connection,
  exchanges: readonly string[] | null,
  limit: number,
): Promise<MarketOverview> {
  const heads = await readDailyHeads(db, exchanges)
  const stocks = heads.filter(({ kind }) => kind !== 'index')
  const best = await latestOf(db, stocks)
  const session = best.reduce((newest, one) => Math.max(newest, one.session), -Infinity)
  const current = best.filter((one) => one.session === session)
  const movers = (await restateSplits(db, current, session)).map(toMover)
  const changes = Float64Array.from(movers, ({ change }) => change)
  const advancers = movers.filter(({ change }) => change > 0)
  const decliners = movers.filter(({ change }) => change < 0)
  return {
    session: movers.length === 0 ? null : formatDate(session),
    symbols: movers.length,
    stale: best.length - movers.length,
    breadth: {
      advancers: advancers.length,
      decliners: decliners.length,
      unchanged: movers.length - advancers.length - decliners.length,
      ratio: decliners.length === 0 ? null : advancers.length / decliners.length,
    },
    volatility: {
      average_change: orNull(mean(changes)),
      average_absolute_change: orNull(mean(changes.map(Math.abs))),
      dispersion: orNull(sampleDeviation(changes)),
    },
    gainers: advancers.toSorted((a, b) => b.change - a.change).slice(0, limit),
    losers: decliners.toSorted((a, b) => a.change - b.change).slice(0, limit),
    most_active: movers
      .filter(({ volume }) => volume !== null)
      .toSorted((a, b) => b.volume! - a.volume!)
      .slice(0, limit),
  }
}

function endOf({ session, final }: DailyHead): SeriesEnd {
  return { ts: session, final }
}

/** Of each instrument the series whose bar is its latest, by the priority for its kind. */
async function latestOf(
  db: Pool | Connection,
  heads: readonly DailyHead[],
): Promise<readonly DailyHead[]> {
  const priorities = new Map<string, readonly string[]>()
  for (const kind of new Set(heads.map((head) => head.kind))) {
    priorities.set(kind, await providerPriority(db, { kind, interval: '1d', asOf: null }))
  }
  const series = Map.groupBy(heads, ({ instrumentId }) => instrumentId).values()
  return Array.from(series, (all) =>
    chooseNewest(all, endOf, AUTO_PROVIDER, priorities.get(all[0]!.kind))!,
  )
}

/** Closes of the session before, in the shares of this one. */
async function restateSplits(
  db: Pool | Connection,
  heads: readonly DailyHead[],
  session: number,
): Promise<DailyHead[]> {
  const raw = heads.filter(({ basis }) => basis === 'raw').map(({ instrumentId }) => instrumentId)
  const factors = new Map<number, number>()
  for (const id of raw.length === 0 ? [] : await listSplitOn(db, raw, session)) {
    const { splits } = await effectiveActions(db, id, null)
    const factor = splits
      .filter(({ day }) => day === session)
      .reduce((product, { newShares, oldShares }) => (product * oldShares) / newShares, 1)
    factors.set(id, factor)
  }
  return heads.map((head) => {
    const factor = head.basis === 'raw' ? (factors.get(head.instrumentId) ?? 1) : 1
    return { ...head, previousClose: head.previousClose * factor }
  })
}

function toMover(head: DailyHead): Mover {
  const { symbol, name, provider, close, previousClose, volume, final } = head
  return {
    symbol,
    name,
    provider,
    close,
    previous_close: previousClose,
    change: close / previousClose - 1,
    volume,
    state: final ? 'final' : 'provisional',
  }
}
