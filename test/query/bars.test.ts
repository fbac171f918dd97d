/** Reading bars: ranges, order, sessions, cursors and streams. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { formatDate } from '../../src/domain/date.ts'
import { readBars, streamBars, type BarQuery } from '../../src/query/bars.ts'
import { parseBound } from '../../src/query/bound.ts'
import { formatInstant } from '../../src/query/rows.ts'
import { makeDatabase } from '../support/database.ts'
import {
  AAPL_DAILY,
  AAPL_MINUTES,
  EXTENDED_HOURS,
  fillStore,
  FRIDAY,
} from '../support/filled-store.ts'

const { pool } = await makeDatabase()
await fillStore(pool)

function query(
  changes: Omit<Partial<BarQuery>, 'from' | 'until' | 'now'> & { from?: string; until?: string },
): BarQuery {
  const { from, until, ...rest } = changes
  return {
    symbol: 'AAPL',
    interval: '1d',
    provider: 'auto',
    session: 'all',
    sort: 'asc',
    now: FRIDAY,
    live: true,
    ...rest,
    from: from === undefined ? null : parseBound(from, 'from'),
    until: until === undefined ? null : parseBound(until, 'until'),
  }
}

async function days(changes: Parameters<typeof query>[0], limit = 1000): Promise<string[]> {
  const { bars } = await readBars(pool, query(changes), limit)
  return Array.from(bars.ts, formatDate)
}

async function minutes(changes: Parameters<typeof query>[0], limit = 5000): Promise<string[]> {
  const { bars } = await readBars(pool, query({ interval: '1m', ...changes }), limit)
  return Array.from(bars.ts, formatInstant)
}

describe('daily bars', () => {
  it('come whole, over the years', async () => {
    const answer = await readBars(pool, query({}), 1000)
    assert.deepEqual([...answer.bars.ts], [...AAPL_DAILY.ts])
    assert.deepEqual([...answer.bars.high], [...AAPL_DAILY.high])
    assert.deepEqual([answer.symbol, answer.provider, answer.next], ['AAPL', 'alpha-vantage', null])
    // The clock stood in the last session when they were loaded.
    assert.deepEqual(Array.from(answer.provisional).slice(-2), [0, 1])
  })

  it('include the first date and leave out the last', async () => {
    // New Year's Day was a Monday; the exchange was closed.
    assert.deepEqual(await days({ from: '2023-12-28', until: '2024-01-04' }), [
      '2023-12-28',
      '2023-12-29',
      '2024-01-02',
      '2024-01-03',
    ])
    assert.deepEqual(await days({ from: '2024-01-02', until: '2024-01-02' }), [])
    assert.deepEqual(await days({ from: '2030-01-01' }), [])
  })

  it("take an instant as the exchange's date at that instant", async () => {
    // 03:00 UTC is still the evening before in New York.
    assert.deepEqual(await days({ from: '2024-01-04T03:00:00Z', until: '2024-01-05T05:00:00Z' }), [
      '2024-01-03',
      '2024-01-04',
    ])
  })

  it('can come newest first', async () => {
    assert.deepEqual(await days({ sort: 'desc', until: '2024-01-04' }, 3), [
      '2024-01-03',
      '2024-01-02',
      '2023-12-29',
    ])
  })
})

describe('intraday bars', () => {
  it('belong to the session of a plain date', async () => {
    const found = await minutes({ from: '2024-06-04', until: '2024-06-05' })
    assert.equal(found.length, 390)
    // 09:30 and 15:59 in New York, in summer time.
    assert.deepEqual([found[0], found.at(-1)], ['2024-06-04T13:30:00Z', '2024-06-04T19:59:00Z'])
  })

  it('are cut at instants', async () => {
    assert.deepEqual(
      await minutes({ from: '2024-06-04T19:58:00Z', until: '2024-06-05T13:32:00Z' }),
      [
        '2024-06-04T19:58:00Z',
        '2024-06-04T19:59:00Z',
        '2024-06-05T13:30:00Z',
        '2024-06-05T13:31:00Z',
      ],
    )
    assert.deepEqual(await minutes({ from: '2024-06-05T15:59:00-04:00' }), ['2024-06-05T19:59:00Z'])
  })

  it('stand the far ends of time', async () => {
    assert.equal((await minutes({ from: '0100-01-01', until: '9999-12-31' })).length, 1170)
    assert.equal(
      (await minutes({ from: '0100-01-01T00:00:00Z', until: '9999-12-31T23:59:59Z' })).length,
      1170,
    )
    assert.equal(
      (await days({ from: '0100-01-01', until: '9999-12-31' })).length,
      AAPL_DAILY.length,
    )
  })

  it('of regular trading only leave out those before the open and after the close', async () => {
    const all = await minutes({ interval: '5m' })
    assert.deepEqual(all, EXTENDED_HOURS)
    assert.deepEqual(
      await minutes({ interval: '5m', session: 'regular' }),
      EXTENDED_HOURS.slice(1, 3),
    )
    assert.deepEqual(await minutes({ interval: '5m', session: 'regular', sort: 'desc' }, 1), [
      EXTENDED_HOURS[2],
    ])
  })
})

describe('cursors over bars', () => {
  it('walk any range in either order without repeating or skipping a bar', async () => {
    const date = fc
      .integer({ min: 0, max: 600 })
      .map((n) => formatDate(Date.UTC(2022, 10, 1) + n * 86_400_000))
    const wishes = fc.record({
      bounds: fc.tuple(date, date).map(([a, b]) => (a < b ? [a, b] : [b, a])),
      sort: fc.constantFrom('asc' as const, 'desc' as const),
      interval: fc.constantFrom('1d' as const, '1m' as const),
      limit: fc.integer({ min: 37, max: 400 }),
    })
    await fc.assert(
      fc.asyncProperty(wishes, async ({ bounds: [from, until], sort, interval, limit }) => {
        const asked = query({ from: from!, until: until!, sort, interval })
        const source = interval === '1d' ? AAPL_DAILY : AAPL_MINUTES
        const [low, high] = [Date.parse(from!), Date.parse(until!)]
        const expected = [...source.ts].filter((ts) => ts >= low && ts < high)
        if (sort === 'desc') expected.reverse()
        const walked: number[] = []
        let cursor: string | null = null
        do {
          const answer = await readBars(pool, asked, limit, cursor)
          assert.equal(answer.bars.length === limit || answer.next === null, true)
          walked.push(...answer.bars.ts)
          cursor = answer.next
        } while (cursor !== null)
        assert.deepEqual(walked, expected)
      }),
      { numRuns: 40 },
    )
  })

  it('are refused by another symbol, interval or order', async () => {
    const { next } = await readBars(pool, query({}), 5)
    const refused = { code: 'CURSOR_INVALID' }
    await assert.rejects(readBars(pool, query({ symbol: 'MSFT' }), 5, next), refused)
    await assert.rejects(readBars(pool, query({ interval: '1m' }), 5, next), refused)
    await assert.rejects(readBars(pool, query({ sort: 'desc' }), 5, next), refused)
  })
})

describe('a stream of bars', () => {
  it('holds the same bars as answers do, page by page', async () => {
    const stream = await streamBars(pool, query({ interval: '1m', sort: 'desc' }))
    const found: number[] = []
    const sizes: number[] = []
    for await (const { bars } of stream.chunks) {
      sizes.push(bars.length)
      found.push(...bars.ts)
    }
    assert.deepEqual(sizes, [390, 390, 390])
    assert.deepEqual(found, [...AAPL_MINUTES.ts].reverse())
  })

  it('of what is not stored is empty', async () => {
    const stream = await streamBars(pool, query({ symbol: 'XOM' }))
    assert.equal(stream.provider, null)
    assert.equal((await stream.chunks.next()).done, true)
  })
})

describe('what cannot be read', () => {
  it('names the unknown symbol, the odd symbol and the range that ends before it begins', async () => {
    await assert.rejects(readBars(pool, query({ symbol: 'NOPE' }), 5), { code: 'SYMBOL_UNKNOWN' })
    await assert.rejects(readBars(pool, query({ symbol: "'; DROP" }), 5), {
      code: 'SYMBOL_INVALID',
    })
    const backwards = query({ from: '2024-01-03', until: '2024-01-02' })
    await assert.rejects(readBars(pool, backwards, 5), { code: 'RANGE_INVALID' })
    const mixed = query({ interval: '1m', from: '2024-01-03T15:00:00Z', until: '2024-01-02' })
    await assert.rejects(readBars(pool, mixed, 5), { code: 'RANGE_INVALID' })
  })
})
