/** Plays an adapter against a sandbox: plans the calls of a need, sends them, reads all pages. */
import assert from 'node:assert/strict'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import type {
  BarAnswer,
  BarNeed,
  BarRequest,
  Provider,
  VendorBody,
  VendorFailure,
  VendorRequest,
} from '../../src/providers/provider.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import type { Sandbox } from '../../src/sandbox/server.ts'
import { calendar, day, plain, type PlainBar } from './plain-bars.ts'

export const ADAPTERS: readonly Provider[] = [alphaVantage, polygon, yahoo]

/** The answer to an adapter's call, as the one HTTP client would hand it on. */
export async function send(sandbox: Sandbox, request: VendorRequest): Promise<VendorBody> {
  const query = new URLSearchParams(request.params)
  if (request.keyParam !== undefined) query.set(request.keyParam, 'sandbox-key')
  const headers = { ...request.headers }
  if (request.keyHeader !== undefined) {
    headers[request.keyHeader.name] = `${request.keyHeader.prefix}sandbox-key`
  }
  const answer = await fetch(`${sandbox.url}${request.path}?${query}`, { headers })
  assert.equal(answer.headers.get('x-stockyard-simulated'), '1')
  return {
    status: answer.status,
    bytes: new Uint8Array(await answer.arrayBuffer()),
    contentType: answer.headers.get('content-type') ?? '',
  }
}

/** The need of one symbol's bars for sessions from one date to another, which is not included. */
export function needOf(
  sandbox: Sandbox,
  symbol: string,
  interval: BarNeed['interval'],
  from: string | null,
  until: string,
): BarNeed {
  const now = sandbox.market.now()
  return {
    symbol,
    interval,
    from: from === null ? null : day(from),
    until: day(until),
    now,
    calendar: sandbox.market.calendar,
  }
}

/** What an adapter reads of one call. */
export async function readOne(
  sandbox: Sandbox,
  adapter: Provider,
  request: BarRequest,
): Promise<BarAnswer | VendorFailure> {
  const context = {
    calendar: sandbox.market.calendar,
    receivedAt: sandbox.market.now(),
    baseUrl: sandbox.url,
  }
  return adapter.parseBars(await send(sandbox, request.request), request, context)
}

export interface Fetched {
  readonly bars: readonly PlainBar[]
  /** How many pages came. */
  readonly pages: number
  readonly unreadable: readonly { rule: string; raw: string }[]
  readonly notes: readonly string[]
  readonly answers: readonly BarAnswer[]
}

/** All bars that an adapter gets for a need, without rows that it was not asked for. */
export async function fetchBars(
  sandbox: Sandbox,
  adapter: Provider,
  need: BarNeed,
): Promise<Fetched> {
  const answers: BarAnswer[] = []
  for (const first of adapter.planBars(need)) {
    for (let request: BarRequest | undefined = first; request !== undefined;) {
      const answer: BarAnswer | VendorFailure = await readOne(sandbox, adapter, request)
      assert.ok(answer.ok, JSON.stringify(answer))
      answers.push(answer)
      request = answer.next
    }
  }
  const from = need.from ?? 0
  const until = need.interval === '1d' ? need.until : calendar.instantAt(need.until, 0)
  const start = need.interval === '1d' ? from : calendar.instantAt(from, 0)
  return {
    bars: answers
      .flatMap(({ batch }) => plain(batch))
      .filter(({ ts }) => ts >= start && ts < until)
      .sort((a, b) => a.ts - b.ts),
    pages: answers.length,
    unreadable: answers.flatMap(({ unreadable }) => [...unreadable]),
    notes: answers.flatMap(({ notes }) => [...notes]),
    answers,
  }
}

/** The true bars of the same sessions. */
export function truth(sandbox: Sandbox, need: BarNeed, hours: 'regular' | 'all'): PlainBar[] {
  const { symbol, interval } = need
  return plain(
    sandbox.market.bars({ symbol, interval, from: need.from ?? 0, until: need.until, hours }),
  )
}
