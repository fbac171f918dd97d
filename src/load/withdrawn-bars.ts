/**
 * Final bars that a vendor no longer has: an answer that covers their session has no row for them. They are
 * kept as they are, the run says so, and a finding tells of them until the vendor has them again.
 */
import type { Connection } from '../db/connect.ts'
import { storeWithdrawn, type NewFinding } from '../db/findings.ts'
import { readPages } from '../db/pages.ts'
import type { SeriesHead } from '../db/series.ts'
import { expectedDays, holdsDay } from '../domain/coverage.ts'
import type { DayRange } from '../domain/coverage.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { isIntraday } from '../domain/interval.ts'
import type { PageVersion } from '../domain/page.ts'
import { dayOf } from './head-change.ts'
import { isUnplaced } from './lost-rows.ts'
import type { Load } from './load-batch.ts'

/** Starts that a finding lists by name. */
const LISTED_MAX = 50

/** Final bars of one page that an answer lacks, ascending starts. */
interface Withdrawn {
  readonly startsOn: number
  readonly starts: readonly number[]
}

/**
 * Records which stored bars an answer lacks, inside the load's transaction, and tells how many they are. A
 * row that could not be placed may have stood for any of them: then nothing is said.
 * @param answered the days that the answer settles
 * @param stored the pages that the answer touches, as they were before
 */
export async function keepWithdrawn(
  connection: Connection,
  load: Load,
  head: SeriesHead,
  answered: readonly DayRange[],
  stored: ReadonlyMap<number, PageVersion>,
): Promise<number> {
  if (load.isWholeAnswer !== true || answered.length === 0 || load.rejects.some(isUnplaced))
    return 0
  const lost = await readUntouched(connection, load, head, answered)
  if (stored.size + lost.size === 0) return 0
  const refused = new Set(load.rejects.map(({ ts }) => ts!))
  const found = [...stored.values(), ...lost.values()]
    .map((page) => ({
      startsOn: page.startsOn,
      starts: withdrawnStarts(load, page, answered, refused),
    }))
    .filter(({ starts }) => starts.length > 0)
  const findings = found.map((one) => findingOf(load, one))
  await storeWithdrawn(connection, { ...load.series, seriesId: head.seriesId }, answered, findings)
  return found.reduce((sum, { starts }) => sum + starts.length, 0)
}

/** Pages of sessions of which the answer has no row at all. */
async function readUntouched(
  connection: Connection,
  { calendar, series, batch }: Load,
  head: SeriesHead,
  answered: readonly DayRange[],
): Promise<Map<number, PageVersion>> {
  const { interval } = series
  if (!isIntraday(interval) || head.firstBar === null || head.lastBar === null) return new Map()
  const [first, last] = [calendar.localDay(head.firstBar), calendar.localDay(head.lastBar)]
  const known = answered
    .flatMap((range) => expectedDays(calendar, interval, range))
    .filter((day) => day >= first && day <= last)
  // As it is where history grows: then not every bar has to be asked for its day.
  if (known.length === 0) return new Map()
  const touched = new Set(Array.from(batch.ts, (ts) => calendar.localDay(ts)))
  const days = known.filter((day) => !touched.has(day) && !holdsDay(head.noTrades, day))
  return await readPages(connection, head.seriesId, interval, days)
}

function withdrawnStarts(
  { calendar, series, batch, receivedAt }: Load,
  { startsOn, bars, provisional, observedAt }: PageVersion,
  answered: readonly DayRange[],
  refused: ReadonlySet<number>,
): number[] {
  if (receivedAt < observedAt) return []
  // Rows outside regular hours come and go with what was asked for.
  const session = isIntraday(series.interval) ? calendar.session(startsOn) : null
  return lackedStarts(bars.ts, batch.ts).flatMap((i) => {
    const ts = bars.ts[i]!
    const isWithdrawn =
      provisional[i] === 0 &&
      !refused.has(ts) &&
      (session === null || (ts >= session.open && ts < session.close)) &&
      holdsDay(answered, dayOf(calendar, series.interval, ts))
    return isWithdrawn ? [ts] : []
  })
}

/** Indexes of stored starts that an answer lacks; both ascend. Most often there is none. */
function lackedStarts(stored: Float64Array, answer: Float64Array): number[] {
  const lacked: number[] = []
  let j = firstFrom(answer, stored[0] ?? Infinity)
  for (let i = 0; i < stored.length; i += 1) {
    while (j < answer.length && answer[j]! < stored[i]!) j += 1
    if (answer[j] !== stored[i]) lacked.push(i)
  }
  return lacked
}

/** Index of the first value that is not below one, in ascending order. */
function firstFrom(values: Float64Array, least: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle]! < least) low = middle + 1
    else high = middle
  }
  return low
}

function findingOf({ calendar, series }: Load, { startsOn, starts }: Withdrawn): NewFinding {
  const { interval, provider } = series
  const days = starts.map((ts) => dayOf(calendar, interval, ts))
  const [fromDay, lastDay] = [days[0]!, days.at(-1)!]
  const bars = starts.length === 1 ? 'One final bar' : `${starts.length} final bars`
  const when =
    fromDay === lastDay
      ? `of ${formatDate(fromDay)}`
      : `from ${formatDate(fromDay)} to ${formatDate(lastDay)}`
  const nameOf = (ts: number) =>
    isIntraday(interval) ? new Date(ts).toISOString().replace('.000Z', 'Z') : formatDate(ts)
  return {
    rule: 'bar-withdrawn',
    subject: `${interval} ${provider} ${formatDate(startsOn)}`,
    interval,
    provider,
    other: null,
    family: null,
    fromDay,
    untilDay: lastDay + DAY_MS,
    message: `${bars} of ${interval} ${when}: ${provider} no longer has them; they are kept.`,
    evidence: { bars: starts.length, starts: starts.slice(0, LISTED_MAX).map(nameOf) },
  }
}
