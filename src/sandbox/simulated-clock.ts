/** The exchange's clock: runs with the clock given, ahead or behind by an offset, or stands still. */

export interface SimulatedClock {
  now(): number
  /** Stands still at an instant. */
  fix(instant: number): void
  /** Runs again, this many milliseconds ahead of the clock given; 0 for no difference. */
  shift(offsetMs: number): void
  /** True while it stands still. */
  isFixed(): boolean
}

/** A clock that runs with `base` until told otherwise. */
export function makeSimulatedClock(base: () => number): SimulatedClock {
  let fixed: number | null = null
  let offsetMs = 0
  return {
    now: () => fixed ?? base() + offsetMs,
    fix(instant) {
      fixed = instant
    },
    shift(changed) {
      fixed = null
      offsetMs = changed
    },
    isFixed: () => fixed !== null,
  }
}
