/**
 * History that begins later than asked for: where the oldest call says that there is nothing, the others go
 * out backwards from the newest, and what lies before the first bars is recorded as not offered, so that
 * it is not asked for again.
 */
import { addRange, type DayRange } from '../domain/coverage.ts'
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
 * @throws `refusal` where there is no other call, or the error of the newest one: unless bars come after it
 */
export async function fetchBackwards(
  pool: Pool,
  series: SeriesKey,
  requests: readonly BarRequest[],
  refusal: StockyardError,
  head: SeriesHead | null,
  run: (request: BarRequest) => Promise<void>,
): Promise<string> {
  const later = requests.slice(1)
  let oldest: BarRequest | null = null
  let last = refusal
  for (const request of later.toReversed()) {
    try {
      await run(request)
      oldest = request
    } catch (error) {
      if (!saysNothing(error)) throw error
      last = error
      break
    }
  }
  const first = daysOf(requests[0]!)
  const until = oldest === null ? firstKnownDay(head) : (daysOf(oldest)?.from ?? null)
  const isBefore = until !== null && (daysOf(requests.at(-1)!)?.from ?? Infinity) < until
  if (oldest === null && !isBefore) throw last
  if (first === null || until === null) return 'the vendor has no older bars'
  // What a plan lacks today, a larger one may have.
  if (refusal.code !== 'PLAN_LACKS' && last.code !== 'PLAN_LACKS') {
    await recordNotOffered(pool, series, { from: first.from, until })
  }
  return `the vendor has no bars before ${formatDate(until)}`
}

function daysOf({ covers, asked }: BarRequest): DayRange | null {
  return covers ?? asked
}

function firstKnownDay(head: SeriesHead | null): number | null {
  return head === null || head.firstBar === null ? null : (head.coverage[0]?.from ?? null)
}

async function recordNotOffered(pool: Pool, series: SeriesKey, range: DayRange): Promise<void> {
  const { seriesId } = (await findHead(pool, series))!
  await inTransaction(pool, async (connection) => {
    const head = await lockCoverageHead(connection, seriesId)
    const notOffered = addRange(head.notOffered, range)
    await writeLedger(connection, seriesId, { ...head, notOffered })
  })
}
