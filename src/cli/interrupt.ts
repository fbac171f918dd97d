/**
 * Ctrl-C and other requests to stop. The first one lets the work in hand finish or roll back; the
 * second one ends the process at once.
 */
import { SIGNAL_EXIT_CODES } from './report-error.ts'

export type StopSignal = keyof typeof SIGNAL_EXIT_CODES

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** The signal that came first, or undefined. */
  received(): StopSignal | undefined
  /** Stops listening. */
  dispose(): void
}

/**
 * A terminal signals every process of the command, and the launcher passes the signal on as well: what
 * comes this soon after the first one is the same key press.
 */
const SAME_PRESS_MS = 400

/** Listens for SIGINT, SIGTERM and SIGHUP; `say` tells the person that the work is being ended. */
export function listenForInterrupt(now: () => number, say: (text: string) => void): Interrupt {
  const controller = new AbortController()
  let first: { readonly name: StopSignal; readonly at: number } | undefined
  const onSignal = (name: StopSignal): void => {
    if (first === undefined) {
      first = { name, at: now() }
      say('Stopping: the work in hand is finished or rolled back. Once more to stop at once.\n')
      controller.abort()
      return
    }
    if (now() - first.at > SAME_PRESS_MS) process.exit(SIGNAL_EXIT_CODES[name])
  }
  const names = Object.keys(SIGNAL_EXIT_CODES) as StopSignal[]
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    received: () => first?.name,
    dispose: () => {
      for (const name of names) process.off(name, onSignal)
    },
  }
}

/** Resolves once the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
