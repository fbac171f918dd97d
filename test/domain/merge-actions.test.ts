/** One ledger out of several vendors' words, with the splits and dividends of Apple as published. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ActionVerdict, Claim, OvernightMove } from '../../src/domain/action-claims.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import { mergeActions, paymentsOf, splitsOf } from '../../src/domain/merge-actions.ts'

const calendar = getCalendar('XNYS')
const priority = ['polygon', 'alpha-vantage', 'yahoo']

function split(provider: string, date: string, newShares: number, oldShares = 1): Claim {
  const none = { amount: null, currency: null, basis: null }
  return {
    provider,
    kind: 'split',
    exDay: parseDay(date),
    number: 1,
    newShares,
    oldShares,
    ...none,
  }
}

function paid(provider: string, date: string, amount: number, more: Partial<Claim> = {}): Claim {
  const none = { newShares: null, oldShares: null }
  const payment = { amount, currency: null, basis: 'raw' as const }
  const key = { provider, kind: 'dividend' as const, exDay: parseDay(date), number: 1 }
  return { ...key, ...none, ...payment, ...more }
}

/** Nights by session; where nothing else is said, the open was the low. */
type Nights = Record<string, Omit<OvernightMove, 'low'> & { readonly low?: number }>

function nightOf(nights: Nights, day: number): OvernightMove | null {
  const night = nights[formatDate(day)]
  return night === undefined ? null : { low: night.open, ...night }
}

/** Apple as traded: 499.23 on Friday 2020-08-28, opened at 127.58 on Monday. */
const APPLE: Nights = {
  '2020-08-28': { previousClose: 500.04, open: 504.05 },
  '2020-08-31': { previousClose: 499.23, open: 127.58 },
  '2020-09-01': { previousClose: 129.04, open: 132.76 },
}

function merge(
  claims: readonly Claim[],
  moves: Nights = {},
  verdicts: readonly ActionVerdict[] = [],
  restated: Nights = {},
) {
  const moveOn = (day: number) => nightOf(moves, day)
  const restatedMoveOn = (day: number) => nightOf(restated, day)
  return mergeActions(claims, verdicts, { calendar, moveOn, restatedMoveOn, priority })
}

/** What is looked at most: when, what became of it, and what was noticed. */
function gist(entries: ReturnType<typeof merge>) {
  return entries.map(({ exDay, status, doubts }) => [formatDate(exDay), status, doubts.join(' ')])
}

describe('splits', () => {
  it('that two vendors say are confirmed, and count once', () => {
    const merged = merge(
      [split('polygon', '2020-08-31', 4), split('yahoo', '2020-08-31', 8, 2)],
      APPLE,
    )
    assert.deepEqual(gist(merged), [['2020-08-31', 'confirmed', '']])
    assert.equal(merged[0]!.jump, 'present')
    assert.deepEqual(splitsOf(merged), [
      { day: parseDay('2020-08-31'), newShares: 4, oldShares: 1 },
    ])
  })

  it('that one vendor says count, since nothing speaks against them', () => {
    assert.deepEqual(gist(merge([split('yahoo', '2020-08-31', 4)])), [
      ['2020-08-31', 'single-source', ''],
    ])
  })

  it('on a day off are put where the price jumps, whoever says so', () => {
    for (const date of ['2020-08-28', '2020-08-30', '2020-09-01']) {
      const merged = merge([split('yahoo', date, 4)], APPLE)
      assert.deepEqual(gist(merged), [['2020-08-31', 'single-source', 'moved']], date)
    }
    const both = merge([split('polygon', '2020-08-28', 4), split('yahoo', '2020-08-31', 4)], APPLE)
    assert.deepEqual(gist(both), [['2020-08-31', 'confirmed', 'moved']])
  })

  it('on a Sunday are of the session after it, where there are no prices', () => {
    assert.deepEqual(gist(merge([split('yahoo', '2020-08-30', 4)])), [
      ['2020-08-31', 'single-source', 'moved'],
    ])
  })

  it('that a vendor lists twice count once', () => {
    const twice = [split('polygon', '2020-08-31', 4), split('polygon', '2020-09-08', 4)]
    assert.deepEqual(gist(merge(twice, APPLE)), [['2020-08-31', 'single-source', 'moved repeated']])
  })

  it('without a jump of prices as traded do not count', () => {
    const merged = merge([split('polygon', '2020-09-01', 7), split('yahoo', '2020-09-01', 7)], {
      '2020-09-01': APPLE['2020-09-01']!,
    })
    assert.deepEqual(gist(merged), [['2020-09-01', 'suspicious', 'no-jump']])
    assert.deepEqual(splitsOf(merged), [])
  })

  it('that are too small to be seen in a night are believed', () => {
    const merged = merge([split('polygon', '2020-09-01', 21, 20)], APPLE)
    assert.deepEqual(gist(merged), [['2020-09-01', 'single-source', '']])
  })

  it('of which the ratio is upside down lose to the ratio of the jump', () => {
    const both = [split('polygon', '2020-08-31', 1, 4), split('yahoo', '2020-08-31', 4)]
    const merged = merge(both, APPLE)
    assert.deepEqual(gist(merged), [['2020-08-31', 'single-source', 'outvoted']])
    assert.equal(splitsOf(merged)[0]!.newShares, 4)
    assert.deepEqual(gist(merge(both)), [['2020-08-31', 'suspicious', 'sources-disagree']])
  })

  it('with numbers that no split has are nonsense', () => {
    for (const [newShares, oldShares] of [
      [1, 1],
      [0, 1],
      [4, 0],
      [1e9, 1],
      [Number.NaN, 1],
    ] as const) {
      const merged = merge([split('yahoo', '2020-08-31', newShares, oldShares)])
      assert.deepEqual(gist(merged), [['2020-08-31', 'suspicious', 'nonsense']])
      assert.deepEqual(splitsOf(merged), [])
    }
  })
})

describe('payments', () => {
  it('on two bases are compared as they were paid', () => {
    // 0.82 dollars a share on 2020-08-07, before 4 for 1.
    const merged = merge([
      split('polygon', '2020-08-31', 4),
      paid('polygon', '2020-08-07', 0.82, { currency: 'USD' }),
      paid('yahoo', '2020-08-07', 0.205, { basis: 'split' }),
    ])
    assert.deepEqual(gist(merged), [
      ['2020-08-07', 'confirmed', ''],
      ['2020-08-31', 'single-source', ''],
    ])
    assert.deepEqual(paymentsOf(merged), [
      { day: parseDay('2020-08-07'), amount: 0.82, currency: 'USD', basis: 'raw' },
    ])
  })

  it('of a day that one vendor lists apart and another as a sum are the same', () => {
    const merged = merge([
      paid('polygon', '2024-03-07', 0.5),
      paid('polygon', '2024-03-07', 2, { kind: 'special-dividend' }),
      paid('yahoo', '2024-03-07', 2.5),
    ])
    assert.deepEqual(gist(merged), [['2024-03-07', 'confirmed', '']])
    assert.deepEqual(
      paymentsOf(merged).map(({ amount }) => amount),
      [0.5, 2],
    )
  })

  it('that neighbours in the calendar tell of are one, on the day that is a session', () => {
    const merged = merge([paid('yahoo', '2024-02-10', 0.24), paid('polygon', '2024-02-12', 0.24)])
    assert.deepEqual(gist(merged), [['2024-02-12', 'confirmed', 'moved']])
    const pair = merge([paid('yahoo', '2024-02-09', 0.24), paid('polygon', '2024-02-12', 0.24)])
    assert.deepEqual(gist(pair), [['2024-02-12', 'confirmed', 'moved']])
  })

  it('of which the days are further apart, or the amounts differ, wait for a person', () => {
    const dates = merge([paid('yahoo', '2024-02-09', 0.24), paid('polygon', '2024-02-14', 0.24)])
    assert.deepEqual(gist(dates), [['2024-02-14', 'suspicious', 'dates-differ moved']])
    const amounts = [paid('yahoo', '2024-02-09', 0.24), paid('polygon', '2024-02-09', 24)]
    assert.deepEqual(gist(merge(amounts)), [['2024-02-09', 'suspicious', 'sources-disagree']])
    const majority = merge([...amounts, paid('alpha-vantage', '2024-02-09', 0.24)])
    assert.deepEqual(gist(majority), [['2024-02-09', 'confirmed', 'outvoted']])
    assert.equal(paymentsOf(majority)[0]!.amount, 0.24)
  })

  it('listed twice under two names count once', () => {
    const merged = merge([
      paid('yahoo', '2023-12-20', 1.5),
      paid('yahoo', '2023-12-20', 1.5, { kind: 'capital-gain' }),
    ])
    assert.deepEqual(gist(merged), [['2023-12-20', 'single-source', 'repeated']])
    assert.equal(paymentsOf(merged).length, 1)
  })

  it('hold the capital gain beside them where prices fell by the dividend alone', () => {
    // A fund of 60.00 that pays 16.00, of which 15.00 are a gain: the next price is 44.00 or 29.00.
    const claims = [
      paid('yahoo', '2023-12-20', 16, { basis: 'split' }),
      paid('yahoo', '2023-12-20', 15, { kind: 'capital-gain', basis: 'split' }),
    ]
    const after = (open: number) =>
      merge(claims, {}, [], { '2023-12-20': { previousClose: 60, open } })
    assert.deepEqual(
      paymentsOf(after(44.3)).map(({ amount }) => amount),
      [16],
    )
    assert.deepEqual(gist(after(44.3)), [['2023-12-20', 'single-source', 'repeated']])
    assert.deepEqual(
      paymentsOf(after(29.3)).map(({ amount }) => amount),
      [15, 16],
    )
    assert.equal(paymentsOf(merge(claims)).length, 2, 'without prices both count')
  })

  it('of a day on which the gain is the larger part stand beside it', () => {
    const claims = [
      paid('yahoo', '2023-12-20', 1),
      paid('yahoo', '2023-12-20', 2, { kind: 'capital-gain' }),
    ]
    const merged = merge(claims, { '2023-12-20': { previousClose: 60, open: 59 } })
    assert.equal(paymentsOf(merged).length, 2)
  })

  it('are held against restated prices where there are none as traded', () => {
    // 0.217 of 0.97 is what a hundredth of it ought to have been: prices did not move.
    const claim = [paid('yahoo', '2023-05-22', 0.217, { basis: 'split' })]
    const merged = merge(claim, {}, [], { '2023-05-22': { previousClose: 0.97, open: 0.975 } })
    assert.deepEqual(gist(merged), [['2023-05-22', 'suspicious', 'no-jump']])
    // 3.00 a share of 100.00, before 1 for 20: restated 60.00 of 2000.00.
    const split20 = split('yahoo', '2024-03-11', 1, 20)
    const before = merge([paid('yahoo', '2023-05-22', 60, { basis: 'split' }), split20], {}, [], {
      '2023-05-22': { previousClose: 2000, open: 1940 },
    })
    assert.deepEqual(gist(before)[0], ['2023-05-22', 'single-source', ''])
  })

  it('on the day of a split are held against the price of a new share', () => {
    // 1 for 10: 5.00 as traded is 50.00 of the new ones, of which 10.00 are paid.
    const claims = [split('polygon', '2024-02-09', 1, 10), paid('polygon', '2024-02-09', 10)]
    const merged = merge(claims, { '2024-02-09': { previousClose: 5, open: 40 } })
    assert.deepEqual(
      gist(merged).map(([, status]) => status),
      ['single-source', 'single-source'],
    )
  })

  it('that a vendor lists on neighbouring days are one, on the day that prices fell', () => {
    const claims = [paid('yahoo', '2023-04-20', 3.85), paid('yahoo', '2023-04-21', 3.85)]
    const merged = merge(claims, {
      '2023-04-20': { previousClose: 211, open: 210.6 },
      '2023-04-21': { previousClose: 208.9, open: 205.1 },
    })
    assert.deepEqual(gist(merged), [['2023-04-21', 'single-source', 'moved repeated']])
    // 1.95 on the day after 1.81: which of the two it is nobody says.
    const unclear = merge([paid('yahoo', '2022-07-12', 1.81), paid('yahoo', '2022-07-13', 1.95)])
    assert.deepEqual(
      unclear.map(({ status, doubts }) => [status, doubts.includes('sources-disagree')]),
      [['suspicious', true]],
    )
  })

  it('that are a good part of the price must show in it', () => {
    const night = { previousClose: 100, open: 99.5 }
    const claim = [paid('yahoo', '2024-02-09', 30)]
    assert.deepEqual(gist(merge(claim, { '2024-02-09': night })), [
      ['2024-02-09', 'suspicious', 'no-jump'],
    ])
    for (const fallen of [
      { previousClose: 100, open: 71 },
      { previousClose: 100, open: 99.5, low: 80 },
    ]) {
      assert.deepEqual(gist(merge(claim, { '2024-02-09': fallen })), [
        ['2024-02-09', 'single-source', ''],
      ])
    }
    assert.deepEqual(gist(merge(claim, { '2024-02-09': { previousClose: 28, open: 28 } })), [
      ['2024-02-09', 'suspicious', 'too-large'],
    ])
  })
})

function suspiciousOf(claims: readonly Claim[]) {
  return gist(merge(claims)).filter(([, status]) => status === 'suspicious')
}

describe('a payment in the wrong unit', () => {
  // Pence, and once pounds.
  const amounts = [4.13, 8.65, 0.0432, 9.09, 4.7]
  const days = ['2022-04-14', '2022-10-06', '2023-04-06', '2023-10-05', '2024-04-11']
  const claims = days.map((day, i) => paid('yahoo', day, amounts[i]!))

  it('is in doubt among others of the right one, also as the first or the newest', () => {
    const doubt = [['2023-04-06', 'suspicious', 'too-small']]
    assert.deepEqual(suspiciousOf(claims), doubt)
    assert.deepEqual(suspiciousOf(claims.slice(0, 3)), doubt)
    assert.deepEqual(suspiciousOf(claims.slice(2)), doubt)
    assert.deepEqual(suspiciousOf(claims.slice(1, 3)), [], 'one other payment tells nothing')
  })

  it('is none where another vendor says the same, or a split lies between', () => {
    const agreed = merge([...claims, paid('polygon', '2023-04-06', 0.0432)])
    assert.deepEqual(gist(agreed)[2], ['2023-04-06', 'confirmed', ''])
    const later = merge([
      paid('yahoo', '2022-04-14', 450),
      paid('yahoo', '2022-10-06', 460),
      split('yahoo', '2023-01-10', 100),
      paid('yahoo', '2023-04-06', 4.7),
    ])
    assert.deepEqual(gist(later).at(-1), ['2023-04-06', 'single-source', ''])
  })
})

describe('what a person decides', () => {
  const claims = [paid('yahoo', '2024-02-09', 0.24), paid('polygon', '2024-02-09', 24)]
  const exDay = parseDay('2024-02-09')

  it('takes a side', () => {
    const verdict = { verdict: 'apply', family: 'payment', exDay, provider: 'yahoo' } as const
    const merged = merge(claims, {}, [verdict])
    assert.deepEqual(gist(merged), [['2024-02-09', 'confirmed', 'decided']])
    assert.equal(paymentsOf(merged)[0]!.amount, 0.24)
  })

  it('refuses a vendor’s word, or all', () => {
    const one = { verdict: 'refuse', family: 'payment', exDay, provider: 'polygon' } as const
    assert.deepEqual(gist(merge(claims, {}, [one])), [
      ['2024-02-09', 'single-source', ''],
      ['2024-02-09', 'refused', 'decided'],
    ])
    const all = merge(claims, {}, [{ ...one, provider: null }])
    assert.deepEqual(paymentsOf(all), [])
    assert.ok(all.every(({ status }) => status === 'refused'))
  })

  it('may be decided anew: the newest holds', () => {
    const refuse = { verdict: 'refuse', family: 'payment', exDay, provider: null } as const
    const apply = { verdict: 'apply', family: 'payment', exDay, provider: 'polygon' } as const
    assert.equal(paymentsOf(merge(claims, {}, [refuse, apply]))[0]!.amount, 24)
    assert.deepEqual(paymentsOf(merge(claims, {}, [apply, refuse])), [])
  })
})

describe('the merged ledger', () => {
  const days = ['2020-08-07', '2020-08-28', '2020-08-29', '2020-08-31', '2020-09-01', '2020-09-10']
  const anyClaim = fc
    .tuple(
      fc.constantFrom('polygon', 'yahoo', 'alpha-vantage', 'other'),
      fc.constantFrom(...days),
      fc.constantFrom(2, 4, 0.25, 1),
      fc.boolean(),
    )
    .map(([provider, date, size, isSplit]) =>
      isSplit ? split(provider, date, size) : paid(provider, date, size),
    )

  it('does not depend on the order of claims, and forgets none', () => {
    const lists = fc.uniqueArray(anyClaim, {
      selector: ({ provider, kind, exDay }) => `${provider} ${kind} ${exDay}`,
      maxLength: 9,
    })
    const pairs = lists.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
      ),
    )
    fc.assert(
      fc.property(pairs, ([list, shuffled]) => {
        const merged = merge(list, APPLE)
        assert.deepEqual(merge(shuffled, APPLE), merged)
        const told = merged.flatMap(({ claims }) => claims.map((claim) => JSON.stringify(claim)))
        assert.deepEqual(told.toSorted(), list.map((claim) => JSON.stringify(claim)).toSorted())
      }),
      { numRuns: 300 },
    )
  })
})
