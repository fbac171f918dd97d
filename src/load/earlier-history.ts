/**
 * History that begins later than asked for: where the oldest call says that there is nothing, the others go
 * out backwards from the newest, and what lies before the first bars is recorded as answered for, so that
 * it is not asked for again.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { addRange, removeRange, type DayRange } from '../domain/coverage.ts'
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { inTransaction, type Pool } from '../db/connect.ts'
import { lockCoverageHead, writeLedger } from '../db/coverage-heads.ts'
import { findHead, type SeriesHead, type SeriesKey } from '../db/series.ts'
import type { BarRequest } from '../providers/provider.ts'

/** Errors that say of one call that there is nothing to be had by it. */
const NOTHING_CODES = new Set(['NO_DATA', 'SYMBOL_UNKNOWN', 'REQUEST_REFUSED', 'PLAN_LACKS'])

export function saysNothing(error: unknown): error is StockyardError {
  return error instanceof StockyardError && NOTHING_CODES.has(error.code)
}

/**
 * Sends calls backwards from the newest until one says nothing again. A symbol that does not exist costs one
 * call, and a young one none before its first bars.
 * @param requests oldest first; the first one was sent, and `refusal` is what came of it
 * @param head the series before all of them
 * @returns what is to be said of it
 * @throws the error of the last call, where none was answered and none of them meets bars that are known
 */
export async function fetchBackwards(
  pool: Pool,
  series: SeriesKey,
  requests: readonly BarRequest[],
  refusal: StockyardError,
  head: SeriesHead | null,
  calendar: Calendar,
  run: (request: BarRequest) => Promise<void>,
): Promise<string> {
  const first = daysOf(requests[0]!)
  const known = firstKnownDay(head)
  let oldest: BarRequest | null = null
  let last = refusal
  // Calls that were refused, or lie between two that were: the vendor's history begins after them.
  let refused = requests.slice(0, 1)
  for (const [at, request] of [...requests.entries()].slice(1).toReversed()) {
    try {
      await run(request)
      oldest = request
    } catch (error) {
      if (!saysNothing(error)) throw error
      last = error
      // Among bars that are known, or after them, it says nothing of what came before.
      if (known !== null && (daysOf(request)?.from ?? Infinity) >= known) continue
      refused = requests.slice(0, at + 1)
      break
    }
  }
  const until = earliest(known, oldest === null ? null : daysOf(oldest))
  const empty = until === null ? null : emptyBefore(until, refused, head, calendar)
  if (oldest === null && empty === null) throw last
  if (first === null || until === null) return 'the vendor has no older bars'
  if (empty === null) return `the vendor has nothing for ${formatDate(first.from)}`
  // What a plan lacks today, a larger one may have.
  if (refusal.code !== 'PLAN_LACKS' && last.code !== 'PLAN_LACKS') {
    await recordEmpty(pool, series, empty)
  }
  return `the vendor has no bars before ${formatDate(until)}`
}

function daysOf({ covers, asked }: BarRequest): DayRange | null {
  return covers ?? asked
}

/** Where the first bars begin, without the days before them that are known to have none. */
function firstKnownDay(head: SeriesHead | null): number | null {
  if (head === null || head.firstBar === null) return null
  return head.noTrades.reduce(removeRange, head.coverage)[0]?.from ?? null
}

function earliest(known: number | null, answered: DayRange | null): number | null {
  if (known === null || answered === null) return known ?? answered?.from ?? null
  return Math.min(known, answered.from)
}

/**
 * The days before the first bars for which the vendor has nothing: those of the calls before the oldest one
 * that was answered, and those known from before, as far as one meets the next. A call for days apart from
 * them may have hit a closure that nobody told of, and says nothing of the days between. Null where none
 * of the calls meets the first bars: what was known before is no word on them.
 */
function emptyBefore(
  until: number,
  refused: readonly BarRequest[],
  head: SeriesHead | null,
  calendar: Calendar,
): DayRange | null {
  const said = refused.map(daysOf).filter((range) => range !== null)
  const ranges = [...said, ...(head?.notOffered ?? []), ...(head?.noTrades ?? [])].toSorted(
    (a, b) => b.until - a.until,
  )
  let from = until
  for (const range of ranges) {
    if (range.from >= from) continue
    if (calendar.countSessions(range.until, from) > 0) break
    from = range.from
  }
  const isSaid = said.some((range) => range.from >= from && range.from < until)
  return isSaid ? { from, until } : null
}

/**
 * Answered for, and without a bar: that is not offered as long as no older bar is stored, and else a stretch
 * without trades, in whatever order they come.
 */
async function recordEmpty(pool: Pool, series: SeriesKey, range: DayRange): Promise<void> {
  const { seriesId } = (await findHead(pool, series))!
  await inTransaction(pool, async (connection) => {
    const head = await lockCoverageHead(connection, seriesId)
    const coverage = addRange(head.coverage, range)
    const noTrades = addRange(head.noTrades, range)
    await writeLedger(connection, seriesId, { ...head, coverage, noTrades })
  })
}
