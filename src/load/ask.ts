/**
 * Asking a vendor: pays for each call out of the shared budget, waits where waiting helps, and turns
 * every answer that is not data into one error with a stable code.
 */
import type { Archive, Outcome } from '../archive/archived-answer.ts'
import type { Clock } from '../clock.ts'
import type { ProviderConfig } from '../config.ts'
import type { Pool } from '../db/connect.ts'
import { pauseProvider, refundCall, reserveCall } from '../db/budgets.ts'
import type { CallRefused, Lane } from '../domain/budget.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { StockyardError, type ErrorKind } from '../domain/error.ts'
import { redact, type Logger } from '../log.ts'
import { parseBudget } from '../providers/budget.ts'
import {
  sendRequest,
  sleep,
  type HttpClient,
  type ReceivedBody,
  type Refund,
} from '../providers/fetch.ts'
import type {
  BarAnswer,
  BarRequest,
  FailureClass,
  Provider,
  VendorFailure,
  VendorRequest,
} from '../providers/provider.ts'
import type { CalendarOf } from './open-calendars.ts'

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
  /** The calendars with what was recorded since the release; absent: as they are built in. */
  readonly calendarOf?: CalendarOf
  /** Calls that went out; asking adds to it, also where it throws. */
  requests: number
}

export interface AskOptions {
  /** Longest single wait for the budget; a call that must wait longer is not made. */
  readonly maxWaitMs?: number
  /** Asked before each payment: what it returns is thrown, and the call is not made. */
  readonly veto?: () => StockyardError | undefined
  /** What the call is for, where it is for bars: kept with the answer. */
  readonly bars?: BarRequest
  /** True for a call that is not repeated, whatever the answer. */
  readonly once?: boolean
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

/** Above the longest Retry-After that is honoured and above a full minute's window. */
const MAX_WAIT_MS = 150_000
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
  for (;;) {
    const body = await send(context, provider, request, options)
    const answer = readAndKeep(context, provider, request, body, parse, options.bars ?? null)
    if (answer.ok) return answer
    context.log.debug({ provider: provider.id, status: body.status, ...answer }, 'not data')
    const pause = pauseAfter(answer.failure, refusals, provider)
    if (pause !== null && refusals < REFUSALS_MAX) {
      // A 429 was tried again already, on the way to here: it gets one pause and no more.
      refusals += body.status === 429 ? REFUSALS_MAX : 1
      await pauseProvider(context.pool, provider.id, pause, vendorSays(answer))
    } else if (isUnreadable(answer.failure, body.status) && unreadable < MALFORMED_MAX) {
      unreadable += 1
      await wait(context, provider, MALFORMED_WAIT_MS * unreadable, vendorSays(answer))
    } else {
      throw failureError(answer, provider)
    }
  }
}

/** Reads an answer and keeps it as it came, also where reading it throws: then above all. */
function readAndKeep<T extends { readonly ok: true }>(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  body: ReceivedBody,
  parse: ReadAnswer<T>,
  bars: BarRequest | null,
): T | VendorFailure {
  const receivedAt = context.clock.now()
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
 * @throws StockyardError `ANSWER_OTHER_SYMBOL`, and what `ask` throws
 */
export async function askBars(
  context: AskContext,
  provider: Provider,
  request: BarRequest,
  calendar: Calendar,
): Promise<AskedBars> {
  let receivedAt = context.clock.now()
  let simulated = false
  const parse: ReadAnswer<BarAnswer> = (body, at) => {
    receivedAt = at
    simulated = body.simulated
    const baseUrl = context.config.baseUrl ?? provider.baseUrl
    return provider.parseBars(body, request, { calendar, receivedAt, baseUrl })
  }
  const refused = refusedForms(context.client)
  const form = formOf(provider, request)
  let answer: BarAnswer
  try {
    const veto = () => refused.get(form)
    answer = await ask(context, provider, request.request, parse, { veto, bars: request })
  } catch (error) {
    if (!(error instanceof StockyardError) || request.fallback === null) throw error
    if (!FALLBACK_CODES.has(error.code)) throw error
    // A plan lacks the form for every symbol; a refused call says something of this symbol only.
    if (error.code === 'PLAN_LACKS') refused.set(form, error)
    context.log.info({ provider: provider.id, symbol: request.symbol }, error.message)
    return askBars(context, provider, request.fallback, calendar)
  }
  requireAnswerFor(request.symbol, answer.symbol, provider)
  return { ...answer, request, receivedAt, simulated }
}

/**
 * Forms of calls that a plan was found to lack, by the client they were sent with: the first refusal
 * is enough, and the next symbols begin with the lesser call. Kept no longer than the client.
 */
const refusedByClient = new WeakMap<HttpClient, Map<string, StockyardError>>()

function refusedForms(client: HttpClient): Map<string, StockyardError> {
  const forms = refusedByClient.get(client) ?? new Map<string, StockyardError>()
  refusedByClient.set(client, forms)
  return forms
}

/** What sets a call apart from the lesser one, whatever its symbol: that is what a plan lacks. */
function formOf(provider: Provider, request: BarRequest): string {
  const lesser = request.fallback?.request.params ?? {}
  const apart = Object.entries(request.request.params).filter(
    ([name, text]) => lesser[name] !== text,
  )
  return JSON.stringify([provider.id, request.interval, apart.toSorted()])
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

// Paying ---------------------------------------------------------------------------------------------

function send(
  context: AskContext,
  provider: Provider,
  request: VendorRequest,
  options: AskOptions,
): Promise<ReceivedBody> {
  const client = options.once === true ? { ...context.client, retries: 0 } : context.client
  return sendRequest(client, request, {
    provider: provider.id,
    baseUrl: context.config.baseUrl ?? provider.baseUrl,
    key: context.config.key,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    pay: () => pay(context, provider, options),
    onRetry: async ({ status, waitMs, why }) => {
      context.onWait?.({ provider: provider.id, ms: waitMs, why })
      // What one process was told holds for all of them.
      if (status === 429) await pauseProvider(context.pool, provider.id, { ms: waitMs }, why)
    },
  })
}

async function pay(context: AskContext, provider: Provider, options: AskOptions): Promise<Refund> {
  const { pool, config } = context
  const maxWaitMs = options.maxWaitMs ?? MAX_WAIT_MS
  const budget = parseBudget(config.budget ?? provider.budget)
  for (;;) {
    const veto = options.veto?.()
    if (veto !== undefined) throw veto
    const reserved = await reserveCall(pool, provider.id, budget, provider.resetZone)
    if (reserved.allowed) {
      context.requests += 1
      return async () => {
        context.requests -= 1
        await refundCall(pool, provider.id, reserved.reservedAt)
      }
    }
    if (reserved.waitMs > maxWaitMs) throw exhaustedError(reserved, provider)
    await wait(context, provider, reserved.waitMs, reserved.reason)
  }
}

async function wait(
  context: AskContext,
  provider: Provider,
  ms: number,
  why: string,
): Promise<void> {
  context.onWait?.({ provider: provider.id, ms, why })
  await sleep(context.clock, ms, context.signal)
}

function exhaustedError(refused: CallRefused, provider: Provider): StockyardError {
  const until = `${new Date(refused.resetsAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const sentence = `No call to ${provider.name} can go out before ${until}: ${refused.reason}.`
  return new StockyardError('provider', 'BUDGET_EXHAUSTED', sentence, {
    hint: `Run it again then: it goes on where it stopped. If your plan allows more, say so in ${variable(provider, 'BUDGET')}.`,
    retry: true,
  })
}

// Failures -------------------------------------------------------------------------------------------

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

interface Meaning {
  readonly kind: ErrorKind
  readonly code: string
  /** What the vendor did, after its name. */
  readonly did: string
  readonly hint: (provider: Provider) => string
  readonly retry?: true
}

const RATE_LIMITED: Meaning = {
  kind: 'provider',
  code: 'RATE_LIMITED',
  did: 'keeps refusing calls as too many',
  hint: (provider) =>
    `Something else may use the same key; or lower ${variable(provider, 'BUDGET')} to what the plan allows.`,
  retry: true,
}

const MEANINGS: Readonly<Record<FailureClass, Meaning>> = {
  burst: RATE_LIMITED,
  minute: RATE_LIMITED,
  day: RATE_LIMITED,
  entitlement: {
    kind: 'provider',
    code: 'PLAN_LACKS',
    did: 'does not give this to your plan',
    hint: () => 'Ask for a shorter or coarser history, take another provider, or a larger plan.',
  },
  key: {
    kind: 'config',
    code: 'KEY_REFUSED',
    did: 'refused the key',
    hint: (provider) => `Check ${variable(provider, 'API_KEY')} in the environment or in .env.`,
  },
  'unknown-symbol': {
    kind: 'not-found',
    code: 'SYMBOL_UNKNOWN',
    did: 'does not know the symbol',
    hint: () => 'Check its spelling; vendors write share classes and other exchanges differently.',
  },
  'bad-request': {
    kind: 'provider',
    code: 'REQUEST_REFUSED',
    did: 'refused the call',
    hint: () => 'Check the symbol and the period; the vendor may also have changed its interface.',
  },
  'no-data': {
    kind: 'not-found',
    code: 'NO_DATA',
    did: 'has no data for this',
    hint: () => 'Check the symbol and the period.',
  },
  malformed: {
    kind: 'provider',
    code: 'ANSWER_MALFORMED',
    did: 'sent an answer that cannot be read',
    hint: () => 'Nothing of it was kept; run it again later, and report it where it stays so.',
    retry: true,
  },
  outage: {
    kind: 'provider',
    code: 'PROVIDER_OUTAGE',
    did: 'is out of order',
    hint: () => 'Run it again later: it goes on where it stopped.',
    retry: true,
  },
}

function failureError(failed: VendorFailure, provider: Provider): StockyardError {
  const { kind, code, did, hint, retry } = MEANINGS[failed.failure]
  const sentence = `${provider.name} ${did}: ${vendorSays(failed)}.`
  return new StockyardError(kind, code, sentence, { hint: hint(provider), retry: retry ?? false })
}

function vendorSays(failed: VendorFailure): string {
  return `"${redact(failed.message).slice(0, 300).trim()}"`
}

/** Name of an environment variable of a provider. */
function variable(provider: Provider, name: 'API_KEY' | 'BUDGET'): string {
  return `${provider.id.replaceAll('-', '_').toUpperCase()}_${name}`
}
