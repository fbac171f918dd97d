import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { INTERVALS, intervalMs, isIntraday, parseInterval } from '../../src/domain/interval.ts'

describe('an interval', () => {
  const spellings = [
    ['1m', '1m 1min min minute 1minute 1Min M1'],
    ['5m', '5m 5min 5MIN 5-minute 5_minutes'],
    ['15m', '15m 15min'],
    ['30m', '30m 30min 30minute'],
    ['1h', '1h 60min 60m hour hourly 1H'],
    ['1d', '1d daily day D Daily DAILY eod'],
    ['1wk', '1wk weekly week 1w W'],
    ['1mo', '1mo monthly month 1month MO'],
  ] as const
  for (const [interval, texts] of spellings) {
    it(`of ${interval} is understood in the spellings of people and vendors`, () => {
      for (const text of texts.split(' ')) assert.equal(parseInterval(text), interval, text)
    })
  }

  it('may be written with spaces', () => {
    assert.equal(parseInterval(' 5 min '), '5m')
    assert.equal(parseInterval('1 hour'), '1h')
  })

  it('is not guessed: 1M is a minute to some and a month to others', () => {
    assert.throws(() => parseInterval('1M'), { code: 'INTERVAL_UNKNOWN', kind: 'usage' })
  })

  it('is refused by name when there is none such', () => {
    for (const text of ['', '2m', '-5m', '1y', '0', 'tick', '5', 'constructor', '__proto__']) {
      assert.throws(() => parseInterval(text), { code: 'INTERVAL_UNKNOWN' }, text)
    }
    assert.throws(() => parseInterval('2h'), { message: 'There is no interval "2h".' })
  })

  it('has a length when it is shorter than a day, and none when it is not', () => {
    assert.deepEqual(
      INTERVALS.map((interval) => intervalMs(interval)),
      [60_000, 300_000, 900_000, 1_800_000, 3_600_000, Number.NaN, Number.NaN, Number.NaN],
    )
    assert.deepEqual(
      INTERVALS.filter((interval) => isIntraday(interval)),
      ['1m', '5m', '15m', '30m', '1h'],
    )
  })
})
