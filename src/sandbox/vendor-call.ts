/** One vendor call, from its query to the answer that goes out: fault, key, limits, market. */
import type { ServerResponse } from 'node:http'
import { alphaVantage } from './alpha-vantage.ts'
import type { CallLog } from './call-log.ts'
import { sendBadly, sendReply, type Reply } from './delivery.ts'
import { effectOf, type Effect } from './fault-effects.ts'
import type { FaultBook, FaultRule } from './faults.ts'
import type { LimitBook } from './limits.ts'
import type { Market } from './market.ts'
import { FULL_PLAN, type Plan } from './plans.ts'
import { polygon } from './polygon.ts'
import type { HttpCall, Refusal, Vendor, VendorCall, VendorId, WireAnswer } from './vendor.ts'
import { yahoo } from './yahoo.ts'

export interface VendorDesk {
  readonly market: Market
  readonly faults: FaultBook
  readonly calls: CallLog
  readonly limits: LimitBook
  /** Plans that are less than full, by vendor. */
  readonly plans: Map<VendorId, Plan>
  /** The clock by which calls are counted; the exchange's clock may stand still. */
  readonly clock: () => number
}

const VENDORS: readonly Vendor[] = [alphaVantage, polygon, yahoo]

/** The one key that is refused. */
const REFUSED_KEY = 'invalid'
/** Every answer carries it, so that nobody takes simulated data for real. */
export const MARK_HEADERS = { 'x-stockyard-simulated': '1' } as const

/** Answers a call to a vendor's path; false where no vendor has such a path. */
export function handleVendorCall(
  desk: VendorDesk,
  http: HttpCall,
  response: ServerResponse,
): boolean {
  for (const vendor of VENDORS) {
    const call = vendor.readCall(http)
    if (call === null) continue
    answer(desk, vendor, call, response)
    return true
  }
  return false
}

function answer(
  desk: VendorDesk,
  vendor: Vendor,
  call: VendorCall,
  response: ServerResponse,
): void {
  const { params } = call
  const rule = desk.faults.take({ ...params, vendor: vendor.id })
  const effect = rule === null ? null : effectOf(rule.fault)
  const refusal = effect === null ? refusalOf(desk, vendor, call) : null
  const wire = wireAnswer(desk, vendor, call, effect, refusal)
  desk.calls.add({
    at: desk.clock(),
    vendor: vendor.id,
    function: params['function'] ?? '',
    symbol: params['symbol'] ?? '',
    params,
    outcome: rule === null ? outcomeOf(refusal, wire) : `fault ${rule.fault}`,
  })
  const reply = makeReply(wire, rule, effect)
  if (effect?.kind === 'delivery') sendBadly(response, reply, effect.delivery, rule?.delayMs)
  else sendReply(response, reply)
}

/** `served` also for what the vendor itself answers with a refusal in HTTP 200. */
function outcomeOf(refusal: Refusal | null, { status }: WireAnswer): string {
  if (refusal !== null) return `refused ${refusal}`
  return status < 400 ? 'served' : `answered ${status}`
}

function refusalOf(desk: VendorDesk, vendor: Vendor, { key }: VendorCall): Refusal | null {
  const { market, limits, clock } = desk
  if (vendor.needsKey && (key === '' || key === REFUSED_KEY)) return 'key'
  return limits.take(vendor.id, key, clock(), market.calendar.localDay(clock()))
}

function wireAnswer(
  desk: VendorDesk,
  vendor: Vendor,
  call: VendorCall,
  effect: Effect | null,
  refusal: Refusal | null,
): WireAnswer {
  if (refusal !== null) return vendor.refuse(refusal, call, desk.limits.of(vendor.id))
  if (effect?.kind === 'refusal')
    return vendor.refuse(effect.refusal, call, desk.limits.of(vendor.id))
  const asked = effect?.kind === 'other-symbol' ? withOtherSymbol(call) : call
  return vendor.answer(desk.market, asked, desk.plans.get(vendor.id) ?? FULL_PLAN)
}

function withOtherSymbol(call: VendorCall): VendorCall {
  const symbol = call.params['symbol']?.toUpperCase() === 'MSFT' ? 'IBM' : 'MSFT'
  const ticker = call.params['ticker'] === undefined ? {} : { ticker: symbol }
  return { ...call, params: { ...call.params, ...ticker, symbol } }
}

/** What goes out; a fault of rows or text changes it here, one of delivery later. */
function makeReply(wire: WireAnswer, rule: FaultRule | null, effect: Effect | null): Reply {
  const headers = {
    ...MARK_HEADERS,
    ...(rule?.retryAfter === undefined ? {} : { 'retry-after': rule.retryAfter }),
  }
  if (effect?.kind === 'reply') {
    return { status: effect.status, contentType: effect.type, text: effect.text, headers }
  }
  const { rows } = wire
  const text = wire.write(effect?.kind === 'rows' && rows !== null ? effect.change(rows) : rows)
  return {
    status: wire.status,
    contentType: wire.contentType,
    text: effect?.kind === 'text' ? effect.change(text) : text,
    headers,
  }
}
