/**
 * A split and dividends read on every basis, from prices as traded and from restated ones. The prices and
 * what they come to are the simulated exchange's, whose factors are computed apart from ours.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AdjustMode } from '../../src/domain/adjust.ts'
import { takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { readBars, type BarAnswer, type BarQuery } from '../../src/query/bars.ts'
import { parseBound } from '../../src/query/bound.ts'
import { adjustmentFactors } from '../../src/sandbox/corporate-actions.ts'
import { makeMarket } from '../../src/sandbox/market.ts'
import { assertNear } from '../support/adjusting.ts'
import { calendar } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'

const NOW = Date.parse('2021-06-01T20:00:00-04:00')
const SPLIT_DAY = parseDay('2020-08-31')
const { pool } = await makeDatabase()
const market = makeMarket({ seed: 7, calendar, now: () => NOW })
const until = parseDay('2021-06-01')
const period = { symbol: 'AAPL', from: parseDay('2019-06-03'), until, hours: 'all' } as const
const daily = market.bars({ ...period, interval: '1d' })
const splits = market.splits('AAPL', until).filter(({ day }) => day >= period.from)
const dividends = market.dividends('AAPL', until).filter(({ day }) => day > period.from)
const minutes = market.bars({
  ...period,
  interval: '5m',
  from: parseDay('2020-08-27'),
  until: parseDay('2020-09-03'),
})

/** Prices times a factor by day, and volume times a number. No bar within a day starts at midnight UTC. */
function scaled(bars: BarBatch, price: (day: number) => number, volume: (day: number) => number) {
  const copy = takeBars(bars, Array.from(bars.ts.keys()))
  for (let i = 0; i < copy.length; i += 1) {
    const ts = copy.ts[i]!
    const day = ts % DAY_MS === 0 ? ts : calendar.sessionAt(ts)!.day
    for (const column of ['open', 'high', 'low', 'close', 'vwap'] as const) {
      copy[column][i]! *= price(day)
    }
    copy.volume[i]! *= volume(day)
  }
  return copy
}

const ratio = (day: number) => (day < SPLIT_DAY ? 4 : 1)
const restated = (bars: BarBatch) => scaled(bars, (day) => 1 / ratio(day), ratio)
const factors = adjustmentFactors(daily.ts, daily.close, splits, dividends)
const reinvested = (bars: BarBatch) => scaled(bars, (day) => factors[daily.ts.indexOf(day)]!, ratio)

const saidSplits = [{ day: SPLIT_DAY, newShares: 4, oldShares: 1 }]
const saidDividends = dividends.map(({ day, amount }) => ({
  day,
  amount,
  currency: null,
  kind: 'cash' as const,
  basis: 'raw' as const,
}))

/** A symbol that has the bars of one vendor, with the ledger of actions. */
async function storeOf(
  symbol: string,
  provider: string,
  basis: 'raw' | 'split',
  batches: Partial<Record<Interval, BarBatch>>,
): Promise<void> {
  await addInstrument(pool, { symbol, currency: 'USD' })
  for (const [interval, batch] of Object.entries(batches) as [Interval, BarBatch][]) {
    await loadSeries(pool, { symbol, interval, provider, basis }, batch, NOW)
  }
  const said = { splits: saidSplits, dividends: saidDividends }
  await tellActions(pool, symbol, provider, said, NOW)
}

await storeOf('RAW', 'polygon', 'raw', { '1d': daily, '5m': minutes })
await storeOf('REST', 'yahoo', 'split', { '1d': restated(daily), '5m': restated(minutes) })

async function read(symbol: string, rest: Partial<BarQuery> = {}): Promise<BarAnswer> {
  const query = { interval: '1d', provider: 'auto', session: 'all', sort: 'asc' } as const
  return await readBars(
    pool,
    { ...query, symbol, from: null, until: null, now: NOW, ...rest },
    5000,
  )
}

function assertBars(found: BarBatch, expected: BarBatch): void {
  assert.deepEqual(found.ts, expected.ts)
  for (const column of ['open', 'high', 'low', 'close', 'volume'] as const) {
    assertNear(found[column], expected[column], 1e-9)
  }
}

const EXPECTED: Readonly<Record<AdjustMode, (bars: BarBatch) => BarBatch>> = {
  none: (bars) => bars,
  splits: restated,
  all: reinvested,
}
const MODES = Object.keys(EXPECTED) as AdjustMode[]

describe('a split and dividends', () => {
  it('are in the period at all', () => {
    assert.deepEqual(splits, [{ day: SPLIT_DAY, ratio: 4 }])
    assert.equal(dividends.length, 8)
    assert.ok(minutes.ts.some((ts) => calendar.sessionAt(ts)!.day === SPLIT_DAY))
  })

  for (const symbol of ['RAW', 'REST']) {
    for (const adjust of MODES) {
      it(`read right from ${symbol} with adjust=${adjust}, by days and within the day`, async () => {
        const days = await read(symbol, { adjust })
        assert.equal(days.adjust, adjust)
        assert.deepEqual(days.warnings, [])
        assertBars(days.bars, EXPECTED[adjust](daily))
        const within = await read(symbol, { adjust, interval: '5m' })
        assertBars(within.bars, EXPECTED[adjust](minutes))
      })
    }

    it(`come from ${symbol} newest first just as well`, async () => {
      const answer = await read(symbol, { adjust: 'all', sort: 'desc' })
      assertNear(answer.bars.close.toReversed(), reinvested(daily).close, 1e-9)
    })
  }

  it('do not change what a part of the range says', async () => {
    const from = parseBound('2020-08-20', 'from')
    const part = await read('RAW', {
      adjust: 'all',
      from,
      until: parseBound('2020-09-10', 'until'),
    })
    const whole = reinvested(daily)
    const first = daily.ts.indexOf(parseDay('2020-08-20'))
    assertNear(part.bars.close, whole.close.subarray(first, first + part.bars.length), 1e-9)
  })

  it('make weeks out of adjusted days', async () => {
    const weeks = await read('RAW', { adjust: 'splits', resample: '1wk' })
    assert.deepEqual([weeks.interval, weeks.derivedFrom], ['1wk', '1d'])
    // The Friday before the split ends a week that nothing was inside of.
    const week = weeks.bars.ts.indexOf(parseDay('2020-08-24'))
    const friday = daily.ts.indexOf(parseDay('2020-08-28'))
    assertNear([weeks.bars.close[week]!], [daily.close[friday]! / 4], 1e-12)
    const lows = [...daily.low.subarray(friday - 4, friday + 1)]
    assertNear([weeks.bars.low[week]!], [Math.min(...lows) / 4], 1e-12)
  })
})

describe('a split that has not happened yet', () => {
  it('changes nothing before its day, and both bases from then on', async () => {
    const day = parseDay('2021-06-03')
    const later = { splits: [{ day, newShares: 2, oldShares: 1 }] }
    for (const [symbol, provider] of [
      ['RAW2', 'polygon'],
      ['REST2', 'yahoo'],
    ] as const) {
      const basis = provider === 'yahoo' ? 'split' : 'raw'
      await storeOf(symbol, provider, basis, { '1d': basis === 'raw' ? daily : restated(daily) })
      await tellActions(pool, symbol, provider, later, NOW)
      assertBars((await read(symbol, { adjust: 'splits' })).bars, restated(daily))
      assertBars((await read(symbol, { adjust: 'none' })).bars, daily)
      // The vendor's restated prices were seen before that day, so that they do not know of it.
      const halved = scaled(
        restated(daily),
        () => 1 / 2,
        () => 2,
      )
      const then = { now: NOW + 5 * DAY_MS }
      assertBars((await read(symbol, { adjust: 'splits', ...then })).bars, halved)
      assertBars((await read(symbol, { adjust: 'none', ...then })).bars, daily)
    }
  })
})

describe('weeks as a vendor has them', () => {
  const week = takeBars(daily, [0, 5, 10])
  week.ts.set(['2020-08-17', '2020-08-24', '2020-08-31'].map(parseDay))

  it('are refused on another basis where there are no days to make them of', async () => {
    await storeOf('WEEKS', 'polygon', 'raw', { '1wk': week })
    assertBars((await read('WEEKS', { interval: '1wk' })).bars, week)
    await assert.rejects(read('WEEKS', { interval: '1wk', adjust: 'splits' }), {
      code: 'ADJUST_NEEDS_DAYS',
    })
  })

  it('are brought back to prices as traded with a warning', async () => {
    await storeOf('WEEKS2', 'yahoo', 'split', { '1wk': week })
    const { bars, warnings } = await read('WEEKS2', { interval: '1wk' })
    assert.equal(warnings.length, 1)
    assertNear(bars.close, [week.close[0]! * 4, week.close[1]! * 4, week.close[2]!])
    assertBars((await read('WEEKS2', { interval: '1wk', adjust: 'splits' })).bars, week)
  })
})

describe('a dividend that cannot be held against a close', () => {
  it('is left out, and the answer says so', async () => {
    await storeOf('NOCLOSE', 'polygon', 'raw', { '5m': minutes })
    const { warnings, bars } = await read('NOCLOSE', { interval: '5m', adjust: 'all' })
    assertBars(bars, restated(minutes))
    assert.match(warnings[0]!, /^The payment of .* was left out: no daily close/)
    // Only those after the first bar matter to it.
    const after = dividends.filter(({ day }) => day > parseDay('2020-08-27'))
    const part = await read('NOCLOSE', {
      interval: '5m',
      adjust: 'all',
      from: parseBound('2020-08-27', 'from'),
    })
    assert.equal(part.warnings.length, after.length)
  })
})
