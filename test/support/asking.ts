/** A vendor on a loopback server that answers as it is told to, and what is needed to ask it. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import type { Pool } from '../../src/db/connect.ts'
import { StockyardError } from '../../src/domain/error.ts'
import type { AskContext, Wait } from '../../src/load/ask.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type {
  Provider,
  VendorBody,
  VendorFailure,
  VendorRequest,
} from '../../src/providers/provider.ts'
import { answer, startFaultServer, type Reply } from './fault-server.ts'
import { makeRecordingClock } from './recording-clock.ts'

export const KEY = 'canary-key-1'
export const REQUEST: VendorRequest = {
  path: '/query',
  params: { symbol: 'IBM' },
  keyParam: 'apikey',
}
let providers = 0

export interface Answered {
  readonly ok: true
  readonly value: number
}

/** A vendor whose answers say themselves what they are. */
export const parse = (body: VendorBody) => {
  try {
    return JSON.parse(Buffer.from(body.bytes).toString()) as Answered | VendorFailure
  } catch {
    const failure = body.status >= 500 ? 'outage' : 'malformed'
    return { ok: false, failure, message: `status ${body.status}` } as const
  }
}

export const good = answer(200, JSON.stringify({ ok: true, value: 42 }))

export function refusing(failure: VendorFailure['failure'], message = 'No.'): Reply {
  return answer(200, JSON.stringify({ ok: false, failure, message }))
}

export interface Bench {
  readonly provider: Provider
  readonly context: AskContext
  readonly sleeps: readonly number[]
  readonly waits: readonly Wait[]
  readonly seen: () => number
}

/** A vendor with the replies given, and what is needed to ask it. Time passes only by sleeping. */
export async function makeBench(
  t: TestContext,
  pool: Pool,
  replies: readonly Reply[],
  options: {
    budget?: string
    baseUrl?: string
    signal?: AbortSignal
    onSleep?: () => void | Promise<void>
  } = {},
): Promise<Bench> {
  providers += 1
  const { plan: _plan, ...unplanned } = alphaVantage
  const provider: Provider = { ...unplanned, id: `vendor-${providers}`, name: 'Vendor' }
  const server = await startFaultServer(t, replies)
  const clock = makeRecordingClock({
    onSleep: async (ms) => {
      await passTime(pool, provider.id, ms)
      await options.onSleep?.()
    },
  })
  const log = pino({ level: 'silent' })
  const client = makeHttpClient({ clock, log, random: () => 0.5 })
  t.after(() => client.close())
  const waits: Wait[] = []
  const context: AskContext = {
    pool,
    client,
    clock,
    log,
    config: {
      key: KEY,
      baseUrl: options.baseUrl ?? server.url,
      budget: options.budget ?? 'unlimited',
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onWait: (wait) => waits.push(wait),
    requests: 0,
  }
  return { provider, context, sleeps: clock.sleeps, waits, seen: () => server.requests.length }
}

/** The clock of the database cannot be moved, so what it has stored is moved the other way. */
async function passTime(pool: Pool, provider: string, ms: number): Promise<void> {
  const interval = `${ms} milliseconds`
  await pool.query(
    'UPDATE stockyard.budget_calls SET called_at = called_at - $2::interval WHERE provider = $1',
    [provider, interval],
  )
  await pool.query(
    'UPDATE stockyard.budget_pauses SET paused_until = paused_until - $2::interval WHERE provider = $1',
    [provider, interval],
  )
  // Calls that were moved make a window look fuller than it was.
  await pool.query(
    `DELETE FROM stockyard.budget_ceilings
     WHERE provider = $1 AND holds_until < seen_at + interval '1 day'`,
    [provider],
  )
}

export async function failureOf(asking: Promise<unknown>): Promise<StockyardError> {
  const error = await asking.then(
    () => assert.fail('it was answered'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof StockyardError, String(error))
  return error
}

/** Waits are measured against a real clock in between, so they may be a little shorter. */
export function assertAbout(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length, `waited ${actual.join(', ')} ms`)
  for (const [index, ms] of actual.entries()) {
    assert.ok(
      ms <= expected[index]! && ms > expected[index]! - 1_000,
      `waited ${actual.join(', ')} ms`,
    )
  }
}
