/**
 * Runs that a server does beside serving: a few at a time, each to be cancelled by its id. Nothing of this
 * is kept: a server that ends closes its runs, and one that dies leaves them to be marked as interrupted.
 */
import { messageOf, StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { redact, type Logger } from '../log.ts'

/** What somebody wants done. */
export interface RunRequest {
  readonly job: 'fetch' | 'backfill' | 'repair'
  /** Null: the watch list, or else the default tickers; to repair, all that is stored. */
  readonly symbols: readonly string[] | null
  /** Null: the default interval; to repair, all that are stored. */
  readonly intervals: readonly Interval[] | null
  /** Null: the vendors in turn. */
  readonly provider: string | null
  /** Days; null leaves a side open. */
  readonly from: number | null
  readonly until: number | null
  /** In place of `from`: so many days back from today. */
  readonly days: number | null
  /** True to ask again for what is final too. */
  readonly force: boolean
}

/** Starts and ends runs in this process. */
export interface RunStarter {
  /**
   * Begins the work and answers with the id of its run, or null where nothing is to be done. The run goes on.
   * @throws StockyardError `RUNS_BUSY`, `KEY_MISSING`, `INTERVAL_UNSUPPORTED`, `PROVIDER_UNKNOWN`,
   *   `STORE_SIMULATED`
   */
  start(request: RunRequest): Promise<number | null>
  /** Ends a run of this process within the batch in hand; false where it has no such run. */
  cancel(runId: number): boolean
}

/** Runs at a time: vendors' budgets are the bound of most work, so that more would only wait. */
const RUNS_MAX = 4

/** What work is given. */
export interface RunControl {
  /** Ends the work within the batch in hand. */
  readonly signal: AbortSignal
  /** To be told of each run that the work begins. */
  readonly onRun: (runId: number) => void
}

export interface BackgroundRuns extends Pick<RunStarter, 'cancel'> {
  /** The id of the first run of some work, or null where it ended without one. @throws what it threw before its first run; StockyardError `RUNS_BUSY` */
  begin(work: (control: RunControl) => Promise<unknown>): Promise<number | null>
  /** Ends all runs and waits until they have. */
  close(): Promise<void>
}

interface Active {
  readonly abort: AbortController
  readonly runIds: Set<number>
  ended: Promise<void>
}

export function makeBackgroundRuns(log: Pick<Logger, 'error'>): BackgroundRuns {
  const active = new Set<Active>()
  return {
    begin: async (work) => {
      if (active.size >= RUNS_MAX) throw busyError()
      const abort = new AbortController()
      const one: Active = { abort, runIds: new Set(), ended: Promise.resolve() }
      active.add(one)
      const begun = Promise.withResolvers<number | null>()
      const onRun = (runId: number) => {
        one.runIds.add(runId)
        begun.resolve(runId)
      }
      const failed = (error: unknown) => {
        // Before its first run somebody waits to be told; after it only the log is left.
        begun.reject(error)
        if (one.runIds.size === 0 || abort.signal.aborted) return
        const runs = [...one.runIds]
        log.error({ runs, err: error }, `a run broke off: ${redact(messageOf(error))}`)
      }
      one.ended = work({ signal: abort.signal, onRun })
        .then(() => begun.resolve(null), failed)
        .finally(() => active.delete(one))
      return await begun.promise
    },
    cancel: (runId) => {
      const found = [...active].find(({ runIds }) => runIds.has(runId))
      found?.abort.abort()
      return found !== undefined
    },
    close: async () => {
      for (const { abort } of active) abort.abort()
      await Promise.all([...active].map(({ ended }) => ended))
    },
  }
}

function busyError(): StockyardError {
  return new StockyardError(
    'conflict',
    'RUNS_BUSY',
    `This server is at work on ${RUNS_MAX} runs already.`,
    {
      hint: 'Wait for one of them to end, or cancel it: GET /api/v1/etl/runs?status=running lists them.',
      retry: true,
    },
  )
}
