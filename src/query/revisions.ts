/**
 * Revisions: final bars that were changed, with the values before and after. They are not kept as such
 * but are the difference of two versions of a page.
 */
import { barValues, type BarValues } from '../domain/bar-batch.ts'
import { DAY_MS } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import { hasSameValues, type Page } from '../domain/page.ts'
import type { Pool } from '../db/connect.ts'
import { getInstrument } from '../db/instruments.ts'
import { readPageChanges, type PageChange, type PageChangeKey } from '../db/pages.ts'
import { listSeries, type SeriesRef } from '../db/read-series.ts'
import { cursorError, decodeCursor, encodeCursor } from './cursor.ts'
import { barKey, formatInstant } from './rows.ts'

/** One change of one bar, keyed by `ts` or `session` as bars are. */
export interface Revision {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly ts?: string
  readonly session?: string
  readonly old: BarValues
  /** Null where the bar was removed. */
  readonly new: BarValues | null
  readonly changed_at: string
  /** The run that brought the new value. */
  readonly run: number
}

export interface RevisionQuery {
  readonly symbol: string
  readonly interval?: Interval | undefined
  readonly provider?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface RevisionAnswer {
  readonly data: readonly Revision[]
  readonly next: string | null
}

/** A changed bar by its place in both versions of its page. */
interface ChangedBar {
  readonly ts: number
  readonly before: number
  /** Null where it is no longer there. */
  readonly after: number | null
}

/**
 * The final bars of a version of a page that are different in its successor, or gone from it, newest bar
 * first. A successor of null has none.
 */
export function changedBars(
  before: Pick<Page, 'bars' | 'provisional'>,
  after: Pick<Page, 'bars'> | null,
): ChangedBar[] {
  const changed: ChangedBar[] = []
  const places = new Map(Array.from(after?.bars.ts ?? [], (ts, j) => [ts, j]))
  for (let i = 0; i < before.bars.length; i += 1) {
    const ts = before.bars.ts[i]!
    if (before.provisional[i] === 1) continue
    const j = places.get(ts) ?? null
    if (j !== null && hasSameValues(before.bars, i, after!.bars, j)) continue
    changed.push({ ts, before: i, after: j })
  }
  return changed.reverse()
}

/** Pages that changed and are read at a time; more are read only where these do not fill the answer. */
const CHANGES_AT_ONCE = 32

/**
 * The revisions of a symbol, newest change first.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`, `CURSOR_INVALID`
 */
export async function readRevisions(db: Pool, query: RevisionQuery): Promise<RevisionAnswer> {
  const instrument = await getInstrument(db, query.symbol)
  const all = await listSeries(db, instrument.id, query.interval ?? null)
  const series = all.filter((one) => [undefined, one.provider].includes(query.provider))
  const after =
    query.cursor === undefined
      ? null
      : decodeCursor(query.cursor, 'revisions', ['number', 'number', 'number'])
  const rest = await foundAfter(db, series, after, query.limit)
  const shown = rest.slice(0, query.limit)
  const last = shown.at(-1)
  const hasMore = last !== undefined && rest.length > shown.length
  return {
    data: shown.map((found) => toRevision(instrument.symbol, series, found)),
    next: hasMore ? encodeCursor('revisions', keyOf(last)) : null,
  }
}

/** The changed bars after a place, as pages come: newest change first, of a page the last bar first; more than `limit` where there are more. */
async function foundAfter(
  db: Pool,
  series: readonly SeriesRef[],
  after: RevisionKey | null,
  limit: number,
): Promise<Found[]> {
  const found: Found[] = []
  let place = after === null ? null : pageBefore(after)
  for (;;) {
    const changes = await readPageChanges(db, series, CHANGES_AT_ONCE, place)
    found.push(...changes.flatMap(expand).filter((one) => isAfter(one, after)))
    const last = changes.at(-1)
    if (found.length > limit || last === undefined || changes.length < CHANGES_AT_ONCE) return found
    place = { ...last, startsOn: last.before.startsOn }
  }
}

/** A place just before the page that holds a bar: a session can begin on the evening before its date. */
function pageBefore([changedAt, seriesId, ts]: RevisionKey): PageChangeKey {
  if (!(Math.abs(ts) <= 8.64e15 - 3 * DAY_MS)) throw cursorError()
  const startsOn = Math.floor(ts / DAY_MS) * DAY_MS + 2 * DAY_MS
  return { changedAt, seriesId, startsOn }
}

interface Found extends ChangedBar {
  readonly change: PageChange
}

function expand(change: PageChange): Found[] {
  return changedBars(change.before, change.after).map((bar) => ({ ...bar, change }))
}

type RevisionKey = readonly [changedAt: number, seriesId: number, ts: number]

function keyOf({ change, ts }: Found): RevisionKey {
  return [change.changedAt, change.seriesId, ts]
}

function compareKeys(a: RevisionKey, b: RevisionKey): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

function isAfter(found: Found, key: RevisionKey | null): boolean {
  return key === null || compareKeys(keyOf(found), key) < 0
}

function toRevision(symbol: string, series: readonly SeriesRef[], found: Found): Revision {
  const { change, ts, before, after } = found
  const { interval, provider } = series.find((one) => one.id === change.seriesId)!
  return {
    symbol,
    interval,
    provider,
    ...barKey(interval, ts),
    old: barValues(change.before.bars, before),
    new: after === null ? null : barValues(change.after!.bars, after),
    changed_at: formatInstant(change.changedAt),
    run: change.runId,
  }
}
