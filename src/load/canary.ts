/**
 * The drift canary: one call to a vendor, held against what its adapter was built for, so that a vendor
 * that changes its ways is noticed before its data is believed.
 */
import type { Calendar } from '../domain/calendar/calendar.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { lastFinalDay } from '../domain/calendar/finality.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { readCanaries, storeCanary, type CanaryStatus } from '../db/canaries.ts'
import type { CanaryProbe } from '../providers/canary.ts'
import type { ReceivedBody } from '../providers/fetch.ts'
import type { BarAnswer, BarRequest, Provider, VendorFailure } from '../providers/provider.ts'
import { ask, type AskContext } from './ask.ts'
import { checkHabits, checkRefusal, type CanaryCheck } from './canary-checks.ts'

/** What the canary found of one vendor. */
export interface CanaryReport {
  readonly provider: string
  readonly checked_at: string
  readonly simulated: boolean | null
  readonly status: CanaryStatus
  /** What was asked for, e.g. `AAPL 5m 2020-08-28 to 2020-08-31`. */
  readonly call: string
  readonly checks: readonly CanaryCheck[]
  readonly error: {
    readonly kind: string
    readonly code: string
    readonly message: string
    readonly hint: string | null
  } | null
}

/** A plan may have grown by then: the call that shows most is tried again. */
const RETRY_FULL_MS = 30 * DAY_MS
/** Longer waits for the budget are not worth it. */
const MAX_WAIT_MS = 70_000

/**
 * Makes the one call, checks what comes, and keeps what was found. Returns null for a provider whose
 * habits nobody has written down.
 * @throws StockyardError `INTERRUPTED`, and of kind `database`
 */
export async function runCanary(
  context: AskContext,
  provider: Provider,
): Promise<CanaryReport | null> {
  const { canary } = provider
  if (canary === undefined) return null
  const now = context.clock.now()
  const place = await nextPlace(context, provider, now)
  const probe = canary.probes[place] ?? canary.probes[0]
  const calendar = (context.calendarOf ?? getCalendar)('XNYS')
  const request = requestOf(provider, probe, calendar, now)
  const seen = await call(context, provider, request, calendar)
  const checks = checksOf(provider, probe, request, calendar, seen)
  const { error } = seen
  const report: CanaryReport = {
    provider: provider.id,
    checked_at: new Date(now).toISOString(),
    simulated: seen.body?.simulated ?? null,
    status: statusOf(checks, seen),
    call: `${request.symbol} ${request.interval} ${daysText(probe, request)}`,
    checks,
    error:
      error === undefined
        ? null
        : { kind: error.kind, code: error.code, message: error.message, hint: error.hint },
  }
  const nextProbe = error?.code === 'PLAN_LACKS' ? (place + 1) % canary.probes.length : place
  const { status } = report
  await storeCanary(
    context.pool,
    { provider: provider.id, checkedAt: now, status, nextProbe },
    { ...report },
  )
  return report
}

async function nextPlace(context: AskContext, provider: Provider, now: number): Promise<number> {
  const last = (await readCanaries(context.pool)).get(provider.id)
  return last === undefined || now - last.checkedAt > RETRY_FULL_MS ? 0 : last.nextProbe
}

/** The adapter's own call for the days of the probe. */
function requestOf(
  provider: Provider,
  probe: CanaryProbe,
  calendar: Calendar,
  now: number,
): BarRequest {
  const { symbol, interval } = probe
  const newest = lastFinalDay(calendar, interval, now, provider.settleMs)
  const days = probe.days ?? { from: newest, until: newest + DAY_MS }
  const [request] = provider.planBars({ symbol, interval, ...days, now, calendar })
  if (request !== undefined) return request
  throw new StockyardError(
    'internal',
    'CANARY_UNPLANNED',
    `${provider.name} plans no call for its own canary.`,
    { hint: 'This is a defect of the adapter.' },
  )
}

function daysText(probe: CanaryProbe, { asked }: BarRequest): string {
  const days = probe.days ?? asked
  if (days === null) return 'newest session'
  return `${formatDate(days.from)} to ${formatDate(days.until - DAY_MS)}`
}

/** What one call came to. */
interface Seen {
  body?: ReceivedBody
  read?: BarAnswer | VendorFailure
  error?: StockyardError
}

async function call(
  context: AskContext,
  provider: Provider,
  request: BarRequest,
  calendar: Calendar,
): Promise<Seen> {
  const seen: Seen = {}
  const baseUrl = context.config.baseUrl ?? provider.baseUrl
  try {
    // Not as bars: what a canary sees is archived, and never loaded.
    await ask(
      context,
      provider,
      request.request,
      (body, receivedAt) => {
        seen.body = body
        seen.read = provider.parseBars(body, request, { calendar, receivedAt, baseUrl })
        return seen.read
      },
      { once: true, maxWaitMs: MAX_WAIT_MS },
    )
  } catch (error) {
    if (!(error instanceof StockyardError)) throw error
    if (error.code === 'INTERRUPTED' || error.kind === 'database') throw error
    seen.error = error
  }
  return seen
}

function checksOf(
  provider: Provider,
  probe: CanaryProbe,
  request: BarRequest,
  calendar: Calendar,
  { body, read }: Seen,
): CanaryCheck[] {
  if (body === undefined || read === undefined) return []
  return read.ok
    ? checkHabits(provider, probe, request, calendar, body, read)
    : checkRefusal(provider, body, read)
}

function statusOf(checks: readonly CanaryCheck[], { body, error }: Seen): CanaryStatus {
  if (checks.some((check) => check.status === 'changed')) return 'changed'
  if (error === undefined) return 'ok'
  return body === undefined || error.code === 'PROVIDER_OUTAGE' ? 'unreachable' : 'refused'
}
