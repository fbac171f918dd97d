/** Bars that are made at read: merged from several vendors, resampled, and walked by cursor. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { sliceBatch, takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { DAY_MS, formatDate, parseDay } from '../../src/domain/date.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { providerOf, type BarChunk } from '../../src/query/bar-chunk.ts'
import { readBars, streamBars, type BarQuery } from '../../src/query/bars.ts'
import { parseBound } from '../../src/query/bound.ts'
import { readManyBars, streamManyBars } from '../../src/query/bars-of-many.ts'
import { formatBarKey } from '../../src/query/rows.ts'
import { dailyBars, minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'

/** A Wednesday, a quarter of an hour after noon in New York. */
const NOW = Date.parse('2024-06-05T12:15:00-04:00')
const day = parseDay
const { pool } = await makeDatabase()

const DAILY = dailyBars(day('2022-11-01'), day('2024-06-06'))
const MINUTES = upTo(minuteBars(day('2024-06-03'), day('2024-06-06')), NOW)
for (const symbol of ['AAA', 'BBB', 'CCC']) await addInstrument(pool, { symbol })
const polygon = { symbol: 'AAA', provider: 'polygon', basis: 'raw' } as const
await loadSeries(pool, { ...polygon, interval: '1m' }, MINUTES, NOW)
// One vendor lacks every third day; the other has all, at prices that are higher by 1.
const thinned = Array.from(DAILY.ts.keys()).filter((i) => i % 3 !== 0)
await loadSeries(pool, { ...polygon, interval: '1d' }, takeBars(DAILY, thinned), NOW)
const OTHER = dailyBars(day('2022-11-01'), day('2024-06-05'), 1)
const yahoo = { symbol: 'AAA', provider: 'yahoo', basis: 'split' } as const
await loadSeries(pool, { ...yahoo, interval: '1d' }, OTHER, NOW + DAY_MS)
const bbb = { symbol: 'BBB', provider: 'polygon', basis: 'raw' } as const
await loadSeries(pool, { ...bbb, interval: '1d' }, DAILY, NOW)
await tellActions(
  pool,
  'AAA',
  'polygon',
  { splits: [{ day: day('2024-01-10'), newShares: 1, oldShares: 1.5 }] },
  NOW,
)

function upTo(bars: BarBatch, instant: number): BarBatch {
  return sliceBatch(
    bars,
    0,
    Array.from(bars.ts).findIndex((ts) => ts > instant),
  )
}

const PLAIN = {
  symbol: 'AAA',
  interval: '1d',
  provider: 'auto',
  from: null,
  until: null,
  session: 'all',
  sort: 'asc',
  now: NOW,
} as const satisfies BarQuery

/** Bars as texts that tell all of them: start, prices, volume, provider, state. */
function textsOf(chunk: BarChunk): string[] {
  const { bars, provisional, partial } = chunk
  return Array.from(bars.ts, (ts, i) =>
    [
      ts,
      bars.open[i],
      bars.high[i],
      bars.low[i],
      bars.close[i],
      bars.volume[i],
      providerOf(chunk, i),
      provisional[i],
      partial?.[i] ?? 0,
    ].join(' '),
  )
}

async function streamed(query: BarQuery): Promise<string[]> {
  const texts: string[] = []
  for await (const chunk of (await streamBars(pool, query)).chunks) texts.push(...textsOf(chunk))
  return texts
}

describe('bars of several vendors', () => {
  it('are merged row by row, each with its vendor', async () => {
    const answer = await readBars(
      pool,
      { ...PLAIN, until: parseBound('2022-12-01', 'until') },
      1000,
    )
    assert.equal(answer.provider, 'auto')
    const count = DAILY.ts.findIndex((ts) => ts >= day('2022-12-01'))
    assert.equal(answer.bars.length, count)
    for (let i = 0; i < count; i += 1) {
      const isOther = i % 3 === 0
      assert.equal(providerOf(answer, i), isOther ? 'yahoo' : 'polygon')
    }
  })

  it('stand apart where one vendor is asked for', async () => {
    const answer = await readBars(pool, { ...PLAIN, provider: 'polygon' }, 1000)
    assert.deepEqual([answer.provider, answer.sources], ['polygon', null])
  })
})

describe('a bar that was seen before its period was over', () => {
  it('is left out, and is there with include=live, marked', async () => {
    const query = { ...PLAIN, symbol: 'BBB', sort: 'desc' } as const
    const without = await readBars(pool, query, 1)
    assert.equal(formatDate(without.bars.ts[0]!), '2024-06-04')
    const live = await readBars(pool, { ...query, live: true }, 2)
    assert.deepEqual(Array.from(live.bars.ts, formatDate), ['2024-06-05', '2024-06-04'])
    assert.deepEqual([...live.partial!], [1, 0])
    assert.deepEqual([...live.provisional], [1, 0])
  })

  it('of minutes is the running minute alone', async () => {
    const query = { ...PLAIN, interval: '1m', sort: 'desc' } as const
    const without = await readBars(pool, query, 1)
    assert.equal(formatBarKey('1m', without.bars.ts[0]!), '2024-06-05T16:14:00Z')
    const live = await readBars(pool, { ...query, live: true }, 1)
    assert.equal(formatBarKey('1m', live.bars.ts[0]!), '2024-06-05T16:15:00Z')
  })
})

describe('longer bars', () => {
  it('of hours begin with the session, and the last one is partial', async () => {
    const from = parseBound('2024-06-05', 'from')
    const hours = await readBars(pool, { ...PLAIN, interval: '1h', from }, 100)
    assert.equal(hours.derivedFrom, '1m')
    assert.deepEqual(
      Array.from(hours.bars.ts, (ts) => formatBarKey('1h', ts)),
      ['2024-06-05T13:30:00Z', '2024-06-05T14:30:00Z', '2024-06-05T15:30:00Z'],
    )
    assert.deepEqual([...hours.partial!], [0, 0, 1])
    // 60 bars of the first hour, by hand out of what was loaded.
    const first = MINUTES.ts.indexOf(Date.parse('2024-06-05T13:30:00Z'))
    const sum = MINUTES.volume.subarray(first, first + 60).reduce((total, one) => total + one, 0)
    assert.equal(hours.bars.volume[0], sum)
    assert.equal(hours.bars.close[0], MINUTES.close[first + 59])
  })

  it('of weeks over the turn of a year are whole, in either order', async () => {
    const query = {
      ...PLAIN,
      symbol: 'BBB',
      resample: '1wk',
      from: parseBound('2022-12-19', 'from'),
      until: parseBound('2023-01-09', 'until'),
    } as const
    const up = await streamed(query)
    const starts = up.map((text) => formatDate(Number(text.split(' ')[0])))
    assert.deepEqual(starts, ['2022-12-19', '2022-12-26', '2023-01-02'])
    // The week of the 26th has four sessions, the last of them in the old year; that of the 2nd has four, too.
    const last = DAILY.ts.indexOf(day('2022-12-30'))
    assert.equal(up[1]!.split(' ')[4], String(DAILY.close[last]))
    assert.deepEqual(await streamed({ ...query, sort: 'desc' }), up.toReversed())
  })

  it('of weeks keep only periods that begin inside the range', async () => {
    const from = parseBound('2024-05-22', 'from')
    const weeks = await readBars(pool, { ...PLAIN, symbol: 'BBB', resample: '1wk', from }, 10)
    assert.deepEqual(Array.from(weeks.bars.ts, formatDate), ['2024-05-27', '2024-06-03'])
    assert.deepEqual([...weeks.partial!], [0, 1])
  })

  it('of days and weeks come from minutes where there is nothing longer', async () => {
    await loadSeries(pool, { ...polygon, symbol: 'CCC', interval: '1m' }, MINUTES, NOW)
    const days = await readBars(pool, { ...PLAIN, symbol: 'CCC' }, 10)
    assert.deepEqual(Array.from(days.bars.ts, formatDate), [
      '2024-06-03',
      '2024-06-04',
      '2024-06-05',
    ])
    assert.deepEqual([days.derivedFrom, ...days.partial!], ['1m', 0, 0, 1])
    const weeks = await readBars(pool, { ...PLAIN, symbol: 'CCC', interval: '1wk' }, 10)
    assert.deepEqual(Array.from(weeks.bars.ts, formatDate), ['2024-06-03'])
    assert.equal(weeks.bars.open[0], MINUTES.open[0])
  })

  it('cannot be made of longer ones, nor months of weeks', async () => {
    const code = 'RESAMPLE_IMPOSSIBLE'
    await assert.rejects(readBars(pool, { ...PLAIN, resample: '1h' }, 1), { code })
    const months = { ...PLAIN, interval: '1wk', resample: '1mo' } as const
    await assert.rejects(readBars(pool, months, 1), { code })
  })
})

describe('bars as of an instant', () => {
  it('have the values and the actions that were known then, whatever comes later', async () => {
    await addInstrument(pool, { symbol: 'DDD' })
    const series = { symbol: 'DDD', provider: 'polygon', basis: 'raw', interval: '1d' } as const
    const week = sliceBatch(DAILY, 0, 5)
    await loadSeries(pool, series, week, NOW)
    const asOf = { kind: 'instant', at: await databaseNow() } as const
    const query = { ...PLAIN, symbol: 'DDD', adjust: 'splits', asOf } as const
    const before = await streamed(query)
    assert.equal(before.length, 5)
    const revised = takeBars(week, [0, 1, 2, 3, 4])
    revised.close[2] = week.close[2]! + 0.25
    await loadSeries(pool, series, revised, NOW + 1000)
    await loadSeries(pool, { ...series, provider: 'manual' }, sliceBatch(DAILY, 3, 9), NOW + 2000)
    const splits = [{ day: week.ts[4]!, newShares: 2, oldShares: 1 }]
    await tellActions(pool, 'DDD', 'polygon', { splits }, asOf.at + 1000)
    assert.deepEqual(await streamed(query), before)
    const now = await readBars(pool, { ...query, adjust: 'none', asOf: null }, 100)
    assert.deepEqual([now.bars.length, now.bars.close[2]], [9, revised.close[2]])
    assert.equal((await readBars(pool, query, 100)).asOf, asOf.at)
  })
})

/** The clock of the database, and at least a millisecond later than what it wrote before. */
async function databaseNow(): Promise<number> {
  const { rows } = await pool.query<{ now: Date }>(
    "SELECT date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' AS now, pg_sleep(0.002)",
  )
  return rows[0]!.now.getTime()
}

describe('cursors', () => {
  it('walk the same bars as a stream has, whatever is made of them', async () => {
    const wishes = fc.record({
      symbol: fc.constantFrom('AAA', 'BBB'),
      shape: fc.constantFrom(
        { interval: '1d', resample: null } as const,
        { interval: '1d', resample: '1wk' } as const,
        { interval: '1d', resample: '1mo' } as const,
        { interval: '1m', resample: '30m' } as const,
        { interval: '5m', resample: null } as const,
      ),
      adjust: fc.constantFrom('none' as const, 'splits' as const, 'all' as const),
      sort: fc.constantFrom('asc' as const, 'desc' as const),
      session: fc.constantFrom('all' as const, 'regular' as const),
      live: fc.boolean(),
      limit: fc.integer({ min: 7, max: 300 }),
      from: fc.option(fc.nat(560)),
    })
    await fc.assert(
      fc.asyncProperty(wishes, async ({ shape, limit, from, ...rest }) => {
        const start = { kind: 'day', day: day('2022-11-20') + (from ?? 0) * DAY_MS } as const
        const query = { ...PLAIN, ...rest, ...shape, from: from === null ? null : start }
        const walked: string[] = []
        let cursor: string | null = null
        do {
          const answer = await readBars(pool, query, limit, cursor)
          walked.push(...textsOf(answer))
          cursor = answer.next
        } while (cursor !== null)
        assert.deepEqual(walked, await streamed(query))
      }),
      { numRuns: 40 },
    )
  })

  it('walk several symbols one after the other', async () => {
    const symbols = ['AAA', 'BBB', 'CCC']
    const query = { ...PLAIN, from: parseBound('2024-05-20', 'from') }
    const whole: string[] = []
    for await (const stream of await streamManyBars(pool, symbols, query)) {
      for await (const chunk of stream.chunks) {
        whole.push(...textsOf(chunk).map((text) => `${stream.symbol} ${text}`))
      }
    }
    for (const limit of [1, 4, 11, 12, 100]) {
      const walked: string[] = []
      let cursor: string | null = null
      do {
        const { answers, next } = await readManyBars(pool, symbols, query, limit, cursor)
        const texts = answers.flatMap((one) => textsOf(one).map((text) => `${one.symbol} ${text}`))
        assert.ok(texts.length <= limit)
        walked.push(...texts)
        cursor = next
      } while (cursor !== null)
      assert.deepEqual(walked, whole)
    }
  })
})
