/** What a person decides about rejects: accepted ones are loaded as they were read, dropped ones are not. */
import {
  getRejects,
  readRejectedSeries,
  type RejectedSeries,
  type StoredReject,
} from '../db/read-rejects.ts'
import { decideRejects } from '../db/rejects.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { StockyardError } from '../domain/error.ts'
import { settleDropped } from './drop-from-coverage.ts'
import { isOldBasis, loadRejected, type LoadedAs, type RejectContext } from './load-rejected.ts'

/** Who decides, and why. */
export interface Decider {
  readonly by: string
  readonly reason: string
}

export interface AcceptSummary {
  /** The run that loaded the bars. */
  readonly run: number
  readonly accepted: readonly { readonly id: number; readonly bar: LoadedAs }[]
}

/** Rules that no bar can be stored against: a page has no place for it. */
const PLACELESS_RULES = new Set(['future', 'grid', 'session'])

/**
 * Loads the bars of rejects as they were read, whatever is stored of them by now.
 * @throws StockyardError `REJECT_UNKNOWN`, `REJECT_NO_BAR` where one cannot be stored as a bar: then none is
 */
export async function acceptRejects(
  context: RejectContext,
  ids: readonly number[],
  { by, reason }: Decider,
): Promise<AcceptSummary> {
  const rejects = await getRejects(context.pool, ids)
  const series = await readRejectedSeries(
    context.pool,
    rejects.map(({ seriesId }) => seriesId),
  )
  const bars = rejects.map((reject) => ({
    reject,
    ...requireBar(reject, series.get(reject.seriesId)!),
  }))
  const { runId, outcomes } = await loadRejected(context, bars, {
    job: 'accept',
    options: { rejects: rejects.map(({ id }) => id), by, reason },
    rereads: 'all',
  })
  await decideRejects(context.pool, [...outcomes.keys()], { status: 'accepted', by, reason, runId })
  return { run: runId, accepted: [...outcomes].map(([id, bar]) => ({ id, bar })) }
}

/**
 * Records that rejects are no loss, so that their days are in doubt no more. They stay in the list with who
 * said so, and can be accepted later.
 * @throws StockyardError `REJECT_UNKNOWN`
 */
export async function dropRejects(
  { pool, calendarOf = getCalendar }: Pick<RejectContext, 'pool'> & Partial<RejectContext>,
  ids: readonly number[],
  { by, reason }: Decider,
): Promise<{ readonly dropped: readonly number[] }> {
  const rejects = await getRejects(pool, ids)
  const dropped = rejects.map(({ id }) => id)
  await decideRejects(pool, dropped, { status: 'dropped', by, reason, runId: null })
  await settleDropped(pool, rejects, calendarOf)
  return { dropped }
}

const OLD_BASIS = 'its prices are from before a split, and the series has been restated since'

/** The bar that a row was read as. @throws StockyardError `REJECT_NO_BAR` */
function requireBar(
  reject: StoredReject,
  series: RejectedSeries,
): { ts: number; values: readonly number[] } {
  const { id, ts, values, rule, reason } = reject
  const problem = whyNoBar(reject) ?? (isOldBasis(reject, series) ? OLD_BASIS : null)
  if (problem === null) return { ts: ts!, values: values! }
  throw new StockyardError(
    'conflict',
    'REJECT_NO_BAR',
    `Reject ${id} cannot be stored: ${problem}.`,
    {
      hint:
        `It was refused by ${rule}: ${reason} Fetch its days again with --force, ` +
        `or try: stockyard rejects revalidate ${id}`,
    },
  )
}

function whyNoBar({ ts, values, rule }: StoredReject): string | null {
  if (values === null) return 'its row could not be read as a bar'
  if (ts === null) return 'its row has no time'
  if (PLACELESS_RULES.has(rule)) return 'no bar belongs at its time'
  const [open, high, low, close, ...others] = values
  const prices = [open, high, low, close]
  if (!prices.every((price) => Number.isFinite(price))) return 'not all of its prices are numbers'
  const isWhole = others.every((value) => Number.isNaN(value) || Number.isFinite(value))
  return isWhole ? null : 'not all of its values are numbers'
}
