/** One vendor on a bare socket, whose good answers can be spoilt, and the store that it fills. */
import type { TestContext } from 'node:test'
import type { Pool } from '../../src/db/connect.ts'
import { findHead } from '../../src/db/series.ts'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'
import { fetchAll, type FetchSummary } from '../../src/load/fetch-series.ts'
import type { FetchContext, FetchWish } from '../../src/load/run-task.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient, type HttpClientOptions } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { answer, startFaultServer, type FaultServer, type Reply } from './fault-server.ts'
import { makeRecordingClock } from './recording-clock.ts'
import type { VendorAnswers } from './vendor-answers.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
export const FAULT_KEY = 'fault-key-1'

/** Makes a reply of the good body that a call would have got. */
export type Spoil = (good: Buffer) => Reply

export interface FetchOptions {
  readonly client?: Partial<HttpClientOptions> | undefined
  readonly baseUrl?: string | undefined
  readonly wish?: Partial<FetchWish>
  readonly onProgress?: FetchContext['onProgress']
  /** In place of a clock that stands still but for sleeping. */
  readonly clock?: FetchContext['clock']
}

export interface VendorUnderFault {
  readonly server: FaultServer
  /** Milliseconds of each wait of the last fetch. */
  readonly sleeps: readonly number[]
  /** What every call is answered with from now on. */
  serve(spoil: Spoil): void
  fetch(symbols: readonly string[], now: number, options?: FetchOptions): Promise<FetchSummary>
  /** All that the store has of the symbol's series, as text; the same where nothing was changed. */
  state(symbol: string): Promise<string>
}

/** A good answer. */
export const unspoilt: Spoil = (good) => answer(200, good, { 'content-type': 'application/json' })

export async function startVendor(
  t: TestContext,
  pool: Pool,
  vendor: VendorAnswers,
): Promise<VendorUnderFault> {
  let spoil = unspoilt
  let now = vendor.before
  const sleeps: number[] = []
  const reply: Reply = (socket, request) => {
    const last = now < vendor.after ? vendor.days.at(-2)! : vendor.days.at(-1)!
    spoil(vendor.bodyOf(request.path, parseDay(last)))(socket, request)
  }
  const server = await startFaultServer(t, [reply])
  const provider = getProvider(vendor.id)

  async function fetch(symbols: readonly string[], at: number, options: FetchOptions = {}) {
    now = at
    const standing = makeRecordingClock({ now, onSleep: () => forgetRefusals(pool) })
    const clock = options.clock ?? standing
    const client = makeHttpClient({ clock, log, random: () => 0.5, ...options.client })
    const config = { key: FAULT_KEY, baseUrl: options.baseUrl ?? server.url, budget: 'unlimited' }
    const period = {
      from: parseDay(vendor.days[0]!),
      until: parseDay(vendor.days.at(-1)!) + DAY_MS,
    }
    await forgetRefusals(pool)
    try {
      return await fetchAll(
        {
          pool,
          client,
          clock,
          log,
          configs: { [vendor.id]: config },
          ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
        },
        {
          symbols,
          intervals: ['1d'],
          providers: [provider],
          ...period,
          force: false,
          defaultDays: 20,
          // By symbol: many would be asked for as days of the whole market.
          pieces: symbols.map((symbol) => ({ symbol, interval: '1d', provider, ...period })),
          ...options.wish,
        },
      )
    } finally {
      await client.close()
      sleeps.splice(0, sleeps.length, ...standing.sleeps)
    }
  }

  async function state(symbol: string): Promise<string> {
    const key = { symbol, interval: '1d', provider: vendor.id, basis: provider.basis } as const
    const { seriesId } = (await findHead(pool, key))!
    const { rows } = await pool.query<{ line: string }>(
      `SELECT 'head ' || t AS line FROM stockyard.series_heads t WHERE series_id = $1
       UNION ALL SELECT 'page ' || t FROM stockyard.pages t WHERE series_id = $1
       UNION ALL SELECT 'version ' || t FROM stockyard.page_versions t WHERE series_id = $1
       UNION ALL SELECT 'reject ' || t FROM stockyard.rejects t WHERE series_id = $1
       ORDER BY 1`,
      [seriesId],
    )
    return rows.map(({ line }) => line).join('\n')
  }

  return { server, sleeps, serve: (next) => void (spoil = next), fetch, state }
}

/** What a refusal taught must not hold back the next call; what it made wait for has passed. */
async function forgetRefusals(pool: Pool): Promise<void> {
  await pool.query(
    `WITH pauses AS (DELETE FROM stockyard.budget_pauses),
          ceilings AS (DELETE FROM stockyard.budget_ceilings)
     DELETE FROM stockyard.plan_limits`,
  )
}
