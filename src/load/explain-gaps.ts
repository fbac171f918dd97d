/** Why sessions count as there in part, as far as their pages, daily volumes and refused rows tell. */
import type { Pool } from '../db/connect.ts'
import { readCoverageHeads } from '../db/coverage-heads.ts'
import { readRepeated } from '../db/repeated-sessions.ts'
import { expectedDays } from '../domain/coverage.ts'
import { hasFew } from '../domain/session-volume.ts'
import { readSessions, refusedDays, volumeVerdicts } from './judge-volumes.ts'
import type { Gap } from './list-gaps.ts'
import type { CalendarOf } from './open-calendars.ts'

/**
 * - `few-bars`: fewer than half of the regular bars are there
 * - `little-volume`: the bars hold less than half of the volume of the day
 * - `refused`: a row was refused, and nobody has decided on it
 * - `said-again`: the vendor said the same when a repair asked once more
 */
const GAP_REASONS = ['few-bars', 'little-volume', 'refused', 'said-again'] as const
export type GapReason = (typeof GAP_REASONS)[number]

/** What is known of a gap that is there in part, over all of its sessions; nothing of one that is missing. */
export async function explainGap(
  pool: Pool,
  gap: Gap,
  calendarOf: CalendarOf,
): Promise<readonly GapReason[]> {
  if (gap.state !== 'partial') return []
  const calendar = calendarOf(gap.exchange)
  const days = expectedDays(calendar, gap.interval, gap)
  const [head] = await readCoverageHeads(pool, { seriesId: gap.seriesId })
  const sessions = await readSessions(pool, gap.seriesId, days)
  const verdicts = await volumeVerdicts(pool, gap.seriesId, sessions)
  const refused = await refusedDays(pool, head!, calendar)
  const repeated = (await readRepeated(pool, [gap.seriesId])).get(gap.seriesId)
  const isTrue: Record<GapReason, boolean> = {
    'few-bars': sessions.some((one) => verdicts.get(one.startsOn) !== false && hasFew(one)),
    'little-volume': days.some((day) => verdicts.get(day) === true),
    refused: days.some((day) => refused.has(day)),
    'said-again': days.some((day) => repeated?.has(day)),
  }
  return GAP_REASONS.filter((reason) => isTrue[reason])
}
