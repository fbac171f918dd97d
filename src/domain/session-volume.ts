/**
 * The bars of a session beside the volume of its day: whether they hold so little of it that some must be missing,
 * or enough for few of them to be all there were. Pure.
 */

/** What the row of an intraday page says of its session. */
export interface SessionSums {
  readonly startsOn: number
  /** Bars inside regular trading, there and by the calendar. */
  readonly regularBars: number
  readonly expectedBars: number
  /** What was traded in them; NaN or null where that is not known. */
  readonly regularVolume: number | null
}

/** Volumes of days. */
export type DayVolumes = ReadonlyMap<number, number>

/** True when a session has so few of its regular bars that they are unlikely to be all there were. */
export function hasFew({ regularBars, expectedBars }: SessionSums): boolean {
  return regularBars * 2 < expectedBars
}

/** Whether a session's bars hold less than half of the day's volume; null where one of the two is not known. */
export function holdsLittle(
  { startsOn, regularVolume }: SessionSums,
  volumes: DayVolumes,
): boolean | null {
  const ofDay = volumes.get(startsOn) ?? 0
  if (!(ofDay > 0) || regularVolume === null || Number.isNaN(regularVolume)) return null
  return regularVolume * 2 < ofDay
}

/** Fewer sessions tell nothing of how a vendor counts. */
const SESSIONS_MIN = 5

/**
 * False where most sessions with their bars hold less than half of the day's volume. The bars then do not count
 * what the day counts (auctions, trades off the book, other venues), and of one session it says nothing.
 */
export function isCountedAlike(sessions: readonly SessionSums[], volumes: DayVolumes): boolean {
  const said = sessions
    .filter((session) => !hasFew(session))
    .map((session) => holdsLittle(session, volumes))
    .filter((little) => little !== null)
  return said.length < SESSIONS_MIN || said.filter(Boolean).length * 2 <= said.length
}
