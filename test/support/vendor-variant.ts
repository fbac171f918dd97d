/**
 * Answers that a vendor could send and that nobody recorded, sent over HTTP and taken the whole way into the
 * store: every bar must be there, under its own instant or date, and no row refused.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { makeDatabase } from './database.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
export const { pool } = await makeDatabase()

/** What the calls are answered with, the last one again and again. */
let bodies: string[] = []
/** Paths of the calls of the last variant. */
export const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(request.url!)
  response.end(bodies.length > 1 ? bodies.shift() : bodies[0])
})
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

export interface Variant {
  readonly name: string
  readonly symbol: string
  readonly interval: Interval
  readonly from: string
  readonly until: string
  /** When the answer comes. */
  readonly now: string
  /** Starts of the bars on the wire, ascending. */
  readonly starts: readonly string[]
  /** Dates of daily bars. */
  readonly days?: readonly string[]
}

/** Starts of so many bars of a length in minutes, the first at an instant. */
export function every(first: string, minutes: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    new Date(Date.parse(first) + i * minutes * 60_000).toISOString(),
  )
}

/** Open, high, low, close, volume of the bar at a place: quarters of eights, which all floats hold. */
export function valuesAt(i: number): number[] {
  const open = 100 + (i % 64) / 8
  return [open, open + 2, open - 2, open + 0.5, 1000 + i]
}

/** Asks for a variant, and answers with these bodies, the last one again and again. */
export async function run(id: string, variant: Variant, answers: string[]) {
  bodies = answers
  asked.length = 0
  const { symbol, interval, now } = variant
  const provider = getProvider(id)
  const clock = { now: () => Date.parse(now), sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const [from, until] = [parseDay(variant.from), parseDay(variant.until)]
  const piece = { symbol, interval, provider, from, until }
  // Variants of one symbol over each other would be revisions: each has the symbol to itself.
  await pool.query(
    `UPDATE stockyard.symbols SET symbol = 'WAS' || instrument_id WHERE symbol = $1`,
    [symbol],
  )
  try {
    return await fetchAll(
      { pool, client, clock, log, configs: { [id]: { key: 'k', baseUrl, budget: 'unlimited' } } },
      {
        symbols: [symbol],
        intervals: [interval],
        providers: [provider],
        from,
        until,
        force: false,
        defaultDays: 20,
        pieces: [piece],
      },
    )
  } finally {
    await client.close()
  }
}

/** Asks for a variant, answers with these bodies, and holds the store against it. */
export async function assertStored(id: string, variant: Variant, answers: string[]): Promise<void> {
  const { tasks, rejected } = await run(id, variant, answers)
  const { symbol, interval, starts, days } = variant
  assert.deepEqual([tasks[0]!.error, rejected], [null, 0])
  const { basis } = getProvider(id)
  const head = await findHead(pool, { symbol, interval, provider: id, basis })
  const all = { interval, from: 0, until: 4e12, order: 'asc', limit: 10_000 } as const
  const pages = await readPageRange(pool, head!.seriesId, all)
  const stored = pages.flatMap(({ bars }) =>
    Array.from(bars.ts, (ts, i) =>
      [new Date(ts).toISOString(), bars.open, bars.high, bars.low, bars.close, bars.volume].map(
        (column) => (typeof column === 'string' ? column : column[i]!),
      ),
    ),
  )
  const keys = days?.map((day) => `${day}T00:00:00.000Z`)
  const expected = starts.map((start, i) => [
    keys?.[i] ?? new Date(start).toISOString(),
    ...valuesAt(i),
  ])
  assert.deepEqual(stored, expected)
}
