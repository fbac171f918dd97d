/**
 * Sends one call to a vendor: nothing that the plan is known to lack, and nothing before it was paid for
 * out of the shared budget, in the lane of whoever asks.
 */
import { randomUUID } from 'node:crypto'
import { endWait, pauseProvider, refundCall, reserveCall, stampLateCall } from '../db/budgets.ts'
import { accountOf, findPlanLimit } from '../db/plan-limits.ts'
import { LATE_MS } from '../domain/budget.ts'
import { parseBudget } from '../providers/budget.ts'
import { sendRequest, sleep, type Payment, type ReceivedBody } from '../providers/fetch.ts'
import type { Provider, VendorRequest } from '../providers/provider.ts'
import type { AskContext, AskOptions } from './ask.ts'
import { exhaustedError, lackError } from './vendor-error.ts'

/** Above the longest Retry-After that is honoured and above a full minute's window. */
const MAX_WAIT_MS = 150_000

/** Sends a call; tells when the first of its tries was paid for. */
export async function sendCall(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  options: AskOptions,
): Promise<{ readonly body: ReceivedBody; readonly reservedAt: number }> {
  const client = options.once === true ? { ...context.client, retries: 0 } : context.client
  let reservedAt = Infinity
  const body = await sendRequest(client, request, {
    provider: provider.id,
    baseUrl: context.config.baseUrl ?? provider.baseUrl,
    key: context.config.key,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    pay: async () => {
      const paid = await payMeanwhile(context, provider, request, options)
      reservedAt = Math.min(reservedAt, paid.reservedAt)
      return paid
    },
    onRetry: async ({ status, waitMs, why }) => {
      context.onWait?.({ provider: provider.id, ms: waitMs, why })
      // What one process was told holds for all of them.
      if (status !== 429) return
      const reader = { account: accountOf(context.config) }
      await pauseProvider(context.pool, provider.id, { ms: waitMs }, why, reader)
    },
  })
  return { body, reservedAt }
}

interface Paid extends Payment {
  readonly reservedAt: number
  /** True where it has been paid for so long that a vendor may count it into another minute. */
  readonly isLate: () => boolean
}

/**
 * Pays for a call while it has to wait for something else. A process that is killed meanwhile has paid for a call
 * that it never sent: where the calls of a day are counted, it waits first.
 */
async function payMeanwhile(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  options: AskOptions,
): Promise<Paid> {
  const ready = options.ready?.()
  // It is awaited below, unless paying fails first.
  ready?.catch(() => undefined)
  const { perDay } = parseBudget(context.config.budget ?? provider.budget)
  if (Number.isFinite(perDay)) await ready
  const paid = await pay(context, provider, request, options)
  try {
    await ready
    context.signal?.throwIfAborted()
  } catch (error) {
    await paid.refund()
    throw error
  }
  if (ready === undefined || !paid.isLate()) return paid
  await paid.refund()
  return await pay(context, provider, request, options)
}

async function pay(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  options: AskOptions,
): Promise<Paid> {
  const { pool, config } = context
  const lane = options.lane ?? context.lane ?? 'close'
  const maxWaitMs = options.maxWaitMs ?? MAX_WAIT_MS
  const budget = parseBudget(config.budget ?? provider.budget)
  const reader = { account: accountOf(config), waiter: randomUUID(), lane }
  let waits = false
  try {
    for (;;) {
      // Another call may be told so while this one waits.
      const limit = await findPlanLimit(
        pool,
        provider.id,
        topicsOf(context.clock.now(), provider, request, options),
        reader,
      )
      if (limit !== null) throw lackError(limit, provider)
      const since = context.clock.now()
      const reserved = await reserveCall(pool, provider.id, budget, provider.resetZone, reader)
      if (reserved.allowed) {
        waits = false
        return paidCall(context, provider, reserved.reservedAt, since)
      }
      if (reserved.waitMs > maxWaitMs) throw exhaustedError(reserved, provider)
      waits = true
      await wait(context, provider, reserved.waitMs, reserved.reason)
    }
  } finally {
    if (waits) await endWait(pool, provider.id, reader.waiter)
  }
}

function paidCall(
  context: AskContext,
  provider: Provider,
  reservedAt: number,
  since: number,
): Paid {
  const { clock, pool } = context
  context.requests += 1
  const isLate = () => clock.now() - since > LATE_MS
  return {
    reservedAt,
    isLate,
    settle: async () => {
      if (isLate()) await stampLateCall(pool, provider.id, reservedAt)
    },
    refund: async () => {
      context.requests -= 1
      await refundCall(pool, provider.id, reservedAt)
    },
  }
}

/** Waits before the next call to a vendor, and says so. */
export async function wait(
  context: AskContext,
  provider: Provider,
  ms: number,
  why: string,
): Promise<void> {
  context.onWait?.({ provider: provider.id, ms, why })
  await sleep(context.clock, ms, context.signal)
}

/**
 * What a call needs of the plan. A provider that says nothing of plans is taken to sell bars by the
 * interval, and those of a call that has a lesser one apart from those of the lesser one.
 */
export function topicsOf(
  now: number,
  provider: Provider,
  request: VendorRequest,
  { bars }: AskOptions,
): readonly string[] {
  if (provider.plan !== undefined) return provider.plan.topicsOf(request, now)
  if (bars === undefined) return []
  const topic = `bars ${bars.interval}`
  return bars.fallback === null ? [topic] : [`${topic} full`, topic]
}
