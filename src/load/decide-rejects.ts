/** What a person decides about rejects: accepted ones are loaded as they were read, dropped ones are not. */
import {
  getRejects,
  readDecisions,
  readRejectedSeries,
  type RejectedSeries,
  type StoredReject,
} from '../db/read-rejects.ts'
import { decideRejects } from '../db/rejects.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { StockyardError } from '../domain/error.ts'
import { describeTs } from '../validate/describe.ts'
import type { CheckContext, Rule } from '../validate/reject.ts'
import { positive, trades, volume, vwap } from '../validate/value-rules.ts'
import { settleDropped } from './drop-from-coverage.ts'
import {
  batchOf,
  isOldBasis,
  loadRejected,
  receivedAtOf,
  type LoadedAs,
  type RejectContext,
} from './load-rejected.ts'

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

/** Rules whose breach no reason makes good: no trade has such a price, and no session such a volume. */
const FIRM_RULES: readonly Rule[] = [positive, volume, vwap, trades]

/**
 * Loads the bars of rejects as they were read, whatever is stored of them by now. A bar that cannot be
 * true (a price of zero, a high below its low, a negative volume) is not stored on anybody's word.
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
    ...requireBar(reject, series.get(reject.seriesId)!, context),
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
 * @throws StockyardError `REJECT_UNKNOWN`; `REJECT_LOADED` where the bar of one was stored: then none is dropped
 */
export async function dropRejects(
  { pool, calendarOf = getCalendar }: Pick<RejectContext, 'pool'> & Partial<RejectContext>,
  ids: readonly number[],
  { by, reason }: Decider,
): Promise<{ readonly dropped: readonly number[] }> {
  const rejects = await getRejects(pool, ids)
  await requireNoneLoaded(pool, rejects)
  const dropped = rejects.map(({ id }) => id)
  await decideRejects(pool, dropped, { status: 'dropped', by, reason, runId: null })
  await settleDropped(pool, rejects, calendarOf)
  return { dropped }
}

/** @throws StockyardError `REJECT_LOADED` */
async function requireNoneLoaded(
  pool: RejectContext['pool'],
  rejects: readonly StoredReject[],
): Promise<void> {
  const decisions = await readDecisions(pool, rejects)
  const loaded = rejects.find(({ id }) =>
    decisions.some(({ rejectId, runId }) => rejectId === id && runId !== null),
  )
  if (loaded === undefined) return
  const { id, symbol, interval, ts } = loaded
  // Where today's parser alone could read the time, the row does not have it.
  const start = ts === null ? '{ts}' : describeTs(ts, interval)
  const path = `/api/v1/stocks/${symbol}/prices/${start}?interval=${interval}`
  throw new StockyardError(
    'conflict',
    'REJECT_LOADED',
    `The bar of reject ${id} is stored, and stays if the reject is dropped.`,
    {
      hint: `Give the bar by hand, which comes before it: PUT ${path}, or stockyard import -p manual`,
    },
  )
}

const OLD_BASIS = 'its prices are from before a split, and the series has been restated since'

/** The bar that a row was read as. @throws StockyardError `REJECT_NO_BAR` */
function requireBar(
  reject: StoredReject,
  series: RejectedSeries,
  { calendarOf }: RejectContext,
): { ts: number; values: readonly number[] } {
  const { id, ts, values, rule, reason } = reject
  const problem = whyNoBar(reject) ?? (isOldBasis(reject, series) ? OLD_BASIS : null)
  if (problem === null) {
    const bar = { ts: ts!, values: values! }
    requirePossible(id, bar, {
      interval: reject.interval,
      calendar: calendarOf(series.exchange),
      from: null,
      until: null,
      now: receivedAtOf(reject),
      basis: series.key.basis,
    })
    return bar
  }
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

/** @throws StockyardError `REJECT_NO_BAR` where no session can have been so, whoever says it */
function requirePossible(
  id: number,
  bar: { readonly ts: number; readonly values: readonly number[] },
  context: CheckContext,
): void {
  const [, high, low] = bar.values
  const batch = batchOf(bar)
  const broken = FIRM_RULES.find((rule) => {
    const failed = new Uint8Array(1)
    rule.scan(batch, context, failed, 1)
    return failed[0] !== 0
  })
  // A close beside high and low can be an auction's, which the other half of price-order refuses.
  const order = high! < low! ? `Its high ${high} is below its low ${low}.` : null
  const reason = broken?.explain(batch, 0, context) ?? order
  if (reason === null) return
  const sentence = `Reject ${id} cannot be true and is not stored. ${reason}`
  throw new StockyardError('conflict', 'REJECT_NO_BAR', sentence, {
    hint: `Give what is right by hand, and then: stockyard rejects drop ${id} --reason WORDS`,
  })
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
