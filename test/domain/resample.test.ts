/** Resampling: where longer bars begin, what they are made of, and which of them are whole. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS, formatDate, parseDay } from '../../src/domain/date.ts'
import { INTERVALS, type Interval } from '../../src/domain/interval.ts'
import { canResample, resample, type Resampled } from '../../src/domain/resample.ts'

const MINUTE = 60_000
const newYork = getCalendar('XNYS')
const tokyo = getCalendar('XTKS')

/** Bars at instants, each unlike the others: bar i has close 100 + i and volume 10 + i. */
function barsAt(instants: readonly number[]): BarBatch {
  const batch = makeBatch(instants.length)
  instants.forEach((ts, i) => {
    batch.ts[i] = ts
    batch.open[i] = 99 + i
    batch.high[i] = 102 + i
    batch.low[i] = 98 + i
    batch.close[i] = 100 + i
    batch.volume[i] = 10 + i
  })
  return batch
}

/** Bars `stepMinutes` apart from one instant to another, the last one not included. */
function barsBetween(from: string, until: string, stepMinutes: number): BarBatch {
  const start = Date.parse(from)
  const count = (Date.parse(until) - start) / MINUTE / stepMinutes
  return barsAt(Array.from({ length: count }, (_, i) => start + i * stepMinutes * MINUTE))
}

/** `HH:MM` in a zone of whole hours from UTC. */
function clocks(bars: BarBatch, offsetHours: number): string[] {
  return Array.from(bars.ts, (ts) =>
    new Date(ts + offsetHours * 3_600_000).toISOString().slice(11, 16),
  )
}

function dates(bars: BarBatch): string[] {
  return Array.from(bars.ts, formatDate)
}

describe('intraday bars made of shorter ones', () => {
  it('begin at the open of a session, the last one cut short by the close', () => {
    // 2024-07-02, a full day in New York, 09:30 to 16:00 at UTC-4.
    const minutes = barsBetween('2024-07-02T13:30:00Z', '2024-07-02T20:00:00Z', 1)
    const { bars } = resample(minutes, '1m', '1h', newYork)
    assert.deepEqual(clocks(bars, -4), [
      '09:30',
      '10:30',
      '11:30',
      '12:30',
      '13:30',
      '14:30',
      '15:30',
    ])
    // The last bucket holds the last 30 of 390 minutes, volumes 370 to 399.
    assert.equal(bars.volume[6], 30 * 384.5)
    assert.equal(bars.open[6], 99 + 360)
    assert.equal(bars.close[6], 100 + 389)
  })

  it('lie on neither side of the open or the close, and the first one not before extended hours', () => {
    const minutes = barsBetween('2024-07-02T08:00:00Z', '2024-07-03T00:00:00Z', 1)
    const { bars } = resample(minutes, '1m', '1h', newYork)
    const before = ['04:00', '04:30', '05:30', '06:30', '07:30', '08:30']
    const regular = ['09:30', '10:30', '11:30', '12:30', '13:30', '14:30', '15:30']
    assert.deepEqual(clocks(bars, -4), [...before, ...regular, '16:00', '17:00', '18:00', '19:00'])
    assert.equal(
      bars.volume.reduce((sum, each) => sum + each),
      960 * (10 + 479.5),
    )
  })

  it('count trading after the close from the close of an early day', () => {
    // 2024-07-03 closes at 13:00 in New York.
    const minutes = barsBetween('2024-07-03T13:30:00Z', '2024-07-03T21:00:00Z', 1)
    const { bars } = resample(minutes, '1m', '1h', newYork)
    const regular = ['09:30', '10:30', '11:30', '12:30']
    assert.deepEqual(clocks(bars, -4), [...regular, '13:00', '14:00', '15:00', '16:00'])
  })

  it('do not span the midday break', () => {
    // Tokyo in January 2024: 09:00 to 11:30 and 12:30 to 15:00 at UTC+9.
    const morning = barsBetween('2024-01-10T00:00:00Z', '2024-01-10T02:30:00Z', 1)
    const afternoon = barsBetween('2024-01-10T03:30:00Z', '2024-01-10T06:00:00Z', 1)
    const instants = [...morning.ts, ...afternoon.ts]
    const { bars } = resample(barsAt(instants), '1m', '1h', tokyo)
    assert.deepEqual(clocks(bars, 9), ['09:00', '10:00', '11:00', '12:30', '13:30', '14:30'])
    assert.equal(bars.close[2], 100 + 149)
    assert.equal(bars.open[3], 99 + 150)
  })

  it('keep a print inside the break apart from both halves', () => {
    const instants = ['02:29', '02:30', '03:30'].map((clock) =>
      Date.parse(`2024-01-10T${clock}:00Z`),
    )
    const { bars } = resample(barsAt(instants), '1m', '30m', tokyo)
    assert.deepEqual(clocks(bars, 9), ['11:00', '11:30', '12:30'])
    assert.deepEqual([...bars.volume], [10, 11, 12])
  })

  it('follow the open through the change of clocks', () => {
    // New York changed its clocks on Sunday 2024-03-10.
    const instants = ['2024-03-08T14:30:00Z', '2024-03-11T13:30:00Z'].map((text) =>
      Date.parse(text),
    )
    const { bars } = resample(barsAt(instants), '1m', '1h', newYork)
    assert.deepEqual([...bars.ts], instants)
  })

  it('leave no bar where there was none', () => {
    const instants = ['14:00', '17:45'].map((clock) => Date.parse(`2024-07-02T${clock}:00Z`))
    const { bars } = resample(barsAt(instants), '5m', '1h', newYork)
    assert.deepEqual(clocks(bars, -4), ['09:30', '13:30'])
  })

  it('are partial where they reach beyond what is known', () => {
    const minutes = barsBetween('2024-07-02T13:30:00Z', '2024-07-02T15:00:00Z', 1)
    const known = Date.parse('2024-07-02T15:00:00Z')
    assert.deepEqual([...resample(minutes, '1m', '1h', newYork, { until: known }).partial], [0, 1])
    assert.deepEqual(
      [...resample(minutes, '1m', '30m', newYork, { until: known }).partial],
      [0, 0, 0],
    )
    assert.deepEqual([...resample(minutes, '1m', '1h', newYork).partial], [0, 0])
  })

  it('are whole at the close although they were cut short', () => {
    const minutes = barsBetween('2024-07-02T19:30:00Z', '2024-07-02T20:00:00Z', 1)
    const until = Date.parse('2024-07-02T20:00:00Z')
    assert.deepEqual([...resample(minutes, '1m', '1h', newYork, { until }).partial], [0])
  })
})

describe('days made of intraday bars', () => {
  it('take regular trading only', () => {
    const minutes = barsBetween('2024-07-02T08:00:00Z', '2024-07-03T00:00:00Z', 30)
    const { bars } = resample(minutes, '30m', '1d', newYork)
    assert.deepEqual(dates(bars), ['2024-07-02'])
    // 04:00 is bar 0, so 09:30 is bar 11 and 15:30 bar 23.
    assert.equal(bars.open[0], 99 + 11)
    assert.equal(bars.high[0], 102 + 23)
    assert.equal(bars.low[0], 98 + 11)
    assert.equal(bars.close[0], 100 + 23)
    assert.equal(bars.volume[0], 13 * 27)
  })

  it('join both halves of a day and leave out what printed in the break', () => {
    const instants = ['02:00', '02:30', '03:30'].map((clock) =>
      Date.parse(`2024-01-10T${clock}:00Z`),
    )
    const { bars } = resample(barsAt(instants), '30m', '1d', tokyo)
    assert.deepEqual(dates(bars), ['2024-01-10'])
    assert.deepEqual([bars.open[0], bars.close[0], bars.volume[0]], [99, 102, 22])
  })

  it('have the date of the exchange, not that of UTC', () => {
    const sydney = getCalendar('XASX')
    // Sydney opens at 10:00 at UTC+11 in January, on the evening before in UTC.
    const bars = barsAt([Date.parse('2024-01-09T23:00:00Z'), Date.parse('2024-01-10T01:00:00Z')])
    assert.deepEqual(dates(resample(bars, '1h', '1d', sydney).bars), ['2024-01-10'])
  })

  it('are partial until the close', () => {
    const minutes = barsBetween('2024-07-02T13:30:00Z', '2024-07-02T20:00:00Z', 5)
    const close = Date.parse('2024-07-02T20:00:00Z')
    const partialAt = (until: number) => [
      ...resample(minutes, '5m', '1d', newYork, { until }).partial,
    ]
    assert.deepEqual(partialAt(close - 1), [1])
    assert.deepEqual(partialAt(close), [0])
  })

  it('leave out a day on which there was trading before the open alone', () => {
    const { bars, partial } = resample(
      barsAt([Date.parse('2024-07-02T12:00:00Z')]),
      '1m',
      '1d',
      newYork,
    )
    assert.equal(bars.length + partial.length, 0)
  })
})

describe('weeks and months', () => {
  // 2023-12-28 is a Thursday; 2024-01-01 is the Monday of the next week, and a holiday.
  const days = ['2023-12-28', '2023-12-29', '2024-01-02', '2024-01-05', '2024-01-31', '2024-02-01']
  const daily = barsAt(days.map(parseDay))

  it('begin on Monday', () => {
    const { bars } = resample(daily, '1d', '1wk', newYork)
    assert.deepEqual(dates(bars), ['2023-12-25', '2024-01-01', '2024-01-29'])
    assert.deepEqual([...bars.close], [101, 103, 105])
  })

  it('begin on the first of the month', () => {
    const { bars } = resample(daily, '1d', '1mo', newYork)
    assert.deepEqual(dates(bars), ['2023-12-01', '2024-01-01', '2024-02-01'])
    assert.deepEqual([...bars.volume], [21, 39, 15])
  })

  it('are partial while a session of theirs is not known', () => {
    // 2024-03-29 was Good Friday, so that Thursday the 28th ended both the week and the month.
    const bars = barsAt(['2024-03-27', '2024-03-28'].map(parseDay))
    const partialAt = (to: Interval, day: string) => [
      ...resample(bars, '1d', to, newYork, { until: parseDay(day) }).partial,
    ]
    assert.deepEqual(partialAt('1wk', '2024-03-28'), [1])
    assert.deepEqual(partialAt('1wk', '2024-03-29'), [0])
    assert.deepEqual(partialAt('1mo', '2024-03-28'), [1])
    assert.deepEqual(partialAt('1mo', '2024-03-29'), [0])
    assert.deepEqual(partialAt('1wk', '2024-03-20'), [1])
  })

  it('made of intraday bars are partial until their last close', () => {
    const minutes = barsBetween('2024-03-28T13:30:00Z', '2024-03-28T20:00:00Z', 30)
    const close = Date.parse('2024-03-28T20:00:00Z')
    for (const to of ['1wk', '1mo'] as const) {
      const partialAt = (until: number) => [
        ...resample(minutes, '30m', to, newYork, { until }).partial,
      ]
      assert.deepEqual(partialAt(close - 1), [1])
      assert.deepEqual(partialAt(close), [0])
      assert.deepEqual(partialAt(close - 30 * DAY_MS), [1])
    }
  })
})

describe('volume, trades and vwap', () => {
  const week = barsAt(['2024-01-08', '2024-01-09', '2024-01-10'].map(parseDay))

  function weekly(columns: Partial<Record<'volume' | 'trades' | 'vwap', number[]>>): BarBatch {
    return resample({ ...week, ...floats(columns) }, '1d', '1wk', newYork).bars
  }

  it('weighs vwap by volume over the bars that have both', () => {
    // (10 * 100 + 11 * 300) / 400
    assert.equal(weekly({ volume: [100, 300, 50], vwap: [10, 11, NaN] }).vwap[0], 10.75)
    assert.equal(weekly({ volume: [100, NaN, 300], vwap: [10, 99, 11] }).vwap[0], 10.75)
    assert.equal(weekly({ volume: [0, 100, 0], vwap: [99, 10.3, 99] }).vwap[0], 10.3)
  })

  it('has no vwap where no bar has one with volume', () => {
    assert.equal(weekly({ volume: [1, 2, 3] }).vwap[0], NaN)
    assert.equal(weekly({ volume: [0, 0, NaN], vwap: [1, 2, 3] }).vwap[0], NaN)
  })

  it('adds up what is there, and says absent where nothing is', () => {
    assert.equal(weekly({ volume: [1, NaN, 3] }).volume[0], 4)
    assert.equal(weekly({ volume: [NaN, NaN, NaN] }).volume[0], NaN)
    assert.equal(weekly({ trades: [NaN, 7, 8] }).trades[0], 15)
    assert.equal(weekly({}).trades[0], NaN)
  })
})

function floats(columns: Partial<Record<'volume' | 'trades' | 'vwap', number[]>>) {
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, Float64Array.from(values)]),
  )
}

function emptyOf(from: Interval, to: Interval): Resampled {
  return resample(makeBatch(0), from, to, newYork)
}

describe('what can be made of what', () => {
  it('is any longer interval, but no months of weeks', () => {
    const possible = INTERVALS.flatMap((from) =>
      INTERVALS.filter((to) => canResample(from, to)).map((to) => `${from} ${to}`),
    )
    assert.equal(possible.length, 27)
    assert.ok(!possible.includes('1wk 1mo') && !possible.includes('1d 1d'))
    assert.ok(possible.includes('1h 1mo') && !possible.includes('1h 30m'))
  })

  it('is refused with what to do instead', () => {
    assert.throws(() => emptyOf('1h', '1m'), { code: 'RESAMPLE_IMPOSSIBLE', kind: 'usage' })
    assert.throws(() => emptyOf('1d', '1d'), {
      code: 'RESAMPLE_IMPOSSIBLE',
      hint: /longer than 1d/,
    })
    assert.throws(() => emptyOf('1wk', '1mo'), { code: 'RESAMPLE_IMPOSSIBLE', hint: /daily bars/ })
  })

  it('is nothing where there is nothing', () => {
    for (const to of ['5m', '1d', '1wk', '1mo'] as const) {
      assert.equal(emptyOf('1m', to).bars.length, 0)
    }
  })
})
