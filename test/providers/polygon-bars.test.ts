/** Polygon: how bars are asked for, and what an answer with them is taken for. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { barAt } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { vendorTicker } from '../../src/providers/polygon/request.ts'
import type { BarAnswer, BarRequest, VendorFailure } from '../../src/providers/provider.ts'

const calendar = getCalendar('XNYS')
const day = (text: string): number => Date.parse(`${text}T00:00Z`)
/** A Wednesday, 11:00 in New York. */
const NOW = Date.parse('2026-05-20T15:00Z')

function plan(interval: Interval, from: string | null, until: string, symbol = 'AAPL') {
  const first = from === null ? null : day(from)
  return polygon.planBars({
    symbol,
    interval,
    from: first,
    until: day(until),
    now: NOW,
    calendar,
  })
}

function read(
  text: string,
  interval: Interval = '1d',
  symbol = 'ACME',
  request: Partial<BarRequest> = {},
): BarAnswer | VendorFailure {
  const call = { request: { path: '', params: {} }, asked: null, covers: null, fallback: null }
  return polygon.parseBars(
    { status: 200, bytes: new TextEncoder().encode(text), contentType: 'application/json' },
    { ...call, symbol, interval, ...request },
    { calendar, receivedAt: NOW },
  )
}

function good(answer: BarAnswer | VendorFailure): BarAnswer {
  assert.ok(answer.ok, JSON.stringify(answer))
  return answer
}

const rowAt = (t: number, more = '"vw":1,"n":1'): string =>
  `{"t":${t},"o":1,"h":2,"l":1,"c":2,"v":100,${more}}`
const answerOf = (rows: string[], more = ''): string =>
  `{"ticker":"ACME","resultsCount":${rows.length},"results":[${rows.join(',')}],"status":"OK"${more}}`

const weekPath = (spelling: string) => [
  `/v2/aggs/ticker/AAPL/range/${spelling}/minute/2026-05-11/2026-05-15`,
]

describe('a need', () => {
  test('of days is one raw call by dates, the last of them included, with the key in a header', () => {
    const [call, ...others] = plan('1d', '2026-01-05', '2026-03-01')
    assert.deepEqual(others, [])
    assert.deepEqual(call!.request, {
      path: '/v2/aggs/ticker/AAPL/range/1/day/2026-01-05/2026-02-28',
      params: { adjusted: 'false', sort: 'asc', limit: '50000' },
      keyHeader: { name: 'Authorization', prefix: 'Bearer ' },
    })
    assert.deepEqual(call!.asked, { from: day('2026-01-05'), until: day('2026-03-01') })
    assert.deepEqual(call!.covers, call!.asked)
    assert.equal(call!.fallback, null)
  })

  test('is spelt in minutes for every interval inside a day', () => {
    const spelt = (interval: Interval) =>
      plan(interval, '2026-05-11', '2026-05-16').map(({ request }) => request.path)
    assert.deepEqual(spelt('1m'), weekPath('1'))
    assert.deepEqual(spelt('5m'), weekPath('5'))
    assert.deepEqual(spelt('15m'), weekPath('15'))
    assert.deepEqual(spelt('30m'), weekPath('30'))
    assert.deepEqual(polygon.intervals, ['1m', '5m', '15m', '30m', '1d'])
    assert.deepEqual(plan('1h', '2026-05-11', '2026-05-16'), [])
  })

  test('of more minutes than an answer holds is cut between sessions, oldest first, without a hole', () => {
    const calls = plan('5m', '2025-11-03', '2026-05-01')
    assert.ok(calls.length > 1)
    for (const [i, { asked, covers, request }] of calls.entries()) {
      assert.ok(asked !== null)
      assert.deepEqual(covers, asked)
      // A session has 960 minutes at most, and an answer is made of 50,000.
      const sessions = calendar.countSessions(asked.from, asked.until)
      assert.ok(sessions >= 1 && sessions <= 52)
      assert.match(request.path, /\/5\/minute\/\d{4}-\d\d-\d\d\/\d{4}-\d\d-\d\d$/)
      if (i > 0) assert.equal(asked.from, calls[i - 1]!.asked!.until)
    }
    assert.equal(calls[0]!.asked!.from, day('2025-11-03'))
    assert.equal(calls.at(-1)!.asked!.until, day('2026-05-01'))
    // 124 sessions from November to April: two whole answers and a rest.
    assert.equal(calls.length, 3)
  })

  test('falls back plan by plan: to ten, to five, and to two years without today', () => {
    const steps: string[] = []
    let call: BarRequest | null = plan('1d', null, '2026-05-21')[0]!
    while (call !== null) {
      steps.push(call.request.path.replace('/v2/aggs/ticker/AAPL/range/1/day/', ''))
      call = call.fallback
    }
    assert.deepEqual(steps, [
      '2003-09-10/2026-05-20',
      '2016-05-22/2026-05-20',
      '2021-05-21/2026-05-20',
      '2024-05-21/2026-05-19',
    ])
  })

  test('that a plan has in part falls back to that part, and covers no more', () => {
    const [call] = plan('1d', '2022-01-03', '2026-05-21')
    assert.match(call!.request.path, /\/2022-01-03\/2026-05-20$/)
    // Bars of 2026-05-19 settle at 11:15 of the 20th: at 11:00 they are not final.
    assert.deepEqual(call!.covers, { from: day('2022-01-03'), until: day('2026-05-19') })
    assert.match(call!.fallback!.request.path, /\/2024-05-21\/2026-05-19$/)
    assert.deepEqual(call!.fallback!.asked, { from: day('2024-05-21'), until: day('2026-05-20') })
    assert.deepEqual(call!.fallback!.covers, { from: day('2024-05-21'), until: day('2026-05-19') })
    assert.equal(call!.fallback!.fallback, null)
  })

  test('of today alone has nothing to fall back to', () => {
    const [call, ...others] = plan('1m', '2026-05-20', '2026-05-21')
    assert.deepEqual(others, [])
    assert.equal(call!.fallback, null)
    assert.equal(call!.covers, null)
  })

  test('without a beginning starts where the vendor does, and nothing is asked from before', () => {
    assert.match(plan('1d', null, '2026-05-16')[0]!.request.path, /\/2003-09-10\/2026-05-15$/)
    assert.deepEqual(plan('1d', '1999-01-04', '2003-09-01'), [])
    assert.deepEqual(plan('1m', '2026-05-16', '2026-05-18'), [])
    assert.deepEqual(plan('1d', '2027-01-04', '2027-02-01'), [])
  })

  test('spells symbols as the vendor does', () => {
    const spellings: [string, string][] = [
      ['AAPL', 'AAPL'],
      ['BRK-B', 'BRK.B'],
      ['BRK.B', 'BRK.B'],
      ['SPAQ-WS', 'SPAQ.WS'],
      ['PEBpE', 'PEBpE'],
      ['PEB-PE', 'PEBpE'],
      ['PEB-P-E', 'PEBpE'],
      ['^GSPC', 'I:SPX'],
      ['I:SPX', 'I:SPX'],
      ['X:BTCUSD', 'X:BTCUSD'],
    ]
    for (const [typed, spelt] of spellings) assert.equal(vendorTicker(typed), spelt)
    assert.match(
      plan('1d', '2026-05-11', '2026-05-12', 'I:SPX')[0]!.request.path,
      /ticker\/I:SPX\//,
    )
    assert.match(plan('1d', '2026-05-11', '2026-05-12', 'A/B?c')[0]!.request.path, /\/A%2FB%3Fc\//)
  })
})

function classOf(text: string): string {
  const answer = read(text)
  return answer.ok ? 'ok' : answer.failure
}

describe('an answer', () => {
  test('keys daily bars by their date in New York, in winter, in summer, and from 16:00 labels', () => {
    const labels = ['2024-03-08T05:00Z', '2024-03-11T04:00Z', '2024-03-12T20:00Z']
    const { batch } = good(read(answerOf(labels.map((label) => rowAt(Date.parse(label))))))
    assert.deepEqual([...batch.ts], ['2024-03-08', '2024-03-11', '2024-03-12'].map(day))
  })

  test('keeps the instants of minutes, fractions of shares, and values that are absent', () => {
    const t = Date.parse('2024-03-06T09:30Z')
    const more = `{"v":25933.6,"o":1.5,"c":1.25,"h":1.75,"l":1.125,"t":${t}}`
    const answer = good(read(answerOf([more]), '1m'))
    assert.deepEqual(barAt(answer.batch, 0), {
      ts: t,
      open: 1.5,
      high: 1.75,
      low: 1.125,
      close: 1.25,
      volume: 25_933.6,
      vwap: null,
      trades: null,
    })
    assert.equal(answer.rawAt(0), more)
    assert.equal(answer.symbol, 'ACME')
    assert.equal(answer.next, undefined)
  })

  test('is success when it is DELAYED, and when it has no status', () => {
    const rows = `"ticker":"ACME","results":[${rowAt(1)}]`
    assert.ok(read(`{${rows},"status":"DELAYED"}`, '1m').ok)
    assert.ok(read(`{${rows}}`, '1m').ok)
    assert.ok(!read(`{${rows},"status":"ERROR"}`, '1m').ok)
  })

  test('is put in order, with the text of each row', () => {
    const answer = good(read(answerOf([rowAt(300_000), rowAt(60_000), rowAt(120_000)]), '1m'))
    assert.deepEqual([...answer.batch.ts], [60_000, 120_000, 300_000])
    assert.equal(answer.rawAt(0), rowAt(60_000))
    assert.equal(answer.rawAt(2), rowAt(300_000))
  })

  test('takes nothing for a trade that carries an earlier price forward', () => {
    const carried = '{"t":120000,"o":2,"h":2,"l":2,"c":2,"v":0}'
    const answer = good(read(answerOf([rowAt(60_000), carried]), '1m'))
    assert.equal(answer.batch.length, 1)
    assert.equal(answer.unreadable.length, 1)
    assert.equal(answer.unreadable[0]!.rule, 'no-trade')
    assert.deepEqual(JSON.parse(answer.unreadable[0]!.raw), JSON.parse(carried))
    // Zero shares in known trades are left to the checks that follow.
    const rounded = '{"t":120000,"o":2,"h":2,"l":2,"c":2,"v":0,"n":3,"vw":2}'
    assert.equal(good(read(answerOf([rounded]), '1m')).batch.length, 1)
    const failure = read(answerOf([carried]), '1m')
    assert.ok(!failure.ok && failure.failure === 'no-data')
  })

  test('gives a reason for each row that cannot be read, and keeps the others', () => {
    const rows = [
      rowAt(60_000),
      '{"t":1,"o":1,"h":1,"l":1,"v":1}',
      '{"t":1,"o":"1","h":1,"l":1,"c":1,"v":1}',
      '{"t":1e300,"o":1,"h":1,"l":1,"c":1,"v":1}',
      '{"t":1,"o":1,"h":1,"l":1,"c":1,"v":1,"n":"many"}',
      '[1]',
    ]
    const answer = good(read(answerOf(rows), '1m'))
    assert.equal(answer.batch.length, 1)
    assert.deepEqual(
      answer.unreadable.map(({ rule, reason, ts }) => [rule, reason, ts]),
      [
        ['fields', 'The row has no c.', 1],
        ['number', 'Not a number: o.', 1],
        ['timestamp', "The row's t, 1e+300, is no instant.", undefined],
        ['number', 'Not a number: n.', 1],
        ['fields', 'The row is not an object.', undefined],
      ],
    )
    const none = read(answerOf(rows.slice(1)), '1m')
    assert.ok(!none.ok && none.failure === 'malformed')
  })

  test('says so where it is adjusted, short of rows, or over the counter', () => {
    assert.deepEqual(good(read(answerOf([rowAt(1)]), '1m')).notes, [])
    const otc = '"vw":1,"n":1,"otc":true'
    const text = answerOf([rowAt(1, otc)], ',"adjusted":true')
    const adjusted = text.replace('"resultsCount":1', '"resultsCount":3')
    const answer = good(read(adjusted, '1m'))
    assert.equal(answer.notes.length, 3)
    assert.match(answer.notes[0]!, /adjusted for splits/)
    assert.match(answer.notes[1]!, /says 3 results and has 1/)
    assert.match(answer.notes[2]!, /otc/)
  })

  test('is for the ticker in its very letters', () => {
    const text = answerOf([rowAt(1)]).replace('ACME', 'PEBpE')
    assert.equal(good(read(text, '1m', 'PEBpE')).symbol, 'PEBpE')
    assert.equal(good(read(text, '1m', 'PEB-PE')).symbol, 'PEB-PE')
    const other = read(text, '1m', 'PEBPE')
    assert.ok(!other.ok && other.failure === 'malformed')
    // Another ticker altogether is told to whoever asked, with its name.
    assert.equal(good(read(text, '1m', 'ACME')).symbol, 'PEBpE')
    assert.equal(good(read(text.replace('"ticker":"PEBpE",', ''), '1m')).symbol, null)
  })

  test('without results is no data in either form, but not where its count says otherwise', () => {
    assert.equal(
      classOf('{"ticker":"ACME","queryCount":0,"resultsCount":0,"status":"OK"}'),
      'no-data',
    )
    assert.equal(
      classOf('{"status":"OK","queryCount":0,"resultsCount":0,"results":null}'),
      'no-data',
    )
    assert.equal(classOf('{"status":"OK","resultsCount":0,"results":[]}'), 'no-data')
    assert.equal(classOf('{"status":"OK","resultsCount":5,"results":null}'), 'malformed')
    assert.equal(classOf('{"status":"OK","results":{"t":1}}'), 'malformed')
    assert.equal(classOf('{"status":"OK"}'), 'malformed')
    assert.equal(classOf('{}'), 'malformed')
    assert.equal(classOf('[]'), 'malformed')
    assert.equal(classOf(''), 'malformed')
  })
})
