import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { makeCalendar, withClosures } from '../../src/domain/calendar/make-calendar.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import type { CheckContext } from '../../src/validate/reject.ts'
import { validateBatch } from '../../src/validate/validate-batch.ts'

const calendar = getCalendar('XNYS')
const at = (text: string) => Date.parse(text)

/** 14:30Z is the opening of Tuesday 2024-01-02. */
const GOOD = {
  ts: at('2024-01-02T14:30:00Z'),
  open: 187.15,
  high: 188.44,
  low: 183.885,
  close: 185.64,
  volume: 82_488_700,
  vwap: 185.9,
  trades: 1_009_074,
}
type Row = typeof GOOD

function check(row: Partial<Row>, context: Partial<CheckContext> = {}) {
  const batch = makeBatch(1)
  const full = { ...GOOD, ...row }
  for (const column of Object.keys(GOOD) as (keyof Row)[]) batch[column][0] = full[column]
  const checked = validateBatch(
    { batch, rawAt: () => JSON.stringify(full) },
    {
      interval: '1m',
      calendar,
      from: null,
      until: null,
      now: at('2026-01-02T00:00:00Z'),
      basis: 'raw',
      ...context,
    },
  )
  assert.equal(checked.batch.length + checked.rejects.length, 1)
  return checked.rejects[0] ?? null
}

/** Refused by the rule, with a sentence that holds the text. */
function refuses(row: Partial<Row>, context: Partial<CheckContext>, rule: string, words: string) {
  const reject = check(row, context)
  assert.ok(reject !== null, 'the row was let through')
  assert.equal(reject.rule, rule, reject.reason)
  assert.ok(reject.reason.includes(words), reject.reason)
  assert.match(reject.reason, /^[A-Z0-9].*\.$/)
  assert.equal(reject.raw, JSON.stringify({ ...GOOD, ...row }))
}

function accepts(row: Partial<Row>, context: Partial<CheckContext> = {}) {
  assert.equal(check(row, context)?.reason, undefined)
}

const daily = (date: string): [Partial<Row>, { interval: Interval }] => [
  { ts: at(`${date}T00:00:00Z`) },
  { interval: '1d' },
]

describe('values', () => {
  it('lets a true bar through', () => accepts({}))

  for (const column of ['open', 'high', 'low', 'close'] as const) {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      it(`refuses ${value} as ${column}`, () => {
        refuses({ [column]: value }, {}, 'number', `Not a number: ${column}.`)
      })
    }
    for (const value of [0, -0.01]) {
      it(`refuses ${value} as ${column}`, () => {
        refuses({ [column]: value }, {}, 'positive', `${column} ${value}`)
      })
    }
  }

  it('refuses a row without a time', () => {
    refuses({ ts: Number.NaN }, {}, 'number', 'Not a number: timestamp.')
    assert.equal(check({ ts: Number.NaN })?.ts, null)
  })

  it('lets huge finite prices through, whose sum is not finite', () => {
    const price = 1.5e308
    accepts({ open: price, high: price, low: price, close: price })
  })

  it('refuses a high below the open, the close or the low', () => {
    refuses({ high: 187.14 }, {}, 'price-order', 'The high is below the open:')
    refuses({ open: 184, high: 185.63 }, {}, 'price-order', 'The high is below the close:')
    refuses({ open: 10, close: 10, high: 10, low: 10.5 }, {}, 'price-order', 'the low is above')
  })

  it('refuses a low above the open or the close', () => {
    refuses({ low: 185.65 }, {}, 'price-order', 'The low is above the close:')
    refuses({ open: 184, low: 184.01 }, {}, 'price-order', 'The low is above the open:')
  })

  it('lets a flat bar through', () => accepts({ open: 10, high: 10, low: 10, close: 10 }))

  it('overlooks the noise of binary fractions in order', () => {
    // 0.1 + 0.2 is 0.30000000000000004.
    accepts({ open: 0.1 + 0.2, high: 0.3, low: 0.2, close: 0.25 })
  })

  it('overlooks a unit of the fourth decimal where prices were restated, and only there', () => {
    const restated = { open: 24.9643, high: 24.9642, low: 24.5, close: 24.6 }
    accepts(restated, { basis: 'split' })
    refuses(restated, { basis: 'raw' }, 'price-order', 'The high is below the open:')
    const worse = { ...restated, high: 24.964 }
    refuses(worse, { basis: 'split' }, 'price-order', 'The high is below the open:')
  })

  it('overlooks the noise of 32-bit floats where prices were restated', () => {
    // Neighbouring 32-bit floats near 700,000 are 0.0625 apart.
    const restated = { open: 700_000.0625, high: 700_000, low: 699_000, close: 699_500 }
    accepts(restated, { basis: 'split' })
    refuses(restated, { basis: 'raw' }, 'price-order', 'The high is below the open:')
  })

  it('refuses a volume below zero or too large to be exact', () => {
    refuses({ volume: -1 }, {}, 'volume', 'The volume -1 ')
    refuses({ volume: Infinity }, {}, 'volume', 'The volume Infinity ')
    refuses({ volume: 2 ** 53 }, {}, 'volume', 'The volume 9007199254740992 ')
  })

  it('lets fractions of shares, no shares and no volume through', () => {
    accepts({ volume: 25_933.6 })
    accepts({ volume: 0 })
    accepts({ volume: Number.NaN })
  })

  it('refuses an absent volume where the vendor always has one', () => {
    refuses({ volume: Number.NaN }, { needsVolume: true }, 'volume', 'The volume is missing')
    accepts({ volume: 0 }, { needsVolume: true })
  })

  it('lets an average price outside low and high through, and refuses one that is no price', () => {
    accepts({ vwap: 190 })
    accepts({ vwap: Number.NaN })
    refuses({ vwap: 0 }, {}, 'vwap', 'price 0 ')
    refuses({ vwap: -185 }, {}, 'vwap', 'price -185 ')
    refuses({ vwap: Infinity }, {}, 'vwap', 'price Infinity ')
  })

  it('refuses a number of trades that is no count', () => {
    accepts({ trades: 0 })
    accepts({ trades: Number.NaN })
    refuses({ trades: -1 }, {}, 'trades', 'trades -1 ')
    refuses({ trades: 1.5 }, {}, 'trades', 'trades 1.5 ')
    refuses({ trades: 2 ** 31 }, {}, 'trades', 'trades 2147483648 ')
    refuses({ trades: Infinity }, {}, 'trades', 'trades Infinity ')
  })
})

describe('the grid', () => {
  it('holds minutes, and refuses what lies between them', () => {
    accepts({ ts: at('2024-01-02T14:31:00Z') })
    refuses(
      { ts: at('2024-01-02T14:31:01Z') },
      {},
      'grid',
      'No 1m bar begins at 2024-01-02T14:31:01Z',
    )
    const five = { interval: '5m' } as const
    accepts({ ts: at('2024-01-02T14:35:00Z') }, five)
    refuses({ ts: at('2024-01-02T14:36:00Z') }, five, 'grid', 'No 5m bar begins')
  })

  it('holds hours after the full hour and hours after the opening', () => {
    const hourly = { interval: '1h' } as const
    accepts({ ts: at('2024-01-02T14:00:00Z') }, hourly)
    accepts({ ts: at('2024-01-02T14:30:00Z') }, hourly)
    accepts({ ts: at('2024-07-02T13:30:00Z') }, hourly)
    refuses({ ts: at('2024-01-02T14:15:00Z') }, hourly, 'grid', 'No 1h bar begins')
  })

  it('holds hours after the end of a break', () => {
    const tokyo = makeCalendar({
      exchange: 'XTKS',
      name: 'Tokyo',
      timeZone: 'Asia/Tokyo',
      firstDay: '2011-11-21',
      hours: [
        {
          from: '2011-11-21',
          weekdays: [1, 2, 3, 4, 5],
          open: '09:00',
          close: '15:00',
          breaks: [['11:30', '12:30']],
        },
      ],
      holidays: [],
      oddHours: [],
      closures: {},
      oddDays: [],
    })
    const hourly = { interval: '1h', calendar: tokyo } as const
    accepts({ ts: at('2024-02-01T03:30:00Z') }, hourly) // 12:30
    accepts({ ts: at('2024-02-01T02:00:00Z') }, hourly) // 11:00
    refuses({ ts: at('2024-02-01T03:45:00Z') }, hourly, 'grid', 'No 1h bar begins')
  })

  it('refuses the tick that a vendor appends as a bar', () => {
    // Yahoo, AAPL: the time of the last trade.
    refuses({ ts: 1_761_768_001_000 }, {}, 'grid', '2025-10-29T20:00:01Z')
  })

  it('refuses seconds that were taken for milliseconds', () => {
    const seconds = at('2024-01-02T14:30:00Z') / 1000
    refuses({ ts: seconds }, {}, 'grid', '1970-01-20')
    // This one happens to fall on a minute, and inside extended hours.
    refuses({ ts: 1_704_240_000 }, {}, 'session', 'No intraday bar is as old as 1970-01-20')
    refuses({ ts: seconds }, { from: at('2024-01-01T00:00:00Z') }, 'range', 'from 2024-01-01')
    refuses({ ts: seconds }, { interval: '1d' }, 'grid', 'keyed by a date')
  })

  it('refuses days that are older than any exchange', () => {
    refuses(
      { ts: Date.UTC(1012, 2, 8) },
      { interval: '1d' },
      'session',
      'No bar is as old as 1012-03-08',
    )
    // The calendar begins later than some histories do.
    accepts(...daily('1885-02-16'))
  })

  it('keys days by dates, weeks by Mondays and months by firsts', () => {
    accepts(...daily('2024-01-02'))
    refuses({ ts: at('2024-01-02T05:00:00Z') }, { interval: '1d' }, 'grid', 'keyed by a date')
    accepts({ ts: at('2024-01-01T00:00:00Z') }, { interval: '1wk' })
    refuses({ ts: at('2024-01-05T00:00:00Z') }, { interval: '1wk' }, 'grid', 'a Monday')
    accepts({ ts: at('2024-06-01T00:00:00Z') }, { interval: '1mo' })
    refuses(
      { ts: at('2024-06-28T00:00:00Z') },
      { interval: '1mo' },
      'grid',
      'the first of the month',
    )
  })
})

describe('the session', () => {
  it('refuses days without one', () => {
    refuses(...daily('2024-01-01'), 'session', 'XNYS had no session on 2024-01-01.')
    refuses(...daily('2024-01-06'), 'session', 'no session on 2024-01-06')
    refuses(...daily('2025-01-09'), 'session', 'no session on 2025-01-09')
    refuses({ ts: at('2024-01-01T15:00:00Z') }, {}, 'session', 'no session on 2024-01-01')
  })

  it('lets bars of the whole extended hours through, and none outside', () => {
    accepts({ ts: at('2024-01-02T09:00:00Z') }) // 04:00
    accepts({ ts: at('2024-01-03T00:59:00Z') }) // 19:59
    refuses(
      { ts: at('2024-01-02T08:59:00Z') },
      {},
      'session',
      'outside the trading hours of 2024-01-02',
    )
    refuses(
      { ts: at('2024-01-03T01:00:00Z') },
      {},
      'session',
      'outside the trading hours of 2024-01-02',
    )
  })

  it('ends three hours sooner on a half day', () => {
    accepts({ ts: at('2019-11-29T21:55:00Z') }, { interval: '5m' }) // 16:55
    refuses(
      { ts: at('2019-11-29T22:00:00Z') },
      { interval: '5m' },
      'session',
      'outside the trading hours',
    )
  })

  it('refuses a bar without trades outside regular hours', () => {
    // Alpha Vantage, MSFT on the half day 2019-11-29: 13:05, volume 0.
    const stray = { ts: at('2019-11-29T18:05:00Z'), volume: 0 }
    refuses(
      stray,
      { interval: '5m' },
      'session',
      'Nothing was traded in the bar of 2019-11-29T18:05:00Z',
    )
    accepts({ ...stray, volume: 100 }, { interval: '5m' })
    const atClose = { ts: at('2024-01-02T21:00:00Z'), volume: 0 }
    refuses(atClose, {}, 'session', 'Nothing was traded in the bar of 2024-01-02T21:00:00Z')
    accepts({ ts: at('2019-11-29T17:55:00Z'), volume: 0 }, { interval: '5m' })
    // An hour from 09:00 holds half an hour of regular trading.
    accepts({ ts: at('2024-01-02T14:00:00Z'), volume: 0 }, { interval: '1h' })
    refuses({ ts: at('2024-01-02T13:00:00Z'), volume: 0 }, { interval: '1h' }, 'session', 'Nothing')
  })

  it('lets days through that lie before what the calendar knows', () => {
    // There were sessions then on Saturdays.
    accepts(...daily('1950-01-07'))
    accepts({ ts: at('1950-01-02T00:00:00Z') }, { interval: '1wk' })
    refuses(...daily('1968-06-12'), 'session', 'no session on 1968-06-12')
  })

  it('is gone on a day whose closure was recorded later', () => {
    accepts(...daily('2024-01-02'))
    const closed = withClosures(calendar, [at('2024-01-02T00:00:00Z')])
    const [row, context] = daily('2024-01-02')
    refuses(row, { ...context, calendar: closed }, 'session', 'no session on 2024-01-02')
    refuses({}, { calendar: closed }, 'session', 'no session on 2024-01-02')
  })
})

describe('what was asked for', () => {
  const from = at('2024-01-03T00:00:00Z')
  const until = at('2024-02-02T00:00:00Z')

  it('includes its first day and not its last, by the dates of the exchange', () => {
    const asked = { from, until }
    refuses(
      { ts: at('2024-01-03T00:59:00Z') },
      asked,
      'range',
      'from 2024-01-03 until before 2024-02-02',
    )
    accepts({ ts: at('2024-01-03T09:00:00Z') }, asked)
    accepts({ ts: at('2024-02-02T00:59:00Z') }, asked) // 19:59 on 1 February
    refuses({ ts: at('2024-02-02T09:00:00Z') }, asked, 'range', 'outside what was asked for')
  })

  it('holds for days', () => {
    const asked = { interval: '1d', from, until } as const
    refuses({ ts: at('2024-01-02T00:00:00Z') }, asked, 'range', 'The bar of 2024-01-02 ')
    accepts({ ts: from }, asked)
    refuses({ ts: until }, asked, 'range', 'The bar of 2024-02-02 ')
  })

  it('holds the weeks and months of which a part was asked for', () => {
    accepts({ ts: at('2024-01-01T00:00:00Z') }, { interval: '1wk', from, until })
    refuses(
      { ts: at('2023-12-25T00:00:00Z') },
      { interval: '1wk', from, until },
      'range',
      '2023-12-25',
    )
    accepts({ ts: at('2024-02-01T00:00:00Z') }, { interval: '1mo', from, until })
    refuses(
      { ts: at('2023-12-01T00:00:00Z') },
      { interval: '1mo', from, until },
      'range',
      '2023-12-01',
    )
  })

  it('may be open on either side', () => {
    accepts({}, { from: null, until })
    refuses({}, { from, until: null }, 'range', 'outside what was asked for, from 2024-01-03.')
  })
})

describe('the future', () => {
  it('refuses bars that begin after the answer came', () => {
    const now = GOOD.ts
    accepts({}, { now })
    refuses({}, { now: now - 1 }, 'future', 'begins 2024-01-02T14:30:00Z, after')
  })

  it('refuses days after the date of the exchange', () => {
    // 23:00 on 2 January in New York is already the 3rd in UTC.
    const now = at('2024-01-03T04:00:00Z')
    accepts({ ts: at('2024-01-02T00:00:00Z') }, { interval: '1d', now })
    refuses(
      { ts: at('2024-01-03T00:00:00Z') },
      { interval: '1d', now },
      'future',
      'begins 2024-01-03',
    )
    accepts({ ts: at('2024-01-01T00:00:00Z') }, { interval: '1wk', now })
    refuses({ ts: at('2024-01-08T00:00:00Z') }, { interval: '1wk', now }, 'future', '2024-01-08')
  })

  it('refuses nanoseconds that were taken for milliseconds, and gives no date to them', () => {
    refuses({ ts: 1.704e18 }, {}, 'future', 'begins 1704000000000000000, after')
    assert.equal(check({ ts: 1.704e18 })?.ts, null)
  })
})
