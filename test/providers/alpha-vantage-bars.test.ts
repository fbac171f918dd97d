/** Alpha Vantage: how answers with bars are read. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { barAt, type Bar } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import type { BarAnswer, BarRequest, VendorFailure } from '../../src/providers/provider.ts'

const calendar = getCalendar('XNYS')
const day = (text: string): number => Date.parse(`${text}T00:00Z`)

function parse(text: string, interval: Interval, symbol = 'IBM'): BarAnswer | VendorFailure {
  const request: BarRequest = {
    request: { path: '/query', params: {} },
    symbol,
    interval,
    asked: null,
    covers: null,
    fallback: null,
  }
  const body = { status: 200, bytes: new TextEncoder().encode(text), contentType: '' }
  return alphaVantage.parseBars(body, request, { calendar, receivedAt: 0 })
}

function read(text: string, interval: Interval, symbol = 'IBM'): BarAnswer {
  const answer = parse(text, interval, symbol)
  assert.ok(answer.ok, answer.ok ? '' : `${answer.failure}: ${answer.message}`)
  return answer
}

function barsOf(answer: BarAnswer): Bar[] {
  return Array.from({ length: answer.batch.length }, (_, i) => barAt(answer.batch, i))
}

const fields = (open: string, high: string, low: string, close: string, volume: string) => ({
  '1. open': open,
  '2. high': high,
  '3. low': low,
  '4. close': close,
  '5. volume': volume,
})

function intraday(spelling: string, rows: object, zone: string | null = 'US/Eastern'): string {
  const meta = {
    '2. Symbol': 'IBM',
    '4. Interval': spelling,
    ...(zone && { '6. Time Zone': zone }),
  }
  return JSON.stringify({ 'Meta Data': meta, [`Time Series (${spelling})`]: rows })
}

const daily = (rows: object): string =>
  JSON.stringify({ 'Meta Data': { '2. Symbol': 'IBM' }, 'Time Series (Daily)': rows }, null, 4)

describe('rows', () => {
  test('become bars by ascending UTC start, in winter and in summer', () => {
    const answer = read(
      intraday('5min', {
        '2024-07-02 09:35:00': fields('2', '2.5', '1.5', '2.25', '20'),
        '2024-07-02 09:30:00': fields('1', '1.5', '0.5', '1.25', '10'),
        '2024-01-02 09:30:00': fields('10.1', '10.2', '10.05', '10.15', '5'),
      }),
      '5m',
    )
    assert.equal(answer.symbol, 'IBM')
    assert.deepEqual(answer.notes, [])
    const none = { vwap: null, trades: null }
    assert.deepEqual(barsOf(answer), [
      {
        ts: Date.parse('2024-01-02T14:30Z'),
        open: 10.1,
        high: 10.2,
        low: 10.05,
        close: 10.15,
        volume: 5,
        ...none,
      },
      {
        ts: Date.parse('2024-07-02T13:30Z'),
        open: 1,
        high: 1.5,
        low: 0.5,
        close: 1.25,
        volume: 10,
        ...none,
      },
      {
        ts: Date.parse('2024-07-02T13:35Z'),
        open: 2,
        high: 2.5,
        low: 1.5,
        close: 2.25,
        volume: 20,
        ...none,
      },
    ])
    assert.match(answer.rawAt(0), /^"2024-01-02 09:30:00":\{"1. open":"10.1",.*"5. volume":"5"\}$/)
    assert.match(answer.rawAt(2), /^"2024-07-02 09:35:00"/)
  })

  test('of days on which the clocks change are read hour by hour', () => {
    const answer = read(
      intraday('60min', {
        '2024-11-03 04:00:00': fields('1', '1', '1', '1', '1'),
        '2024-11-03 00:00:00': fields('1', '1', '1', '1', '1'),
        '2024-03-10 04:00:00': fields('1', '1', '1', '1', '1'),
        '2024-03-10 01:00:00': fields('1', '1', '1', '1', '1'),
      }),
      '1h',
    )
    const starts = Array.from(answer.batch.ts, (ts) => new Date(ts).toISOString().slice(0, 16))
    assert.deepEqual(starts, [
      '2024-03-10T06:00',
      '2024-03-10T08:00',
      '2024-11-03T04:00',
      '2024-11-03T09:00',
    ])
  })

  test('take the raw close and the volume of an adjusted answer, found by name', () => {
    const row = {
      '4. close': '48.3',
      '6. volume': '63168',
      '5. adjusted close': '15.57',
      '1. open': '47.25',
      '2. high': '48.5',
      '3. low': '46.77',
      '7. dividend amount': '0.0',
    }
    const answer = read(daily({ '2003-02-18': row, '2003-02-14': row }), '1d')
    assert.deepEqual(Array.from(answer.batch.close), [48.3, 48.3])
    assert.deepEqual(Array.from(answer.batch.volume), [63168, 63168])
    for (const adjusted of ['adjusted_close', 'adjusted close']) {
      for (const end of ['\r\n', '\n']) {
        const csv = [
          '﻿timestamp,open,high,low,close,' + adjusted + ',volume,split',
          '2003-02-14,47.25,48.5,46.77,48.3,15.57,63168,1.0',
          '',
        ].join(end)
        assert.deepEqual(barsOf(read(csv, '1d')), [
          {
            ts: day('2003-02-14'),
            open: 47.25,
            high: 48.5,
            low: 46.77,
            close: 48.3,
            volume: 63168,
            vwap: null,
            trades: null,
          },
        ])
      }
    }
  })

  test('of weeks and months are keyed by their first day, wherever the label stands in them', () => {
    const csv =
      'timestamp,open,high,low,close,volume\n2024-03-12,1,1,1,1,1\n2024-03-08,1,1,1,1,1\n2023-12-29,1,1,1,1,1\n'
    const weeks = read(csv, '1wk').batch.ts
    assert.deepEqual(Array.from(weeks), [day('2023-12-25'), day('2024-03-04'), day('2024-03-11')])
    const months = read(csv.replace('2024-03-08', '2024-02-29'), '1mo').batch.ts
    assert.deepEqual(Array.from(months), [day('2023-12-01'), day('2024-02-01'), day('2024-03-01')])
  })

  test('keep duplicates for the checks that follow', () => {
    const row = '{"1. open":"1","2. high":"1","3. low":"1","4. close":"1","5. volume":"1"}'
    const text = `{"Time Series (Daily)":{"2024-03-11":${row},"2024-03-11":${row},"2024-03-08":${row}}}`
    assert.equal(read(text, '1d').batch.length, 3)
  })

  test('with a value that is no number have NaN there and keep their text', () => {
    for (const value of [
      'None',
      '',
      'N/A',
      '1,234',
      '0x1F',
      ' 12',
      '12 ',
      '+1',
      '.5',
      '5.',
      '1.2.3',
      '-',
      '1e',
      '1e999',
      'é',
      'a"b',
      '--1',
    ]) {
      const row = { ...fields('1', '1', '1', '1', '1'), '2. high': value }
      const answer = read(
        daily({ '2024-03-11': row, '2024-03-08': fields('1', '1', '1', '1', '1') }),
        '1d',
      )
      assert.ok(Number.isNaN(answer.batch.high[1]), value)
      assert.equal(answer.batch.high[0], 1)
      assert.ok(answer.rawAt(1).includes(JSON.stringify(value)), answer.rawAt(1))
    }
    const csv = read('timestamp,open,high,low,close,volume\n2024-03-11,None,,1,1,"1"\n', '1d')
    assert.ok([csv.batch.open[0], csv.batch.high[0], csv.batch.volume[0]].every(Number.isNaN))
    assert.equal(csv.rawAt(0), '2024-03-11,None,,1,1,"1"')
    const literals =
      '{"1. open":null,"2. high":true,"3. low":1.25,"4. close":-1e2,"5. volume":1152921504606846976}'
    const json = read(`{"Time Series (Daily)":{"2024-03-11":${literals}}}`, '1d').batch
    assert.deepEqual(
      [json.open[0], json.high[0], json.low[0], json.close[0], json.volume[0]],
      [Number.NaN, Number.NaN, 1.25, -100, 2 ** 60],
    )
  })

  test('that are no bars are set aside with their text, and the others go through', () => {
    const good = fields('1', '1', '1', '1', '1')
    const { '4. close': _, ...short } = good
    const bad = {
      'n/a': good,
      '2024-02-30': good,
      '2024-03-11 16:00:00': good,
      '2024-03-07': short,
      '2024-03-06': null,
    }
    const answer = read(daily({ '2024-03-08': good, ...bad }), '1d')
    assert.equal(answer.batch.length, 1)
    assert.deepEqual(
      answer.unreadable.map(({ rule }) => rule),
      ['timestamp', 'timestamp', 'timestamp', 'fields', 'fields'],
    )
    assert.equal(answer.unreadable[3]!.reason, 'The row has no close.')
    assert.ok(answer.unreadable[1]!.raw.startsWith('"2024-02-30"'))
    const csv =
      'timestamp,open,high,low,close,volume\n2024-03-11,1,1,1,1\n\n2024-03-08,1,1,1,1,1\nx,1,1,1,1,1\n2024-03-07,1,1,1,1,1,1\n'
    const lines = read(csv, '1d')
    assert.equal(lines.batch.length, 1)
    assert.deepEqual(lines.unreadable, [
      { rule: 'fields', reason: 'The row has no volume.', raw: '2024-03-11,1,1,1,1' },
      {
        rule: 'timestamp',
        reason: 'The row is not labelled with a date or time.',
        raw: 'x,1,1,1,1,1',
      },
      {
        rule: 'fields',
        reason: 'The row has more values than the header has names.',
        raw: '2024-03-07,1,1,1,1,1,1',
      },
    ])
  })

  test('are in the zone that the answer names', () => {
    const rows = { '2024-07-02 10:00:00': fields('1', '1', '1', '1', '1') }
    const start = (zone: string | null) => read(intraday('5min', rows, zone), '5m').batch.ts[0]
    for (const zone of ['US/Eastern', 'America/New_York', null])
      assert.equal(start(zone), Date.parse('2024-07-02T14:00Z'))
    assert.equal(start('Europe/London'), Date.parse('2024-07-02T09:00Z'))
    assert.equal(start('UTC'), Date.parse('2024-07-02T10:00Z'))
    const unknown = parse(intraday('5min', rows, 'Middle/Earth'), '5m')
    assert.ok(
      !unknown.ok && unknown.failure === 'malformed' && unknown.message.includes('Middle/Earth'),
    )
  })
})

const rows = { '2024-03-11': fields('1', '1', '1', '1', '1') }

const beside = (key: string, text: string) =>
  parse(JSON.stringify({ 'Time Series (Daily)': rows, [key]: text }), '1d')

describe('answers', () => {
  test('that no JSON reader takes are malformed', () => {
    const whole = daily({ '2024-03-08': fields('1', '1', '1', '1', '1'), ...rows })
    for (const text of [
      `${whole}x`,
      `${whole}${whole}`,
      `${whole},`,
      whole.slice(0, -1),
      `[${whole}]`,
      whole.replace('"1"', '"1\n"'),
    ]) {
      const answer = parse(text, '1d')
      assert.equal(answer.ok ? 'ok' : answer.failure, 'malformed', text.slice(-20))
    }
    assert.equal(read(`${whole} \r\n`, '1d').batch.length, 2)
  })

  test('mix numbers with and without quotes, under keys that look like numbers', () => {
    const row = '{"1. open":1,"5":2,"2. high":"9","3. low":"0.5","4. close":"3","6. volume":"7"}'
    const dates = ['2024-03-11', '2024-03-08', '2024-03-07', '2024-03-06']
    const text = `{"Time Series (Daily)":{${dates.map((date) => `"${date}":${row}`).join(',')}}}`
    assert.deepEqual(Array.from(read(text, '1d').batch.open), [1, 1, 1, 1])
  })

  test('say which symbol they are for, in the spelling of the question', () => {
    const text = JSON.stringify({
      'Meta Data': { '2. Symbol': 'brk-b' },
      'Time Series (Daily)': rows,
    })
    assert.equal(read(text, '1d', 'BRK.B').symbol, 'BRK.B')
    assert.equal(read(text, '1d', 'IBM').symbol, 'brk-b')
    assert.equal(
      read('timestamp,open,high,low,close,volume\n2024-03-11,1,1,1,1,1\n', '1d').symbol,
      null,
    )
  })

  test('of another interval, without one readable row, or without volume are malformed', () => {
    const csv = 'timestamp,open,high,low,close,volume\n2024-03-11,1,1,1,1,1\n'
    for (const [text, interval] of [
      [daily(rows), '1wk'],
      [daily(rows), '5m'],
      [intraday('5min', { '2024-03-11 10:00:00': fields('1', '1', '1', '1', '1') }), '15m'],
      [csv, '5m'],
      ['timestamp,open,high,low,close\n2024-03-11,1,1,1,1\n', '1d'],
      ['timestamp,open,close,high,low,close,volume\n2024-03-11,1,1,1,1,1,1\n', '1d'],
      ['effective_date,split_factor\n2021-11-04,1.0460\n', '1d'],
      [csv.trimEnd(), '1d'],
    ] as const) {
      const answer = parse(text, interval)
      assert.equal(answer.ok ? 'ok' : answer.failure, 'malformed', text)
    }
  })

  test('with invented rows and a message are refused; a remark beside real rows is told', () => {
    const sample = beside('message', 'Subscribe to see real rows.')
    assert.equal(sample.ok ? 'ok' : sample.failure, 'entitlement')
    assert.equal(beside('Information', 'These rows are artificial sample data.').ok, false)
    const remark = beside('Note', 'Prices of this market come late.')
    assert.ok(remark.ok && remark.batch.length === 1)
    assert.deepEqual(remark.notes, ['Alpha Vantage remarks: Prices of this market come late.'])
  })
})
