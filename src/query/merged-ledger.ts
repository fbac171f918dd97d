/**
 * The merged ledger of an instrument: what all vendors say of its splits and payments, held against the
 * bars as traded and against what people decided. Worked out from what was known then, so that an as-of
 * read is repeatable; that of now is kept for as long as the store tells the same version of what it is
 * made of, which any process can change.
 */
import { findExchangeOf, listActions } from '../db/actions.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { listDecisions } from '../db/decisions.ts'
import { readLedgerVersion } from '../db/plan-context.ts'
import { readPageRange } from '../db/pages.ts'
import { listSeries, type SeriesRef } from '../db/read-series.ts'
import {
  familyOf,
  sessionFrom,
  type ActionVerdict,
  type Claim,
  type LedgerEntry,
  type OvernightMove,
} from '../domain/action-claims.ts'
import { DAY_MS } from '../domain/date.ts'
import { mergeActions } from '../domain/merge-actions.ts'
import { longPageStart } from '../domain/page.ts'
import { readCalendar } from './calendars.ts'
import { rankSeries } from './choose-series.ts'
import { DEFAULT_PRIORITY } from './provider-priority.ts'

/** A close that is older than this says nothing of the night before a session. */
const NIGHT_DAYS_MAX = 10
/** More years than any history has. */
const PAGES_MAX = 1000

/** Ledgers of now that are kept, at the most; those that were made first go first. */
const KEPT_MAX = 2000

interface Kept {
  readonly version: string
  readonly entries: readonly LedgerEntry[]
}

/** By instrument; the version tells the database, too. */
const kept = new Map<number, Kept>()

/**
 * All entries by ex date, those that do not count included.
 * @param version of the ledger of now, where it was read just before
 */
export async function readMergedLedger(
  db: Pool | Connection,
  instrumentId: number,
  asOf: number | null,
  version?: string,
): Promise<readonly LedgerEntry[]> {
  if (asOf !== null) return await mergeLedger(db, instrumentId, asOf)
  const before = version ?? (await readLedgerVersion(db, instrumentId))
  const held = kept.get(instrumentId)
  if (held?.version === before) return held.entries
  const entries = await mergeLedger(db, instrumentId, null)
  // Something may have changed between its statements; then it is right for this answer and no other.
  if ((await readLedgerVersion(db, instrumentId)) === before) {
    keep(instrumentId, { version: before, entries })
  }
  return entries
}

function keep(instrumentId: number, made: Kept): void {
  kept.delete(instrumentId)
  kept.set(instrumentId, made)
  if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!)
}

async function mergeLedger(
  db: Pool | Connection,
  instrumentId: number,
  asOf: number | null,
): Promise<LedgerEntry[]> {
  const claims = await listActions(db, instrumentId, { asOf })
  if (claims.length === 0) return []
  const decisions = await listDecisions(db, { instrumentId, asOf })
  const verdicts = decisions.flatMap(({ verdict, family, fromDay, provider }): ActionVerdict[] =>
    verdict === 'apply' || verdict === 'refuse'
      ? [{ verdict, family: family!, exDay: fromDay!, provider }]
      : [],
  )
  const calendar = await readCalendar(db, await findExchangeOf(db, instrumentId))
  const days = claims.map(({ exDay }) => exDay)
  const around = {
    from: Math.min(...days) - 2 * NIGHT_DAYS_MAX * DAY_MS,
    until: Math.max(...days) + 2 * NIGHT_DAYS_MAX * DAY_MS,
    asOf,
  }
  const daily = await listSeries(db, instrumentId, '1d')
  const traded = await readMoves(db, daily, 'raw', around)
  const isSeen = (claim: Claim) =>
    familyOf(claim) === 'split' || traded.has(sessionFrom(calendar, claim.exDay))
  const restated = claims.every(isSeen)
    ? new Map<number, OvernightMove>()
    : await readMoves(db, daily, 'split', around)
  return mergeActions(claims, verdicts, {
    calendar,
    moveOn: (session) => traded.get(session) ?? null,
    restatedMoveOn: (session) => restated.get(session) ?? null,
    priority: DEFAULT_PRIORITY,
  })
}

/** Days around all that vendors tell of, as they were known. */
interface Around {
  readonly from: number
  readonly until: number
  readonly asOf: number | null
}

/** Nights before the sessions of some days, by session; of each the best series on a basis that has it. */
async function readMoves(
  db: Pool | Connection,
  daily: readonly SeriesRef[],
  wanted: SeriesRef['basis'],
  around: Around,
): Promise<Map<number, OvernightMove>> {
  const ranked = rankSeries(
    daily.filter(({ basis }) => basis === wanted),
    'auto',
  )
  const moves = new Map<number, OvernightMove>()
  for (const series of ranked.toReversed()) {
    for (const [day, move] of await readNights(db, series, around)) moves.set(day, move)
  }
  return moves
}

async function readNights(
  db: Pool | Connection,
  series: SeriesRef,
  { from, until, asOf }: Around,
): Promise<Map<number, OvernightMove>> {
  const pages = await readPageRange(db, series.id, {
    interval: '1d',
    from: longPageStart('1d', from),
    until,
    order: 'asc',
    limit: PAGES_MAX,
    asOf,
  })
  const nights = new Map<number, OvernightMove>()
  let before = { day: Number.NaN, close: Number.NaN }
  for (const { bars } of pages) {
    for (let i = 0; i < bars.length; i += 1) {
      const day = bars.ts[i]!
      if (day - before.day <= NIGHT_DAYS_MAX * DAY_MS) {
        nights.set(day, { previousClose: before.close, open: bars.open[i]!, low: bars.low[i]! })
      }
      before = { day, close: bars.close[i]! }
    }
  }
  return nights
}
