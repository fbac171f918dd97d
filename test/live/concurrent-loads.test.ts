/**
 * Eight loaders at a time that wait before they commit, and clients that come and go: each gets every event,
 * once, in the same order. A reader that goes by the last id alone loses some, which shows that the test can fail.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve, type Server } from '../../src/api/serve.ts'
import { systemClock } from '../../src/clock.ts'
import type { Connection, Pool } from '../../src/db/connect.ts'
import { readEvents } from '../../src/db/events.ts'
import { openReadPool } from '../../src/db/roles.ts'
import { parseDay } from '../../src/domain/date.ts'
import { contextOf } from '../api/app-under-test.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { readEventsOf, type Block } from '../support/event-reader.ts'
import { loadSeries } from '../support/loaded-series.ts'

const SEED = Number(process.env['STREAM_SEED'] ?? 20_240_607)
const LOADERS = 8
const LOADS = 10
const DELAY_MS_MAX = 30

// Ends before the database is dropped.
after(() => readPool.end())
const { pool, url } = await makeDatabase()
const readPool = await openReadPool(pool, { url, max: 4 })

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function makeRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value = (value + Math.imul(value ^ (value >>> 7), value | 61)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A pool whose transactions wait before they commit. */
function hesitant(random: () => number): Pool {
  const connect = async () => {
    const connection = await pool.connect()
    return new Proxy(connection, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown
        if (typeof value !== 'function') return value
        const call = value.bind(target) as (...args: unknown[]) => unknown
        if (name !== 'query') return call
        return (...args: unknown[]) =>
          args[0] === 'COMMIT'
            ? sleep(random() * DELAY_MS_MAX).then(() => call(...args))
            : call(...args)
      },
    }) as Connection
  }
  return new Proxy(pool, {
    get: (target, name) => (name === 'connect' ? connect : (Reflect.get(target, name) as unknown)),
  })
}

/** Which answer each load of a loader brings: the same as before now and then, which changes nothing. */
function planOf(loader: number): number[] {
  const random = makeRandom(SEED + 100 + loader)
  let answer = 0
  return Array.from({ length: LOADS }, (_, at) => {
    if (at === 0 || random() > 0.2) answer += 1
    return answer
  })
}

/** Loads the same bars again and again, with other prices for each answer. */
async function runLoader(loader: number): Promise<void> {
  const slow = hesitant(makeRandom(SEED + loader))
  const series = { symbol: `S${loader}`, interval: '1d', provider: 'yahoo', basis: 'raw' } as const
  for (const [at, answer] of planOf(loader).entries()) {
    const bars = dailyBars(parseDay('2024-06-03'), parseDay('2024-06-06'), answer)
    await loadSeries(slow, series, bars, Date.parse('2024-06-10T12:00:00Z') + at)
  }
}

/** The ids that a client gets which leaves after a few events and comes again, until it has so many bars. */
async function collect(server: Server, begin: string, bars: number, seed: number) {
  const random = makeRandom(seed)
  const seen: Block[] = []
  let left = bars
  while (left > 0) {
    const newest = seen.at(-1)?.id ?? begin
    const reader = await readEventsOf(`${server.url}/api/v1/stream`, { 'last-event-id': newest })
    for (let stay = 1 + Math.floor(random() * 25); stay > 0 && left > 0; stay -= 1) {
      const block = await reader.nextEvent()
      assert.ok(block.event === 'bar' || block.event === 'run', block.text)
      if (block.event === 'bar') left -= 1
      seen.push(block)
    }
    reader.close()
  }
  return seen.map(({ id }) => Number(id!.split('-')[1]))
}

/** The ids that a reader gets which asks for those above the last one that it has. */
async function readNaively(isOver: () => boolean): Promise<Set<number>> {
  const seen = new Set<number>()
  let last = 0
  for (;;) {
    const wasOver = isOver()
    const { rows } = await readPool.query<{ id: number }>(
      'SELECT id FROM stockyard.events WHERE id > $1 ORDER BY id',
      [last],
    )
    for (const { id } of rows) seen.add(id)
    last = rows.at(-1)?.id ?? last
    if (wasOver) return seen
    await sleep(1)
  }
}

describe(`${LOADERS} loaders of seed ${SEED}`, () => {
  it(
    'lose nothing to clients that come and go, on two servers',
    { timeout: 600_000 },
    async (t) => {
      const context = contextOf(pool, { readPool, clock: systemClock })
      const address = { host: '127.0.0.1', port: 0 }
      const servers = [await serve(context, address), await serve(context, address)]
      t.after(() => Promise.all(servers.map((server) => server.close())))
      const { history, last } = await readEvents(pool, null, 0)
      const loaders = Array.from({ length: LOADERS }, (_, at) => at)
      const bars = loaders.reduce((sum, at) => sum + new Set(planOf(at)).size, 0)
      let isOver = false
      const naive = readNaively(() => isOver)
      const clients = [1, 2, 3, 4].map((n) =>
        collect(servers[n % 2]!, `${history}-${last}`, bars, SEED + 1000 + n),
      )
      await Promise.all(loaders.map(runLoader))
      isOver = true
      const { rows } = await pool.query<{ id: number; type: string }>(
        'SELECT id, type FROM stockyard.events ORDER BY id',
      )
      assert.equal(rows.filter(({ type }) => type === 'bar').length, bars)
      const told = rows.map(({ id }) => id)
      for (const ids of await Promise.all(clients)) {
        // Each once and in order, up to the last bar.
        assert.deepEqual(ids, told.slice(0, ids.length))
      }
      const seen = await naive
      const lost = told.filter((id) => !seen.has(id))
      assert.ok(lost.length > 0, 'nothing came out of order: the test proves nothing')
      t.diagnostic(`${told.length} events; going by the last id alone lost ${lost.length}`)
    },
  )
})
