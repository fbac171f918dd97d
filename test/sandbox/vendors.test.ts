/** One truth for three vendors: their bars agree, events reach all of them, faults come in each one's words. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import type { FailureClass, Provider } from '../../src/providers/provider.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { ADAPTERS, fetchBars, needOf, readOne } from './adapter-client.ts'
import { at, day, type PlainBar } from './plain-bars.ts'

/** A Saturday. */
const NOW = '2024-06-15T15:00:00Z'

let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => at(NOW) })
})
after(() => sandbox.close())
beforeEach(() => {
  sandbox.faults.clear()
  sandbox.market.restore()
  for (const what of ['splits', 'renames', 'closures'] as const) sandbox.market.events.forget(what)
  sandbox.exchangeClock.fix(at(NOW))
})

async function control(
  path: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<{ status: number; value: Record<string, unknown> }> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
  const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, init)
  return { status: answer.status, value: (await answer.json()) as Record<string, unknown> }
}

async function daily(
  adapter: Provider,
  symbol: string,
  from: string,
  until: string,
): Promise<PlainBar[]> {
  const { bars } = await fetchBars(sandbox, adapter, needOf(sandbox, symbol, '1d', from, until))
  return [...bars]
}

/** Raw bars in shares of today: prices divided, to the hundredth of a cent, volumes multiplied. */
function divided(
  bars: readonly PlainBar[],
  splits: readonly (readonly [string, number])[],
): PlainBar[] {
  return bars.map((bar) => {
    const ratio = splits.reduce((all, [date, one]) => (bar.ts < day(date) ? all * one : all), 1)
    const price = (value: number): number => Math.round((value / ratio) * 10_000) / 10_000
    return {
      ts: bar.ts,
      open: price(bar.open),
      high: price(bar.high),
      low: price(bar.low),
      close: price(bar.close),
      volume: Math.round(bar.volume * ratio),
    }
  })
}

function assertNear(found: readonly PlainBar[], expected: readonly PlainBar[]): void {
  assert.equal(found.length, expected.length)
  for (const [i, bar] of found.entries()) {
    for (const column of ['open', 'high', 'low', 'close'] as const) {
      // A 32-bit float and two roundings lie between them.
      assert.ok(Math.abs(bar[column] - expected[i]![column]) < 0.00011, `${column} at ${i}`)
    }
    assert.deepEqual([bar.ts, bar.volume], [expected[i]!.ts, expected[i]!.volume])
  }
}

function countGood(batch: { readonly close: Float64Array; readonly volume: Float64Array }): number {
  return [...batch.close.keys()].filter((i) => batch.close[i]! + batch.volume[i]! > 0).length
}

/** The 5 minutes of regular hours on 2024-06-12. */
async function regularMinutes(adapter: Provider): Promise<PlainBar[]> {
  const need = needOf(sandbox, 'IBM', '5m', '2024-06-12', '2024-06-13')
  const { bars } = await fetchBars(sandbox, adapter, need)
  return bars.filter(
    ({ ts }) => ts >= at('2024-06-12T13:30:00Z') && ts < at('2024-06-12T20:00:00Z'),
  )
}

describe('the vendors agree', () => {
  const symbols = [
    // Public record: NVIDIA 10:1 on 2024-06-10 and 4:1 on 2021-07-20, Tesla 3:1 on 2022-08-25, GE 1:8 on 2021-08-02.
    ['NVDA', [['2024-06-10', 10]]],
    ['IBM', []],
    ['BRK.B', []],
  ] as const
  for (const [symbol, splits] of symbols) {
    it(`on the days of ${symbol}: two raw, one in shares of today`, async () => {
      const span = ['2024-02-01', '2024-06-15'] as const
      const [theirs, raw, restated] = await Promise.all(
        [alphaVantage, polygon, yahoo].map((adapter) => daily(adapter, symbol, ...span)),
      )
      // Weekdays but Presidents Day, Good Friday and Memorial Day: 20 + 20 + 22 + 22 + 10.
      assert.equal(raw!.length, 94)
      assert.deepEqual(raw, theirs)
      assertNear(restated!, divided(raw!, splits))
    })
  }

  it('over years with several splits', async () => {
    const span = ['2020-06-01', '2024-06-15'] as const
    const tesla = [
      ['2020-08-31', 5],
      ['2022-08-25', 3],
    ] as const
    assertNear(
      await daily(yahoo, 'TSLA', ...span),
      divided(await daily(polygon, 'TSLA', ...span), tesla),
    )
    const general = await daily(polygon, 'GE', ...span)
    assertNear(await daily(yahoo, 'GE', ...span), divided(general, [['2021-08-02', 1 / 8]]))
  })

  it('on the minutes of a session', async () => {
    const [first, second, third] = await Promise.all(ADAPTERS.map(regularMinutes))
    assert.equal(first!.length, 78)
    assert.deepEqual(second, first)
    assertNear(third!, first!)
  })
})

describe('a split announced between two runs', () => {
  it('leaves raw history as it was, and restates Yahoo’s', async () => {
    const span = ['2024-05-01', '2024-06-20'] as const
    const earlier = await Promise.all([
      daily(polygon, 'IBM', ...span),
      daily(yahoo, 'IBM', ...span),
    ])
    const { status, value } = await control('splits', {
      symbol: 'IBM',
      day: '2024-06-17',
      newShares: 4,
      oldShares: 1,
    })
    assert.deepEqual(
      [status, value],
      [200, { symbol: 'IBM', splits: [{ session: '2024-06-17', ratio: 4 }] }],
    )
    // Until its day comes nothing is different.
    assert.deepEqual(await daily(yahoo, 'IBM', ...span), earlier[1])
    sandbox.exchangeClock.fix(at('2024-06-18T22:00:00Z'))
    const [raw, restated] = await Promise.all([
      daily(polygon, 'IBM', ...span),
      daily(yahoo, 'IBM', ...span),
    ])
    assert.deepEqual(raw.slice(0, earlier[0].length), earlier[0])
    assert.equal(raw.length, earlier[0].length + 2)
    assertNear(restated, divided(raw, [['2024-06-17', 4]]))
    const jump = raw.at(-3)!.close / raw.at(-2)!.open
    assert.ok(jump > 3.8 && jump < 4.2, String(jump))
    const truth = await control('truth?symbol=IBM&from=2024-06-17')
    assert.deepEqual((truth.value['splits'] as unknown[]).at(-1), {
      session: '2024-06-17',
      ratio: 4,
    })
    assert.deepEqual(await daily(alphaVantage, 'IBM', ...span), raw)
    await control('splits', undefined, 'DELETE')
    assert.ok((await daily(polygon, 'IBM', ...span)).at(-1)!.close > 100)
  })
})

describe('a renamed symbol', () => {
  it('has its history under the new name, but at Polygon under each name of the time', async () => {
    const span = ['2024-06-03', '2024-06-15'] as const
    const all = await daily(polygon, 'DIS', ...span)
    const renamed = await control('renames', { symbol: 'DIS', to: 'MICKY', day: '2024-06-11' })
    assert.deepEqual(renamed.value, {
      renames: [{ symbol: 'DIS', to: 'MICKY', session: '2024-06-11' }],
    })
    assert.deepEqual(await daily(alphaVantage, 'MICKY', ...span), all)
    assertNear(await daily(yahoo, 'MICKY', ...span), all)
    const earlier = all.filter(({ ts }) => ts < day('2024-06-11'))
    assert.deepEqual(await daily(polygon, 'DIS', ...span), earlier)
    assert.deepEqual(await daily(polygon, 'MICKY', ...span), all.slice(earlier.length))
    for (const [adapter, failure] of [
      [alphaVantage, 'bad-request'],
      [yahoo, 'unknown-symbol'],
    ] as const) {
      const [request] = adapter.planBars(needOf(sandbox, 'DIS', '1d', ...span))
      const answer = await readOne(sandbox, adapter, request!)
      assert.equal(answer.ok ? 'ok' : answer.failure, failure, adapter.id)
    }
    const listed = await fetch(`${sandbox.url}/v3/reference/tickers?active=false&apiKey=k`)
    const { results } = (await listed.json()) as { results: Record<string, unknown>[] }
    assert.deepEqual(
      results.map((row) => [row['ticker'], row['active'], row['delisted_utc']]),
      [['DIS', false, '2024-06-11T00:00:00Z']],
    )
    // The name of a listing that is known under another one cannot be taken.
    const again = await control('renames', { symbol: 'IBM', to: 'DIS', day: '2024-06-12' })
    assert.deepEqual([again.status, again.value['code']], [400, 'RENAME_INVALID'])
  })

  it('keeps revisions through the change', async () => {
    sandbox.market.revise('DIS', '1d', day('2024-06-05'), { volume: 4321 })
    sandbox.market.events.rename({ from: 'DIS', to: 'MICKY', day: day('2024-06-11') })
    const [bar] = await daily(alphaVantage, 'MICKY', '2024-06-05', '2024-06-06')
    assert.equal(bar!.volume, 4321)
  })
})

describe('an unscheduled closure', () => {
  it('leaves no bar at any vendor, and is on Polygon’s list', async () => {
    const closed = await control('closures', { day: '2024-06-12' })
    assert.deepEqual(closed.value, { closures: ['2024-06-12'] })
    for (const adapter of ADAPTERS) {
      const bars = await daily(adapter, 'AAPL', '2024-06-10', '2024-06-15')
      assert.deepEqual(
        bars.map(({ ts }) => new Date(ts).getUTCDate()),
        [10, 11, 13, 14],
        adapter.id,
      )
    }
    await control('closures', { day: '2024-06-18' })
    const answer = await fetch(`${sandbox.url}/v1/marketstatus/upcoming?apiKey=k`)
    const [first] = (await answer.json()) as unknown[]
    assert.deepEqual(first, {
      exchange: 'NYSE',
      name: 'Unscheduled Closure',
      date: '2024-06-18',
      status: 'closed',
    })
    assert.equal(
      (await control('closures', { day: '2024-06-15' })).value['code'],
      'CLOSURE_INVALID',
    )
    await control('closures', undefined, 'DELETE')
    assert.equal((await daily(yahoo, 'AAPL', '2024-06-10', '2024-06-15')).length, 5)
  })
})

describe('faults', () => {
  /** How the adapters class each refusal: Alpha Vantage, Polygon, Yahoo. */
  const refusals: Readonly<Record<string, readonly [FailureClass, FailureClass, FailureClass]>> = {
    'note-minute': ['minute', 'minute', 'minute'],
    'information-burst': ['burst', 'burst', 'minute'],
    'information-day': ['day', 'day', 'minute'],
    'key-echo': ['day', 'day', 'minute'],
    'information-premium': ['entitlement', 'entitlement', 'outage'],
    'error-message': ['bad-request', 'bad-request', 'bad-request'],
    'error-key': ['key', 'key', 'outage'],
    'http-429': ['minute', 'minute', 'minute'],
    'http-503': ['outage', 'outage', 'outage'],
    html: ['malformed', 'malformed', 'malformed'],
    'empty-body': ['malformed', 'malformed', 'malformed'],
    'cut-short': ['malformed', 'malformed', 'malformed'],
  }
  for (const [fault, expected] of Object.entries(refusals)) {
    it(`${fault} is what each vendor would say, as its adapter reads it`, async () => {
      for (const [i, adapter] of ADAPTERS.entries()) {
        sandbox.faults.clear()
        sandbox.faults.add({ fault, match: { vendor: adapter.id } })
        const [request] = adapter.planBars(needOf(sandbox, 'IBM', '1d', '2024-06-03', '2024-06-15'))
        const answer = await readOne(sandbox, adapter, request!)
        assert.equal(answer.ok ? 'ok' : answer.failure, expected[i], adapter.id)
        if (!answer.ok) assert.doesNotMatch(answer.message, /sandbox-key/)
      }
    })
  }

  it('of rows spoil the same rows at each vendor', async () => {
    for (const adapter of ADAPTERS) {
      const span = ['2024-02-01', '2024-06-15'] as const
      const good = await daily(adapter, 'IBM', ...span)
      sandbox.faults.add({ fault: 'missing-rows', match: { vendor: adapter.id } })
      const missing = await daily(adapter, 'IBM', ...span)
      assert.ok(missing.length < good.length && missing.length > 0, adapter.id)
      sandbox.faults.clear()
      const [request] = adapter.planBars(needOf(sandbox, 'IBM', '1d', ...span))
      const whole = await readOne(sandbox, adapter, request!)
      sandbox.faults.add({ fault: 'null-rows', match: { vendor: adapter.id } })
      const answer = await readOne(sandbox, adapter, request!)
      assert.ok(whole.ok && answer.ok, adapter.id)
      const spoilt = countGood(whole.batch) - countGood(answer.batch)
      // Rows 1, 3 and 9 lose a close or a volume; rows 5 and 7 an open or a high, which may refuse them.
      assert.ok(spoilt >= 3 && spoilt <= 5, `${adapter.id} ${spoilt}`)
      sandbox.faults.clear()
    }
  })

  it('strike one vendor and spare the others', async () => {
    sandbox.faults.add({ fault: 'http-500', match: { vendor: 'polygon', symbol: 'IBM' } })
    const need = needOf(sandbox, 'IBM', '1d', '2024-06-03', '2024-06-15')
    const oks = await Promise.all(
      ADAPTERS.map(
        async (adapter) => (await readOne(sandbox, adapter, adapter.planBars(need)[0]!)).ok,
      ),
    )
    assert.deepEqual(oks, [true, false, true])
  })
})

describe('limits', () => {
  it('are held by each vendor for itself', async () => {
    await control('limits', { polygon: { perMinute: 1 }, yahoo: { perSecond: 2 } })
    const need = needOf(sandbox, 'IBM', '1d', '2024-06-03', '2024-06-15')
    const outcomes: string[][] = []
    for (const adapter of ADAPTERS) {
      const own: string[] = []
      for (let i = 0; i < 3; i += 1) {
        const answer = await readOne(sandbox, adapter, adapter.planBars(need)[0]!)
        own.push(answer.ok ? 'ok' : answer.failure)
      }
      outcomes.push(own)
    }
    assert.deepEqual(outcomes, [
      ['ok', 'ok', 'ok'],
      ['ok', 'minute', 'minute'],
      ['ok', 'ok', 'minute'],
    ])
    const { value } = await control('calls')
    assert.ok((value['byVendor'] as Record<string, number>)['polygon']! >= 3)
    await control('limits', {})
    const limits = (await control('limits')).value
    assert.deepEqual(Object.keys(limits), ['alpha-vantage', 'polygon', 'yahoo'])
    assert.deepEqual(limits['polygon'], { perSecond: null, perMinute: null, perDay: null })
  })

  it('and events refuse bad input with a sentence', async () => {
    for (const [path, body, code] of [
      ['limits', { polygon: { perHour: 1 } }, 'INPUT_INVALID'],
      ['plans', { yahoo: {} }, 'INPUT_INVALID'],
      ['plans', {}, 'INPUT_INVALID'],
      ['splits', { symbol: 'IBM', day: '2024-06-17' }, 'INPUT_INVALID'],
      ['splits', { symbol: 'IBM', day: '2024-06-16', newShares: 2, oldShares: 1 }, 'SPLIT_INVALID'],
      ['splits', { symbol: 'IBM', day: '2024-06-17', newShares: 1, oldShares: 1 }, 'SPLIT_INVALID'],
      ['renames', { symbol: 'IBM', to: 'AAPL', day: '2024-06-17' }, 'RENAME_INVALID'],
      ['renames', { symbol: 'IBM', to: 'a b', day: '2024-06-17' }, 'RENAME_INVALID'],
      ['closures', { day: 'tomorrow' }, 'DATE_INVALID'],
    ] as const) {
      const { status, value } = await control(path, body)
      assert.deepEqual([status, value['code']], [400, code], JSON.stringify(body))
      assert.match(String(value['message']), /\.$/)
    }
  })
})
