/** A plan of calls as it comes out where refusals have shown what the user's plan lacks. Pure. */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { cutOut, type DayRange } from '../domain/coverage.ts'
import type { BarRequest } from '../providers/provider.ts'
import type { PlannedCalls } from './plan-calls.ts'

/**
 * The calls that go out in place of those that would be refused, and the days that are lost by it, which the
 * vendor does not offer to this user.
 */
export function planWithinLimits(
  planned: PlannedCalls,
  isRefused: (call: BarRequest) => boolean,
  calendar: Calendar,
): PlannedCalls {
  const calls = new Map<string, BarRequest>()
  const lost: DayRange[] = []
  for (const call of planned.calls) {
    const lesser = lesserCall(call, isRefused)
    if (lesser !== null) calls.set(JSON.stringify(lesser.request), lesser)
    if (lesser === call || call.asked === null) continue
    const left = lesser?.asked ?? null
    lost.push(...cutOut(call.asked, left === null ? [] : [left]))
  }
  const wanted = planned.wanted.flatMap((range) => cutOut(range, lost))
  const lacking = planned.wanted
    .flatMap((range) => cutOut(range, cutOut(range, lost)))
    .filter(({ from, until }) => calendar.countSessions(from, until) > 0)
  return {
    calls: [...calls.values()],
    wanted,
    notOffered: [...planned.notOffered, ...lacking].toSorted((a, b) => a.from - b.from),
  }
}

/** The first call of those that stand in for one another that is not refused; null where all are. */
function lesserCall(call: BarRequest, isRefused: (call: BarRequest) => boolean): BarRequest | null {
  if (!isRefused(call)) return call
  return call.fallback === null ? null : lesserCall(call.fallback, isRefused)
}
