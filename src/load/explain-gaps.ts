/** Why sessions count as gaps, as far as their pages, daily volumes, refused rows and earlier repairs tell. */
import type { Pool } from '../db/connect.ts'
import { readCoverageHeads } from '../db/coverage-heads.ts'
import { readRepeated } from '../db/repeated-sessions.ts'
import { expectedDays } from '../domain/coverage.ts'
import { hasFew } from '../domain/session-volume.ts'
import { readSessions, refusedDays, volumeVerdicts } from './judge-volumes.ts'
import type { Gap } from './list-gaps.ts'
import type { CalendarOf } from './open-calendars.ts'
import { saidAgain } from './repeated-answers.ts'

/**
 * - `few-bars`: fewer than half of the regular bars are there
 * - `little-volume`: the bars hold less than half of the volume of the day
 * - `refused`: a row was refused, and nobody has decided on it
 * - `said-again`: the vendors said the same of all of its sessions when a repair asked, and are not asked again
 */
const GAP_REASONS = ['few-bars', 'little-volume', 'refused', 'said-again'] as const
export type GapReason = (typeof GAP_REASONS)[number]

/** What is known of each gap, over all of its sessions; of one that is missing whether the vendors said so again. */
export async function explainGaps(
  pool: Pool,
  gaps: readonly Gap[],
  calendarOf: CalendarOf,
): Promise<(readonly GapReason[])[]> {
  const repeated = await readRepeated(pool, [...new Set(gaps.map(({ seriesId }) => seriesId))])
  const explained: (readonly GapReason[])[] = []
  for (const gap of gaps) {
    explained.push(await explainGap(pool, gap, calendarOf, repeated.get(gap.seriesId)))
  }
  return explained
}

async function explainGap(
  pool: Pool,
  gap: Gap,
  calendarOf: CalendarOf,
  known: ReadonlySet<number> = new Set(),
): Promise<readonly GapReason[]> {
  if (gap.state !== 'partial' && known.size === 0) return []
  const calendar = calendarOf(gap.exchange)
  const days = expectedDays(calendar, gap.interval, gap)
  const same = await saidAgain(pool, gap, days, known)
  const isSame = days.every((day) => same.has(day))
  if (gap.state !== 'partial') return isSame ? ['said-again'] : []
  const [head] = await readCoverageHeads(pool, { seriesId: gap.seriesId })
  const sessions = await readSessions(pool, gap.seriesId, days)
  const verdicts = await volumeVerdicts(pool, gap.seriesId, sessions)
  const refused = await refusedDays(pool, head!, calendar)
  const isTrue: Record<GapReason, boolean> = {
    'few-bars': sessions.some((one) => verdicts.get(one.startsOn) !== false && hasFew(one)),
    'little-volume': days.some((day) => verdicts.get(day) === true),
    refused: days.some((day) => refused.has(day)),
    'said-again': isSame,
  }
  return GAP_REASONS.filter((reason) => isTrue[reason])
}
