/**
 * Sends one call with an HTTP client of its own, and tells all that can be seen of it from outside.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { StockyardError } from '../../src/domain/error.ts'
import {
  makeHttpClient,
  sendRequest,
  type HttpClientOptions,
  type Target,
} from '../../src/providers/fetch.ts'
import type { VendorRequest } from '../../src/providers/provider.ts'
import { startFaultServer, type Reply } from './fault-server.ts'
import { makeRecordingClock } from './recording-clock.ts'

export const KEY = 'canary+key/1'
export const REQUEST: VendorRequest = {
  path: '/query',
  params: { function: 'TIME_SERIES_DAILY', symbol: 'BRK.B & more' },
  keyParam: 'apikey',
}
export const BODY = Buffer.from('{"Meta Data": {"2. Symbol": "IBM"}}')
export const CAP = 100_000

export interface Sent {
  readonly body: string | undefined
  readonly status: number | undefined
  readonly error: StockyardError | undefined
  readonly sleeps: readonly number[]
  readonly paid: number
  readonly settled: number
  readonly refunded: number
  readonly log: string
}

/** Sends one call with a client of its own, and tells all that can be seen of it. */
export async function send(
  t: TestContext,
  baseUrl: string,
  options: Partial<HttpClientOptions & Target> = {},
): Promise<Sent> {
  const clock = makeRecordingClock({ now: Date.UTC(2026, 2, 2, 12) })
  const log: string[] = []
  const client = makeHttpClient({
    clock,
    log: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
    maxBytes: CAP,
    retries: 0,
    random: () => 0.5,
    ...options,
  })
  t.after(() => client.close())
  let paid = 0
  let settled = 0
  let refunded = 0
  const pay = async () => {
    paid += 1
    return {
      settle: async () => {
        settled += 1
      },
      refund: async () => {
        refunded += 1
      },
    }
  }
  const target = { provider: 'alpha-vantage', key: KEY, pay, ...options, baseUrl }
  const told = () => ({ sleeps: clock.sleeps, paid, settled, refunded, log: log.join('') })
  try {
    const body = await sendRequest(client, REQUEST, target)
    const text = Buffer.from(body.bytes).toString()
    return { body: text, status: body.status, error: undefined, ...told() }
  } catch (error) {
    assert.ok(error instanceof StockyardError, String(error))
    return { body: undefined, status: undefined, error, ...told() }
  }
}

export async function sendTo(
  t: TestContext,
  replies: readonly Reply[],
  options: Partial<HttpClientOptions & Target> = {},
) {
  const server = await startFaultServer(t, replies)
  return { ...(await send(t, server.url, options)), server }
}
