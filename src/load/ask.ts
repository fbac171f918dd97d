/**
 * Asking a vendor: sends a call and reads its answer, waits and asks again where that helps, and learns
 * from refusals what the plan lacks.
 */
import type { Archive, Outcome } from '../archive/archived-answer.ts'
import type { Clock } from '../clock.ts'
import type { ProviderConfig } from '../config.ts'
import type { Pool } from '../db/connect.ts'
import { pauseProvider } from '../db/budgets.ts'
import { accountOf, learnCeiling, storePlanLimit } from '../db/plan-limits.ts'
import type { Lane } from '../domain/budget.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { StockyardError } from '../domain/error.ts'
import { redact, type Logger } from '../log.ts'
import { callsNamed, parseBudget } from '../providers/budget.ts'
import type { HttpClient, ReceivedBody } from '../providers/fetch.ts'
import type {
  BarAnswer,
  BarRequest,
  FailureClass,
  Provider,
  VendorFailure,
  VendorRequest,
} from '../providers/provider.ts'
import type { LeftAnswers } from './left-answers.ts'
import type { CalendarOf } from './open-calendars.ts'
import { sendCall, topicsOf, wait } from './send-call.ts'
import { failureError, vendorSays, vendorWords } from './vendor-error.ts'
import { shareAnswer, type SharedAnswers, type TimedBody } from './shared-answers.ts'

/** A wait before the next call, for whoever shows progress. */
export interface Wait {
  readonly provider: string
  readonly ms: number
  /** One clause, e.g. `5 calls a minute are used up`. */
  readonly why: string
}

export interface AskContext {
  readonly pool: Pool
  readonly client: HttpClient
  readonly clock: Clock
  readonly log: Logger
  readonly config: ProviderConfig
  /** What the calls are for; absent: `close`. */
  readonly lane?: Lane
  /** Ends waiting and sending at once. */
  readonly signal?: AbortSignal
  readonly onWait?: (wait: Wait) => void
  /** Where answers are kept as they came; absent where none are. */
  readonly archive?: Archive
  /** Answers of runs that were cut off, which are stored before more is asked for; absent: none. */
  readonly left?: LeftAnswers
  /** The calendars with what was recorded since the release; absent: as they are built in. */
  readonly calendarOf?: CalendarOf
  /** Answers that are the same for every symbol of a run. */
  readonly shared?: SharedAnswers
  /** Calls that went out; asking adds to it, also where it throws. */
  requests: number
}

export interface AskOptions {
  /** Longest single wait for the budget; a call that must wait longer is not made. */
  readonly maxWaitMs?: number
  /** What the call is for, where it is for bars: kept with the answer. */
  readonly bars?: BarRequest
  /** True for a call that is not repeated, whatever the answer. */
  readonly once?: boolean
  /** The lane of this call, in place of the context's. */
  readonly lane?: Lane
  /** Resolves when the call may go out; it is paid for meanwhile. Absent: at once. */
  readonly ready?: () => Promise<void>
}

/** Reads an answer that came at an instant. */
export type ReadAnswer<T> = (body: ReceivedBody, receivedAt: number) => T | VendorFailure

/** Bars, with the call that brought them: what it covers can be less than what was first asked. */
export interface AskedBars extends BarAnswer {
  readonly request: BarRequest
  /** Instant at which the answer came. */
  readonly receivedAt: number
  /** True where it came from the simulated exchange. */
  readonly simulated: boolean
}

/** How often a call is repeated after the vendor called it one too many. */
const REFUSALS_MAX = 3
/** How often a call is repeated whose answer was not readable. */
const MALFORMED_MAX = 2
const MALFORMED_WAIT_MS = 1_000
const BURST_PAUSE_MS = 1_500
const MINUTE_PAUSE_MS = 60_000

/**
 * Sends a call and reads its answer. A call over the budget waits; a refusal for too many calls pauses
 * the provider for every process and the call is made again; an unreadable answer is asked for again.
 * @throws StockyardError `BUDGET_EXHAUSTED`, `RATE_LIMITED`, `PLAN_LACKS`, `KEY_REFUSED`,
 *   `SYMBOL_UNKNOWN`, `REQUEST_REFUSED`, `NO_DATA`, `ANSWER_MALFORMED`, `PROVIDER_OUTAGE`, and what
 *   sendRequest throws
 */
export async function ask<T extends { readonly ok: true }>(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  parse: ReadAnswer<T>,
  options: AskOptions = {},
): Promise<T> {
  let refusals = options.once === true ? REFUSALS_MAX : 0
  let unreadable = options.once === true ? MALFORMED_MAX : 0
  let got: TimedBody | null = null
  for (;;) {
    got = await obtain(context, provider, request, options, got)
    const { body, reservedAt } = got
    const answer = readAndKeep(context, provider, request, got, parse, options.bars ?? null)
    if (answer.ok) return answer
    context.log.debug({ provider: provider.id, status: body.status, ...answer }, 'not data')
    const pause = pauseAfter(answer.failure, refusals, provider)
    if (pause !== null && refusals < REFUSALS_MAX) {
      // A 429 was tried again already, on the way to here: it gets one pause and no more.
      refusals += body.status === 429 ? REFUSALS_MAX : 1
      const reader = { account: accountOf(context.config) }
      await pauseProvider(context.pool, provider.id, pause, vendorSays(answer), reader)
      await learnLimit(context, provider, answer, reservedAt)
    } else if (isUnreadable(answer.failure, body.status) && unreadable < MALFORMED_MAX) {
      unreadable += 1
      await wait(context, provider, MALFORMED_WAIT_MS * unreadable, vendorSays(answer))
    } else {
      if (answer.failure === 'entitlement') {
        await keepRefusal(context, provider, request, answer, options)
      }
      throw failureError(answer, provider)
    }
  }
}

/** Reads an answer and keeps it as it came, also where reading it throws: then above all. */
function readAndKeep<T extends { readonly ok: true }>(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  { body, receivedAt }: TimedBody,
  parse: ReadAnswer<T>,
  bars: BarRequest | null,
): T | VendorFailure {
  const baseUrl = context.config.baseUrl ?? provider.baseUrl
  let outcome: Outcome = 'crash'
  try {
    const answer = parse(body, receivedAt)
    outcome = answer.ok ? 'data' : answer.failure
    return answer
  } finally {
    const { id } = provider
    context.archive?.keep({ provider: id, baseUrl, request, bars, body, receivedAt, outcome })
  }
}

/**
 * Refusals after which a lesser call can still bring something. Alpha Vantage refuses the full history
 * of some symbols as an "Invalid API call" and gives the compact one.
 */
const FALLBACK_CODES = new Set(['PLAN_LACKS', 'REQUEST_REFUSED'])

/**
 * The bars that a call brings; where it is refused and there is a lesser one, what that brings.
 * @param ready see AskOptions
 * @throws StockyardError `ANSWER_OTHER_SYMBOL`, and what `ask` throws
 */
export async function askBars(
  context: AskContext,
  provider: Provider,
  request: BarRequest,
  calendar: Calendar,
  ready?: AskOptions['ready'],
): Promise<AskedBars> {
  let receivedAt = context.clock.now()
  let simulated = false
  const parse: ReadAnswer<BarAnswer> = (body, at) => {
    receivedAt = at
    simulated = body.simulated
    const baseUrl = context.config.baseUrl ?? provider.baseUrl
    return provider.parseBars(body, request, { calendar, receivedAt, baseUrl })
  }
  let answer: BarAnswer
  try {
    const options = { bars: request, ...(ready && { ready }) }
    answer = await ask(context, provider, request.request, parse, options)
  } catch (error) {
    if (!(error instanceof StockyardError)) throw error
    if (request.fallback === null || !FALLBACK_CODES.has(error.code)) throw error
    context.log.info({ provider: provider.id, symbol: request.symbol }, error.message)
    return askBars(context, provider, request.fallback, calendar, ready)
  }
  requireAnswerFor(request.symbol, answer.symbol, provider)
  return { ...answer, request, receivedAt, simulated }
}

/**
 * Refuses an answer that says it is for another symbol than was asked for.
 * @throws StockyardError `ANSWER_OTHER_SYMBOL`
 */
export function requireAnswerFor(wanted: string, got: string | null, provider: Provider): void {
  if (got === null || got.toUpperCase() === wanted.toUpperCase()) return
  const sentence = `${provider.name} was asked for ${wanted} and answered for ${redact(got)}.`
  throw new StockyardError('provider', 'ANSWER_OTHER_SYMBOL', sentence, {
    hint: 'Nothing of it was kept; run it again, and report it where it stays so.',
    retry: true,
  })
}

/** Sends a call, unless it was sent for another symbol of the run already and brought something good. */
async function obtain(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  options: AskOptions,
  failed: TimedBody | null,
): Promise<TimedBody> {
  const sendNow = async () => {
    const sent = await sendCall(context, provider, request, options)
    return { ...sent, receivedAt: context.clock.now() }
  }
  const { shared } = context
  if (shared === undefined || options.bars?.isShared !== true) return await sendNow()
  return await shareAnswer(shared, JSON.stringify([provider.id, request]), failed, sendNow)
}

function pauseAfter(failure: FailureClass, refusals: number, provider: Provider) {
  if (failure === 'burst') return { ms: BURST_PAUSE_MS * 2 ** refusals }
  if (failure === 'minute') return { ms: MINUTE_PAUSE_MS }
  if (failure === 'day') return { resetZone: provider.resetZone }
  return null
}

// A 5xx was tried again already, on the way to here.
function isUnreadable(failure: FailureClass, status: number): boolean {
  return failure === 'malformed' || (failure === 'outage' && status < 400)
}

/** Keeps what a plan lacks, so that no process spends a call on it again for a while. */
async function keepRefusal(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  failed: VendorFailure,
  options: AskOptions,
): Promise<void> {
  const [topic] = topicsOf(context.clock.now(), provider, request, options)
  if (topic === undefined) return
  const reader = { account: accountOf(context.config) }
  await storePlanLimit(context.pool, provider.id, topic, vendorWords(failed), reader)
}

/** Lowers the budget to what a refusal shows of the vendor's limit. */
async function learnLimit(
  { pool, config }: AskContext,
  provider: Provider,
  failed: VendorFailure,
  reservedAt: number,
): Promise<void> {
  const window = WINDOWS[failed.failure]
  if (window === undefined) return
  const budget = parseBudget(config.budget ?? provider.budget)
  const limit = { second: budget.perSecond, minute: budget.perMinute, day: budget.perDay }[window]
  const named = callsNamed(failed.message, window)
  const refused = { window, reservedAt, named, words: vendorWords(failed), limit }
  await learnCeiling(pool, provider.id, refused, { account: accountOf(config) })
}

const WINDOWS: Partial<Record<FailureClass, 'second' | 'minute' | 'day'>> = {
  burst: 'second',
  minute: 'minute',
  day: 'day',
}
