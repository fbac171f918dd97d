/** The application over a filled store, and a way to ask it. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeApp } from '../../src/api/app.ts'
import type { ApiContext, App } from '../../src/api/context.ts'
import type { Pool } from '../../src/db/connect.ts'
import { makeLogger } from '../../src/log.ts'
import { FRIDAY } from '../support/filled-store.ts'

/** Everything that makeApp wants, with the clock standing still on a Friday in June 2024. */
export function contextOf(pool: Pool, changes: Partial<ApiContext> = {}): ApiContext {
  return {
    pool,
    readPool: pool,
    options: { defaultPageSize: 50, maxPageSize: 1000, simulated: false },
    log: makeLogger({ level: 'silent', format: 'json' }),
    clock: {
      now: () => FRIDAY,
      // Never over, unless it is broken off.
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(signal.reason as Error)),
        ),
    },
    version: '0.0.0-test',
    providers: [
      {
        id: 'alpha-vantage',
        name: 'Alpha Vantage',
        enabled: true,
        needsKey: true,
        intervals: ['1m', '5m', '1d'],
        basis: 'raw',
        budget: '1/s,5/min,25/day',
        limits: { perSecond: 1, perMinute: 5, perDay: 25 },
        resetZone: 'America/New_York',
        plans: [{ name: 'free', budget: '1/s,5/min,25/day', includes: 'the newest 100 days' }],
        account: 'an-account',
      },
    ],
    etlEnabled: true,
    home: join(tmpdir(), 'no-such-home'),
    ...changes,
  }
}

export async function appOver(pool: Pool, changes: Partial<ApiContext> = {}): Promise<App> {
  return await makeApp(contextOf(pool, changes))
}

export interface Wish {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  readonly body?: object | string
  readonly headers?: Readonly<Record<string, string>>
}

/** What an answer's JSON is believed to be; the test checks it. */
interface Body {
  readonly [name: string]: unknown
  readonly data: readonly Readonly<Record<string, unknown>>[]
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly body: Body
}

/** Sends a request into an app without a socket. */
export async function ask(app: App, url: string, wish: Wish = {}): Promise<Answer> {
  const response = await app.inject({
    method: wish.method ?? 'GET',
    url,
    headers: { ...wish.headers },
    ...(wish.body === undefined ? {} : { payload: wish.body }),
  })
  const isJson = /[/+]json/.test(String(response.headers['content-type'])) && response.body !== ''
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    body: isJson ? (JSON.parse(response.body) as Body) : { data: [] },
  }
}
