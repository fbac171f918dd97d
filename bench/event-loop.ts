/**
 * How late an event loop is. A process is late for its own work, and on a busy machine because others have the
 * processors; the time that its main thread itself has worked since the tick before is a bound of the former.
 */
const TICK_MS = 1

/** Milliseconds. */
export interface LoopDelay {
  /** By the clock on the wall. */
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** For own work, whatever else runs on the machine. */
  readonly ownP99: number
  readonly ownMax: number
}

/** Starts to watch this process; each call tells of the time since the call before. */
export function watchEventLoop(): () => LoopDelay {
  let late: number[] = []
  let own: number[] = []
  let before = { at: performance.now(), worked: workedMs() }
  const tick = () => {
    const now = { at: performance.now(), worked: workedMs() }
    const lateMs = Math.max(0, now.at - before.at - TICK_MS)
    late.push(lateMs)
    own.push(Math.min(lateMs, now.worked - before.worked))
    before = now
    setTimeout(tick, TICK_MS).unref()
  }
  tick()
  return () => {
    const [lates, owns] = [late, own].map((values) => values.toSorted((a, b) => a - b))
    late = []
    own = []
    return {
      p50: quantile(lates!, 0.5),
      p99: quantile(lates!, 0.99),
      max: quantile(lates!, 1),
      ownP99: quantile(owns!, 0.99),
      ownMax: quantile(owns!, 1),
    }
  }
}

/** Of values in ascending order, to a tenth. */
function quantile(values: readonly number[], share: number): number {
  return Math.round(10 * (values[Math.floor((values.length - 1) * share)] ?? 0)) / 10
}

/** Processor time of the main thread so far. */
function workedMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
