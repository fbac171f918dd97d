/**
 * Runs that a server does beside serving: orders wait in the queue of the store, and each server takes the
 * oldest while it has room. What waits when a server ends is taken by the next one that starts.
 */
import type { Pool } from '../db/connect.ts'
import { giveBackRun, queueRun, takeQueuedRun, type TakenRun } from '../db/run-queue.ts'
import { finishRun } from '../db/runs.ts'
import { formatDate, requireDay } from '../domain/date.ts'
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
  /** True to ask for splits and dividends too, where that is due. */
  readonly actions: boolean
}

/** Takes orders for runs. */
export interface RunStarter {
  /**
   * Puts a run into the queue, begins it where there is room, and tells its id. The work goes on.
   * @throws StockyardError `RUNS_BUSY`, `KEY_MISSING`, `INTERVAL_UNSUPPORTED`, `PROVIDER_UNKNOWN`,
   *   `STORE_SIMULATED`
   */
  start(request: RunRequest): Promise<number>
}

/** Runs at a time: vendors' budgets are the bound of most work, so that more would only wait. */
const RUNS_MAX = 4
/** Runs that wait, of all servers together. */
const QUEUE_MAX = 100

/** How often a server looks for runs that nobody told it of. */
const LOOK_MS = 30_000

/** What work is given. */
export interface RunControl {
  /** Ends the work within the batch in hand. */
  readonly signal: AbortSignal
  /** Ends this work and no other. */
  readonly onCancel: () => void
  /** The run that waited for this work, for the first run that the work begins; after that null. */
  readonly takeRunId: () => number | null
  /** To be told of each run that the work begins. */
  readonly onRun: () => void
}

export interface BackgroundContext {
  readonly pool: Pool
  readonly log: Pick<Logger, 'error'>
  /** Aborted when the server begins to end: from then on nothing is taken out of the queue. */
  readonly signal?: AbortSignal
  readonly work: (request: RunRequest, control: RunControl) => Promise<unknown>
}

export interface BackgroundRuns {
  /** Puts a run into the queue, begins what there is room for, and tells its id. @throws StockyardError `RUNS_BUSY` */
  start(request: RunRequest): Promise<number>
  /** Begins what waits, as far as there is room. */
  fill(): Promise<void>
  /** Ends all runs and waits until they have. */
  close(): Promise<void>
}

export function makeBackgroundRuns(context: BackgroundContext): BackgroundRuns {
  const { pool, log } = context
  /** Runs that are worked on, each with its begin. */
  const active = new Map<number, { readonly begun: Promise<void>; readonly ended: Promise<void> }>()
  const stop = new AbortController()
  const stopped = AbortSignal.any([stop.signal, ...(context.signal ? [context.signal] : [])])
  let filled: Promise<void> = Promise.resolve()
  // One after the other: what is queued while one looks is found by the next.
  const fill = async (): Promise<void> => {
    const mine = filled.then(takeAll)
    filled = mine.catch(() => undefined)
    await mine
  }
  const takeAll = async (): Promise<void> => {
    while (active.size < RUNS_MAX && !stopped.aborted) {
      const taken = await takeQueuedRun(pool)
      if (taken === null) return
      if (stopped.aborted) {
        await giveBackRun(pool, taken.id)
        return
      }
      const { promise: begun, resolve } = Promise.withResolvers<void>()
      const ended = doRun(context, taken, stopped, resolve).finally(() => {
        resolve()
        active.delete(taken.id)
        look()
      })
      active.set(taken.id, { begun, ended })
    }
  }
  const look = () => {
    fill().catch((error: unknown) => {
      log.error({ err: error }, `no run could be taken: ${redact(messageOf(error))}`)
    })
  }
  // What a server queued that has died since, or what could not be taken while the store was away.
  const timer = setInterval(look, LOOK_MS).unref()
  return {
    start: async (request) => {
      const { job, ...order } = request
      const id = await queueRun(pool, job, orderOf(order), QUEUE_MAX)
      if (id === null) throw busyError()
      await fill()
      // So that whoever asks sees its tasks.
      await active.get(id)?.begun
      return id
    },
    fill,
    close: async () => {
      clearInterval(timer)
      stop.abort()
      await filled
      await Promise.all([...active.values()].map(({ ended }) => ended))
    },
  }
}

/** Does the work of a run, and closes the run where the work did not begin it. Never throws. */
async function doRun(
  { pool, log, work }: BackgroundContext,
  taken: TakenRun,
  stopped: AbortSignal,
  onRun: () => void,
): Promise<void> {
  const cancelled = new AbortController()
  let waiting: number | null = taken.id
  const control: RunControl = {
    signal: AbortSignal.any([stopped, cancelled.signal]),
    onCancel: () => cancelled.abort(),
    takeRunId: () => {
      const id = waiting
      waiting = null
      return id
    },
    onRun,
  }
  const close = async (status: 'succeeded' | 'interrupted' | 'failed') => {
    if (control.takeRunId() !== null) await finishRun(pool, taken.id, status)
  }
  try {
    await work(requestOf(taken), control)
    // There was nothing to do, as where no gap is to be closed.
    await close('succeeded')
  } catch (error) {
    const isEnded = control.signal.aborted
    const tell = (thrown: unknown) =>
      log.error({ run: taken.id, err: thrown }, `a run broke off: ${redact(messageOf(thrown))}`)
    if (!isEnded) tell(error)
    await close(isEnded ? 'interrupted' : 'failed').catch(tell)
  }
}

// Orders ---------------------------------------------------------------------------------------------

type Order = Omit<RunRequest, 'job' | 'from' | 'until'> & {
  /** YYYY-MM-DD. */
  readonly from: string | null
  readonly until: string | null
}

/** A request as its run keeps it while it waits, with dates that people can read. */
function orderOf({ from, until, ...same }: Omit<RunRequest, 'job'>): Order {
  return { ...same, from: textOf(from), until: textOf(until) }
}

function textOf(day: number | null): string | null {
  return day === null ? null : formatDate(day)
}

function requestOf({ job, order }: TakenRun): RunRequest {
  const { from, until, ...same } = order as Order
  return {
    ...same,
    job: job as RunRequest['job'],
    from: from === null ? null : requireDay(from, 'from'),
    until: until === null ? null : requireDay(until, 'until'),
  }
}

function busyError(): StockyardError {
  return new StockyardError(
    'conflict',
    'RUNS_BUSY',
    `${QUEUE_MAX} runs wait for their turn already.`,
    {
      hint: 'Try again later, or cancel some: GET /api/v1/etl/runs?status=queued lists them.',
      retry: true,
    },
  )
}
