/** One vendor call, from its query to the answer that goes out: fault, key, limits, market. */
import type { ServerResponse } from 'node:http'
import { answerAlphaVantage, type Params } from './alpha-vantage.ts'
import { makeRefusal, type Refusal } from './alpha-vantage-refusals.ts'
import { writeAnswer, type Answer } from './alpha-vantage-text.ts'
import type { CallLog } from './call-log.ts'
import { sendBadly, sendReply, type Reply } from './delivery.ts'
import { effectOf, type Effect } from './fault-effects.ts'
import type { FaultBook, FaultRule } from './faults.ts'
import type { LimitBook } from './limits.ts'
import type { Market } from './market.ts'

export interface VendorDesk {
  readonly market: Market
  readonly faults: FaultBook
  readonly calls: CallLog
  readonly limits: LimitBook
  /** The clock by which calls are counted; the exchange's clock may stand still. */
  readonly clock: () => number
}

/** The one key that is refused. */
const REFUSED_KEY = 'invalid'
/** Every answer carries it, so that nobody takes simulated data for real. */
export const MARK_HEADERS = { 'x-stockyard-simulated': '1' } as const

/** Answers `GET /query?function=…&apikey=…`. */
export function handleVendorCall(
  desk: VendorDesk,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const key = query.get('apikey') ?? ''
  const params = paramsWithoutKey(query)
  const rule = desk.faults.take(params)
  const { answer, outcome } =
    rule === null ? answerCall(desk, params, key) : answerFault(desk, params, key, rule)
  desk.calls.add({
    at: desk.clock(),
    function: params.function ?? '',
    symbol: params.symbol ?? '',
    params,
    outcome,
  })
  const effect = rule === null ? null : effectOf(rule.fault)
  const reply = makeReply(answer, params, rule, effect)
  if (effect?.kind === 'delivery') sendBadly(response, reply, effect.delivery, rule?.delayMs)
  else sendReply(response, reply)
}

/** A key in another spelling is no key to the vendor, but must not be told to anyone either. */
function paramsWithoutKey(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...query].filter(([name]) => !/^(api_?key|token)$/i.test(name)))
}

interface Outcome {
  readonly answer: Answer
  readonly outcome: string
}

function answerCall(desk: VendorDesk, params: Params, key: string): Outcome {
  const refusal = refusalOf(desk, key)
  if (refusal === null)
    return { answer: answerAlphaVantage(desk.market, params), outcome: 'served' }
  const { perMinute, perDay } = desk.limits.get()
  const answer = makeRefusal(refusal, {
    functionName: params.function ?? '',
    key,
    ...(perMinute === null ? {} : { perMinute }),
    ...(perDay === null ? {} : { perDay }),
  })
  return { answer, outcome: `refused ${refusal}` }
}

function refusalOf({ market, limits, clock }: VendorDesk, key: string): Refusal | null {
  if (key === '' || key === REFUSED_KEY) return 'key'
  return limits.take(key, clock(), market.calendar.localDay(clock()))
}

/** The answer under a fault; a fault of words or rows changes it here, one of delivery later. */
function answerFault(desk: VendorDesk, params: Params, key: string, rule: FaultRule): Outcome {
  const outcome = `fault ${rule.fault}`
  const effect = effectOf(rule.fault)
  if (effect.kind === 'refusal') {
    const functionName = params.function ?? ''
    return { answer: makeRefusal(effect.refusal, { functionName, key }), outcome }
  }
  const asked =
    effect.kind === 'other-symbol' ? { ...params, symbol: otherThan(params.symbol) } : params
  const answer = answerAlphaVantage(desk.market, asked)
  const changed =
    effect.kind === 'rows' && answer.kind === 'series' ? effect.change(answer) : answer
  return { answer: changed, outcome }
}

function otherThan(symbol: string | undefined): string {
  return symbol?.toUpperCase() === 'MSFT' ? 'IBM' : 'MSFT'
}

function makeReply(
  answer: Answer,
  params: Params,
  rule: FaultRule | null,
  effect: Effect | null,
): Reply {
  const headers = {
    ...MARK_HEADERS,
    ...(rule?.retryAfter === undefined ? {} : { 'retry-after': rule.retryAfter }),
  }
  if (effect?.kind === 'reply') {
    return { status: effect.status, contentType: effect.type, text: effect.text, headers }
  }
  const { contentType, text } = writeAnswer(answer, params.datatype === 'csv' ? 'csv' : 'json')
  return {
    status: 200,
    contentType,
    text: effect?.kind === 'text' ? effect.change(text) : text,
    headers,
  }
}
