/** Alpha Vantage: whether intraday labels are taken as starts or ends of bars. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'

const calendar = getCalendar('XNYS')
const ROW = { '1. open': '1', '2. high': '1', '3. low': '1', '4. close': '1', '5. volume': '1' }
const SPELLINGS: Partial<Record<Interval, string>> = {
  '1m': '1min',
  '5m': '5min',
  '15m': '15min',
  '1h': '60min',
}

/** The local starts that labels, oldest first, were read as, and what the answer notes. */
function startsOf(interval: Interval, texts: readonly string[]) {
  const rows = Object.fromEntries(texts.toReversed().map((text) => [text, ROW]))
  const text = JSON.stringify({ [`Time Series (${SPELLINGS[interval]})`]: rows })
  const answer = alphaVantage.parseBars(
    { status: 200, bytes: new TextEncoder().encode(text), contentType: '' },
    {
      request: { path: '/query', params: {} },
      symbol: 'IBM',
      interval,
      asked: null,
      covers: null,
      fallback: null,
    },
    { calendar, receivedAt: 0 },
  )
  assert.ok(answer.ok)
  const starts = Array.from(answer.batch.ts, (ts) => {
    const day = calendar.localDay(ts)
    const local = new Date(day + ts - calendar.instantAt(day, 0)).toISOString()
    return local.slice(0, 16).replace('T', ' ')
  })
  return { starts, notes: answer.notes }
}

/** Labels of a day, every `stepMin` minutes, both ends included. */
function labels(date: string, fromMin: number, untilMin: number, stepMin: number): string[] {
  const texts: string[] = []
  for (let minute = fromMin; minute <= untilMin; minute += stepMin) {
    const clock = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
    texts.push(`${date} ${clock}:00`)
  }
  return texts
}

describe('labels', () => {
  const H = 60

  test('are starts when extended hours begin at 04:00 and end at 19:55', () => {
    const { starts, notes } = startsOf('5m', labels('2026-05-15', 4 * H, 20 * H - 5, 5))
    assert.deepEqual([starts[0], starts.at(-1)], ['2026-05-15 04:00', '2026-05-15 19:55'])
    assert.deepEqual(notes, [])
  })

  test('are ends when there is one at 20:00, and are shifted with a note', () => {
    const { starts, notes } = startsOf('5m', labels('2021-03-15', 4 * H + 5, 20 * H, 5))
    assert.deepEqual([starts[0], starts.at(-1)], ['2021-03-15 04:00', '2021-03-15 19:55'])
    assert.deepEqual(notes, ['labels are bar ends: shifted back by 5m'])
    const sparse = startsOf('1m', [
      '2021-03-15 09:30:00',
      '2021-03-15 12:00:00',
      '2021-03-15 20:00:00',
    ])
    assert.deepEqual(sparse.starts, ['2021-03-15 09:29', '2021-03-15 11:59', '2021-03-15 19:59'])
  })

  test('are ends when a whole regular session runs from 09:35 to 16:00', () => {
    const days = ['2019-11-26', '2019-11-27'].flatMap((date) => labels(date, 9 * H + 35, 16 * H, 5))
    // A half day with a stray label after its close.
    days.push(...labels('2019-11-29', 9 * H + 35, 13 * H + 5, 5))
    const { starts, notes } = startsOf('5m', days)
    assert.equal(starts[0], '2019-11-26 09:30')
    assert.deepEqual(starts.slice(-2), ['2019-11-29 12:55', '2019-11-29 13:00'])
    assert.deepEqual(notes, ['labels are bar ends: shifted back by 5m'])
    const half = startsOf('5m', labels('2019-11-29', 9 * H + 35, 13 * H, 5))
    assert.deepEqual([half.starts[0], half.starts.at(-1)], ['2019-11-29 09:30', '2019-11-29 12:55'])
  })

  test('are starts when a regular session runs from 09:30 to 15:45', () => {
    const { starts, notes } = startsOf('15m', labels('2023-01-03', 9 * H + 30, 15 * H + 45, 15))
    assert.deepEqual(
      [starts[0], starts.at(-1), notes.length],
      ['2023-01-03 09:30', '2023-01-03 15:45', 0],
    )
  })

  test('are starts when there is one at 09:30, though another day ends at 16:00', () => {
    const days = [
      ...labels('2018-04-10', 12 * H + 45, 16 * H, 15),
      ...labels('2018-04-11', 9 * H + 30, 15 * H + 30, 15),
    ]
    const { starts, notes } = startsOf('15m', days)
    assert.deepEqual(
      [starts[0], starts.at(-1), notes.length],
      ['2018-04-10 12:45', '2018-04-11 15:30', 0],
    )
  })

  test('are starts when the answer shows too little of a day', () => {
    const { starts, notes } = startsOf('1m', labels('2017-12-18', 13 * H + 17, 14 * H + 56, 1))
    assert.deepEqual(
      [starts[0], starts.at(-1), notes.length],
      ['2017-12-18 13:17', '2017-12-18 14:56', 0],
    )
    // A day whose first five minutes had no trade says nothing against the other days.
    const halted = [
      ...labels('2024-03-11', 9 * H + 30, 16 * H, 5),
      ...labels('2024-03-12', 9 * H + 35, 16 * H, 5),
    ]
    assert.deepEqual(startsOf('5m', halted).notes, [])
  })

  test('of hours counted from the open leave the last half hour where it is', () => {
    const ends = [...labels('2019-11-27', 10 * H + 30, 15 * H + 30, 60), '2019-11-27 16:00:00']
    const { starts } = startsOf('1h', ends)
    assert.deepEqual(
      starts.map((text) => text.slice(11)),
      ['09:30', '10:30', '11:30', '12:30', '13:30', '14:30', '15:30'],
    )
  })
})
