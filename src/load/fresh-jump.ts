/** Finds nights just past on which prices jumped as after a split, though no vendor's ledger tells of one. */
import { listActions, type StoredAction } from '../db/actions.ts'
import type { RawInstrument } from '../db/action-asks.ts'
import type { Pool } from '../db/connect.ts'
import { readPageRange } from '../db/pages.ts'
import { makeBatch, type BarBatch } from '../domain/bar-batch.ts'
import { DAY_MS } from '../domain/date.ts'
import { findJumps } from '../domain/jumps.ts'
import { longPageStart } from '../domain/page.ts'

/** Sessions, counted from the newest, of which a jump is a reason to ask again. */
const NEWEST_SESSIONS = 5
/** Jumps of sessions that are older were looked into while they were new. */
const NEWEST_DAYS = 15

/**
 * True where one of the newest daily bars as traded opened elsewhere than the splits and payments of any
 * one vendor let expect.
 * @param now milliseconds UTC
 */
export async function hasFreshJump(
  pool: Pool,
  { instrumentId, dailySeries }: RawInstrument,
  now: number,
): Promise<boolean> {
  for (const seriesId of dailySeries) {
    const bars = await readNewest(pool, seriesId, Math.floor(now / DAY_MS) * DAY_MS)
    const jumps = findJumps(bars, 'raw', [], [])
    if (jumps.length === 0) continue
    const claims = await listActions(pool, instrumentId, { from: bars.ts[0]! })
    const told = [...Map.groupBy(claims, ({ provider }) => provider).values()]
    const left = told.map((own) => daysLeft(bars, own))
    if (jumps.some(({ day }) => left.every((days) => days.has(day)))) return true
  }
  return false
}

/** Daily bars of the newest sessions, and the one before them. Only their opening and closing prices. */
async function readNewest(pool: Pool, seriesId: number, today: number): Promise<BarBatch> {
  const since = today - NEWEST_DAYS * DAY_MS
  const pages = await readPageRange(pool, seriesId, {
    interval: '1d',
    from: longPageStart('1d', since),
    until: today + DAY_MS,
    order: 'asc',
    limit: 2,
  })
  const rows = pages.flatMap(({ bars }) =>
    [...bars.ts.keys()].map((i) => ({
      ts: bars.ts[i]!,
      open: bars.open[i]!,
      close: bars.close[i]!,
    })),
  )
  const newest = rows.filter(({ ts }) => ts >= since).slice(-NEWEST_SESSIONS - 1)
  const batch = makeBatch(newest.length)
  for (const [i, { ts, open, close }] of newest.entries()) {
    batch.ts[i] = ts
    batch.open[i] = open
    batch.close[i] = close
  }
  return batch
}

/** Days whose jump is not explained by what a vendor tells. */
function daysLeft(bars: BarBatch, claims: readonly StoredAction[]): ReadonlySet<number> {
  const splits = claims
    .filter(({ kind }) => kind === 'split')
    .map((one) => ({ day: one.exDay, newShares: one.newShares!, oldShares: one.oldShares! }))
  const payments = claims
    .filter(({ kind }) => kind !== 'split')
    .map(({ exDay, amount, currency, basis }) => ({
      day: exDay,
      amount: amount!,
      currency,
      basis: basis ?? 'raw',
    }))
  return new Set(findJumps(bars, 'raw', splits, payments).map(({ day }) => day))
}
