/** Yahoo: what is a bar in an answer, which day it belongs to, and what is only noise. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { barAt } from '../../src/domain/bar-batch.ts'
import { formatDate } from '../../src/domain/date.ts'
import { validateBatch } from '../../src/validate/validate-batch.ts'
import { calendar, readChartAnswer as read, readGoodChart as readOk } from './yahoo-chart-answer.ts'
import { receivedAt } from './yahoo-chart-answer.ts'

const datesOf = (answer: ReturnType<typeof readOk>) => [...answer.batch.ts].map(formatDate)
const timesOf = (answer: ReturnType<typeof readOk>) =>
  [...answer.batch.ts].map((ts) => new Date(ts).toISOString().slice(0, 16))

const notesFor = (currency: string | null) =>
  readOk(['2024-03-11T13:30:00Z'], { meta: { currency } }).notes
/** The symbol that an answer is said to be for. */
const symbolOf = (asked: string, answered: string) =>
  readOk(['2024-03-11T13:30:00Z'], { symbol: asked, meta: { symbol: answered } }).symbol

describe('a daily row', () => {
  test('is keyed by the date on its exchange, whatever the offset of today', () => {
    const cases: [string, string, string][] = [
      ['America/New_York', '2024-03-08T14:30:00Z', '2024-03-08'], // winter
      ['America/New_York', '2024-03-11T13:30:00Z', '2024-03-11'], // summer
      ['America/New_York', '1962-01-02T14:30:00Z', '1962-01-02'], // before 1970
      ['Australia/Sydney', '2021-10-12T23:00:00Z', '2021-10-13'], // 10:00 the next morning
      ['Europe/London', '2024-07-01T23:00:00Z', '2024-07-02'], // midnight of a currency
      ['Europe/London', '2024-01-02T00:00:00Z', '2024-01-02'],
      ['America/New_York', '2024-07-02T04:00:00Z', '2024-07-02'], // midnight of a future
      ['UTC', '2024-01-02T00:00:00Z', '2024-01-02'],
      ['Asia/Kolkata', '2022-07-01T03:45:00Z', '2022-07-01'],
    ]
    for (const [zone, time, date] of cases) {
      const answer = readOk([time], { meta: { exchangeTimezoneName: zone } })
      assert.deepEqual(datesOf(answer), [date], `${zone} ${time}`)
    }
  })

  test('at 22:00 or 23:00 is a midnight an hour or two off, and belongs to the next day', () => {
    const zone = 'America/Sao_Paulo' // UTC-3
    const meta = { exchangeTimezoneName: zone }
    const times = ['2022-01-04T02:00:00Z', '2022-01-06T01:00:00Z', '2022-01-07T01:00:01Z']
    const expected = ['2022-01-04', '2022-01-06', '2022-01-06']
    assert.deepEqual(datesOf(readOk(times.slice(0, 2), { meta })), expected.slice(0, 2))
    assert.deepEqual(datesOf(readOk(times.slice(2), { meta })), expected.slice(2))
    const live = { ...meta, regularMarketTime: Date.parse('2022-01-04T02:00:00Z') / 1000 }
    assert.deepEqual(datesOf(readOk(['2022-01-04T02:00:00Z'], { meta: live })), ['2022-01-03'])
  })

  test('that is live belongs to its session, and replaces the row of the same session', () => {
    const live = readOk(['2024-03-11T13:30:00Z', '2024-03-12T20:00:01Z'])
    assert.deepEqual(datesOf(live), ['2024-03-11', '2024-03-12'])
    assert.deepEqual(live.notes, [])
    const times = ['2024-03-11T13:30:00Z', '2024-03-12T13:30:00Z', '2024-03-12T16:30:00Z']
    const twice = readOk(times, { quote: { volume: [1, 2, 3] } })
    assert.deepEqual(datesOf(twice), ['2024-03-11', '2024-03-12'])
    assert.deepEqual([...twice.batch.volume], [1, 3])
    assert.match(twice.rawAt(1), /"volume":3/)
    assert.equal(twice.notes.length, 1)
  })

  test('that is live and has no values leaves the row of its session alone', () => {
    const times = ['2024-03-12T13:30:00Z', '2024-03-12T16:30:00Z']
    const nulls = { open: [10, null], high: [10, null], low: [10, null], close: [10, null] }
    const answer = readOk(times, { quote: { ...nulls, volume: [7, null] } })
    assert.deepEqual([...answer.batch.volume], [7])
  })

  test('that comes twice in the middle is left for the check of duplicates', () => {
    const times = ['2024-03-08T14:30:00Z', '2024-03-08T14:30:00Z', '2024-03-11T13:30:00Z']
    assert.equal(readOk(times).batch.length, 3)
  })

  test('without values is refused when its session is over, and only counted when it is not', () => {
    // A Friday, a Monday whose session is over, and a Saturday.
    const times = ['2024-03-08T14:30:00Z', '2024-03-11T13:30:00Z', '2024-03-16T13:30:00Z']
    const some = [10, null, null]
    const quote = { open: some, high: some, low: some, close: some, volume: some }
    const answer = readOk(times, { quote })
    assert.deepEqual(datesOf(answer), ['2024-03-08'])
    assert.deepEqual(
      answer.unreadable.map(({ rule, ts }) => [rule, ts]),
      [['no-values', Date.UTC(2024, 2, 11)]],
    )
    assert.match(answer.unreadable[0]!.raw, /^\{"timestamp":1710163800,"open":null/)
    assert.deepEqual(answer.notes, ['1 row without a value left out: nothing was traded'])
  })

  test('outside the days asked for is left out, and one after the period is told of', () => {
    const times = [
      '2024-03-07T14:30:00Z',
      '2024-03-08T14:30:00Z',
      '2024-03-11T13:30:00Z',
      '2024-03-12T20:00:01Z',
    ]
    const asked = { from: Date.UTC(2024, 2, 8), until: Date.UTC(2024, 2, 11) }
    const period2 = String(Date.UTC(2024, 2, 12) / 1000 - 1)
    const answer = readOk(times, { asked, params: { period2 } })
    assert.deepEqual(datesOf(answer), ['2024-03-08'])
    assert.deepEqual(answer.notes, ['1 row after the period asked for left out'])
  })
})

describe('an intraday row', () => {
  const minutes = ['2024-03-12T19:58:00Z', '2024-03-12T19:59:00Z']

  test('that begins off the grid at the end is the latest price and no bar', () => {
    const times = [...minutes, '2024-03-12T19:59:36Z']
    const answer = readOk(times, { interval: '1m' })
    assert.deepEqual(timesOf(answer), ['2024-03-12T19:58', '2024-03-12T19:59'])
    assert.match(answer.notes[0]!, /2024-03-12T19:59:36Z/)
  })

  test('that is flat, without volume and at the close is the latest price and no bar', () => {
    const times = [...minutes, '2024-03-12T20:00:00Z']
    const quote = { volume: [5, 6, 0] }
    assert.equal(readOk(times, { interval: '1m', quote }).batch.length, 2)
    // With a volume it is a bar of after hours.
    assert.equal(readOk(times, { interval: '1m', quote: { volume: [5, 6, 7] } }).batch.length, 3)
    // Flat bars without volume inside the session are bars.
    const inside = { interval: '1m', quote: { volume: [5, 0] } } as const
    assert.equal(readOk(minutes, inside).batch.length, 2)
  })

  test('ends where the answer says that trading does, in either shape', () => {
    const end = Date.parse('2024-03-12T16:30:00Z') / 1000
    const period = { timezone: 'GMT', start: end - 30_600, end, gmtoffset: 0 }
    const other = { ...period, end: end + 7200 }
    const quote = { volume: [5, 0] }
    const times = ['2024-03-12T16:29:00Z', '2024-03-12T16:30:00Z']
    const shapes: unknown[] = [
      [[period]],
      { pre: [[other]], regular: [[period]], post: [[other]] },
      { pre: [[period]], regular: [[other]], post: [[period]] },
    ]
    const lengths = shapes.map((tradingPeriods) => {
      const meta = { exchangeTimezoneName: 'Europe/London', tradingPeriods }
      return readOk(times, { interval: '1m', meta, quote }).batch.length
    })
    assert.deepEqual(lengths, [1, 1, 2])
  })

  test('of an hour is on the grid of its session, from 09:30 on', () => {
    const hours = ['2024-03-11T19:30:00Z', '2024-03-12T13:30:00Z', '2024-03-12T14:30:00Z']
    assert.equal(readOk(hours, { interval: '1h' }).batch.length, 3)
    const ticked = readOk([...hours, '2024-03-12T15:00:00Z'], { interval: '1h' })
    assert.equal(ticked.batch.length, 3)
  })

  test('without any value is no bar, and one with some is refused with what it had', () => {
    const times = ['2024-03-12T13:30:00Z', '2024-03-12T13:31:00Z', '2024-03-12T13:32:00Z']
    const quote = {
      open: [10, null, 10],
      high: [10, null, 11],
      low: [10, null, null],
      close: [10, null, 10.5],
      volume: [100, null, 50],
    }
    const answer = readOk(times, { interval: '1m', quote })
    assert.equal(answer.batch.length, 1)
    assert.deepEqual(answer.notes, ['1 row without a value left out: nothing was traded'])
    assert.deepEqual(answer.unreadable, [
      {
        rule: 'fields',
        reason: 'The row lacks an open, a high, a low or a close.',
        raw: '{"timestamp":1710250320,"open":10,"high":11,"low":null,"close":10.5,"volume":50}',
        ts: Date.UTC(2024, 2, 12, 13, 32),
      },
    ])
  })

  test('before or after regular hours is left to the check by the calendar', () => {
    // A half day, 2023-11-24: trading ends at 18:00 UTC, and rows without volume follow.
    const times = ['2023-11-24T17:59:00Z', '2023-11-24T18:05:00Z', '2023-11-24T18:06:00Z']
    const answer = readOk(times, { interval: '1m', quote: { volume: [100, 0, 0] } })
    assert.equal(answer.batch.length, 3)
    const checked = validateBatch(answer, {
      interval: '1m',
      calendar,
      from: null,
      until: null,
      now: receivedAt,
      basis: 'split',
    })
    assert.deepEqual([...checked.batch.ts], [Date.UTC(2023, 10, 24, 17, 59)])
    assert.deepEqual(
      checked.rejects.map(({ rule }) => rule),
      ['session', 'session'],
    )
  })
})

describe('values', () => {
  test('lose the noise of 32-bit floats, to the decimals of the instrument and at least four', () => {
    const noisy = [75.0875015258789, 74.05999755859375, 73.79750061035156, 223.7803955078125]
    const at = (decimals: number) =>
      readOk(['2024-03-11T13:30:00Z'], {
        meta: { priceHint: decimals },
        quote: { open: [noisy[0]], high: [noisy[1]], low: [noisy[2]], close: [noisy[3]] },
      })
    const bar = barAt(at(2).batch, 0)
    assert.deepEqual([bar.open, bar.high, bar.low, bar.close], [75.0875, 74.06, 73.7975, 223.7804])
    assert.equal(barAt(at(6).batch, 0).open, 75.087502)
    assert.match(at(2).rawAt(0), /"open":75\.0875015258789/)
  })

  test('have six digits at least, as 32-bit floats do, however small they are', () => {
    // Each beside the float that is nearest to it, or the next one.
    for (const [meant, wire] of [
      [0.128348, 0.12834799289703369],
      [1.12219, 1.1221944093704224],
      [0.009202, 0.009201999753713608],
      [0.009202, 0.009202000685036182],
      [0.000012345, 0.000012345],
      [0.01, 0.009999999776482582],
      [9.99999, 9.999987602233887],
      [12.9832, 12.983249664306641],
      [43.675, 43.67499542236328],
      [6914.9961, 6914.99609375],
    ] as const) {
      const quote = { open: [wire], high: [wire], low: [wire], close: [wire] }
      const { batch } = readOk(['2024-03-11T13:30:00Z'], { quote })
      assert.equal(barAt(batch, 0).close, meant)
    }
  })

  test('are all there but a volume that no row has', () => {
    const times = ['2024-03-11T13:30:00Z', '2024-03-12T13:30:00Z']
    const none = readOk(times, { quote: { volume: undefined } })
    assert.ok(none.batch.volume.every((value) => Number.isNaN(value)))
    const nulls = readOk(times, { quote: { volume: [null, null] } })
    assert.equal(nulls.batch.length, 2)
    const one = readOk(times, { quote: { volume: [100, null] } })
    assert.equal(one.batch.length, 1)
    assert.equal(one.unreadable[0]!.rule, 'fields')
  })

  test('are never shifted against their times: arrays of other lengths are not read', () => {
    const answer = read(['2024-03-11T13:30:00Z', '2024-03-12T13:30:00Z'], { quote: { low: [10] } })
    assert.equal(answer.ok ? 'ok' : answer.failure, 'malformed')
  })

  test('are put in order of time with all that belongs to them', () => {
    const times = ['2024-03-12T13:30:00Z', '2024-03-08T14:30:00Z', '2024-03-11T13:30:00Z']
    const answer = readOk(times, { quote: { volume: [3, 1, 2] } })
    assert.deepEqual(datesOf(answer), ['2024-03-08', '2024-03-11', '2024-03-12'])
    assert.deepEqual([...answer.batch.volume], [1, 2, 3])
    assert.match(answer.rawAt(0), /"volume":1/)
  })

  test('without a time are refused', () => {
    const answer = readOk(['2024-03-11T13:30:00Z', null, 1e300])
    assert.deepEqual(
      answer.unreadable.map(({ rule }) => rule),
      ['timestamp', 'timestamp'],
    )
  })

  test('in a part of a currency are told of', () => {
    assert.deepEqual(notesFor('GBp'), ['prices are in GBp: 100 are 1 GBP'])
    assert.deepEqual(notesFor('ZAc'), ['prices are in ZAc: 100 are 1 ZAR'])
    assert.deepEqual(notesFor('ILA'), ['prices are in ILA: 100 are 1 ILS'])
    assert.deepEqual(notesFor('KWF'), ['prices are in KWF: 1000 are 1 KWD'])
    assert.deepEqual(notesFor('GBP'), [])
    assert.deepEqual(notesFor(null), [])
  })
})

describe('an answer', () => {
  const time = '2024-03-11T13:30:00Z'

  test('of other bars than were asked for, or without a zone, is not read', () => {
    const malformed: Record<string, unknown>[] = [
      { dataGranularity: '1h' },
      { dataGranularity: '3mo' },
      { exchangeTimezoneName: undefined },
      { exchangeTimezoneName: 'Mars/Olympus' },
    ]
    for (const meta of malformed) {
      const answer = read([time], { meta })
      assert.equal(answer.ok ? 'ok' : answer.failure, 'malformed', JSON.stringify(meta))
    }
    assert.ok(read([time], { meta: { dataGranularity: undefined } }).ok)
    const hour = read(['2024-03-11T13:30:00Z'], {
      interval: '1h',
      meta: { dataGranularity: '60m' },
    })
    assert.ok(hour.ok)
  })

  test('is for the symbol that was asked for, in whatever spelling', () => {
    assert.equal(symbolOf('BRK.B', 'BRK-B'), 'BRK.B')
    assert.equal(symbolOf('USDJPY=X', 'JPY=X'), 'USDJPY=X')
    assert.equal(symbolOf('ACME', 'OTHER'), 'OTHER')
  })

  test('with nothing but the latest price is one without data', () => {
    const answer = read(['2024-03-12T19:59:36Z'], { interval: '1m' })
    assert.equal(answer.ok ? 'ok' : answer.failure, 'no-data')
  })
})
