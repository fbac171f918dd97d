import assert from 'node:assert/strict'
import test from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { callsNamed, parseBudget } from '../../src/providers/budget.ts'
import { planOfBudget } from '../../src/providers/plan.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { getProvider, PROVIDERS } from '../../src/providers/registry.ts'

const calendar = getCalendar('XNYS')
const day = (text: string): number => Date.parse(`${text}T00:00Z`)
/** A Wednesday, 11:00 in New York. */
const NOW = Date.parse('2026-05-20T15:00Z')
const alphaVantage = getProvider('alpha-vantage')
const polygon = getProvider('polygon')

/** The topics of the first call for a need. */
function topics(provider: Provider, interval: Interval, from: string, until = '2026-05-21') {
  const need = { interval, from: day(from), until: day(until), now: NOW, calendar }
  const [call] = provider.planBars({ ...need, symbol: 'AAPL' })
  return provider.plan!.topicsOf(call!.request, NOW)
}

test('the least plan of each vendor is what its budget defaults to', () => {
  for (const { id, plan, budget } of PROVIDERS) {
    if (plan === undefined) continue
    assert.equal(plan.plans[0].budget, budget, id)
    for (const one of plan.plans) assert.doesNotThrow(() => parseBudget(one.budget))
  }
})

const nameOf = (provider: Provider, budget: string) =>
  planOfBudget(provider.plan!.plans, budget)?.name

test('a budget tells the plan, where no other one of the vendor allows as many calls', () => {
  assert.equal(nameOf(polygon, '5/min'), 'Basic')
  assert.equal(nameOf(polygon, 'unlimited'), undefined)
  assert.equal(nameOf(polygon, '4/min'), undefined)
  assert.equal(nameOf(alphaVantage, '1/s,5/min,25/day'), 'free')
})

test('Alpha Vantage sells full days apart from the newest, and months of minutes apart from the newest', () => {
  assert.deepEqual(topics(alphaVantage, '1d', '2010-01-04'), ['bars 1d full', 'bars 1d'])
  assert.deepEqual(topics(alphaVantage, '1d', '2026-05-01'), ['bars 1d'])
  assert.deepEqual(topics(alphaVantage, '1wk', '2010-01-04'), ['bars 1wk'])
  assert.deepEqual(topics(alphaVantage, '5m', '2026-05-18'), ['intraday bars'])
  assert.deepEqual(topics(alphaVantage, '1m', '2010-01-04'), [
    'intraday bars by month',
    'intraday bars',
  ])
  const quote = alphaVantage.plan!.topicsOf(alphaVantage.requestQuote('IBM'), NOW)
  assert.deepEqual(quote, ['GLOBAL_QUOTE'])
})

test('Polygon sells years: who is refused the newer ones is refused the older ones', () => {
  const [two, five, ten, all] = [
    'stocks: bars of 2 years',
    'stocks: bars of 5 years or of today',
    'stocks: bars of 10 years',
    'stocks: bars of all years',
  ]
  assert.deepEqual(topics(polygon, '1d', '2024-06-03', '2026-05-20'), [two])
  assert.deepEqual(topics(polygon, '1d', '2026-05-18'), [five, two])
  assert.deepEqual(topics(polygon, '5m', '2022-01-03', '2022-02-01'), [five, two])
  assert.deepEqual(topics(polygon, '1d', '2017-01-03', '2017-02-01'), [ten, five, two])
  assert.deepEqual(topics(polygon, '1d', '2004-01-05', '2004-02-01'), [all, ten, five, two])
})

test('a call of two years that is sent after midnight is still one of two years', () => {
  const need = { interval: '1d', from: day('2003-09-10'), until: day('2026-05-21') } as const
  let [call] = polygon.planBars({ ...need, symbol: 'AAPL', now: NOW, calendar })
  while (call!.fallback !== null) call = call!.fallback
  const tomorrow = NOW + 86_400_000
  assert.deepEqual(polygon.plan!.topicsOf(call!.request, tomorrow), ['stocks: bars of 2 years'])
})

function topicsOfPath(path: string, params = {}): readonly string[] {
  return polygon.plan!.topicsOf({ path, params }, NOW)
}

test('topics of Polygon tell markets apart, know pages and whole days, and name no ticker', () => {
  assert.deepEqual(topicsOfPath('/v2/aggs/ticker/I:SPX/range/1/day/2026-05-01/2026-05-05'), [
    'indices: bars of 2 years',
  ])
  // 2022-01-03T05:00Z, where a page goes on.
  assert.deepEqual(
    topicsOfPath('/v2/aggs/ticker/C:EURUSD/range/1/minute/1641186000000/2022-03-01'),
    ['currencies: bars of 5 years or of today', 'currencies: bars of 2 years'],
  )
  assert.deepEqual(topicsOfPath('/v2/aggs/grouped/locale/us/market/stocks/2026-05-19'), [
    'stocks: bars of 2 years',
  ])
  assert.deepEqual(topicsOfPath('/v3/reference/tickers/AAPL'), ['stocks: /v3/reference/*'])
  assert.deepEqual(topicsOfPath('/v3/reference/splits', { ticker: 'AAPL' }), [
    'stocks: /v3/reference/splits',
  ])
})

test('the number of calls that a refusal names is found in its words', () => {
  const words =
    'Our standard API call frequency is 5 calls per minute and 500 calls per day. Please visit us.'
  assert.deepEqual(
    (['second', 'minute', 'day'] as const).map((window) => callsNamed(words, window)),
    [null, 5, 500],
  )
  assert.equal(callsNamed('more sparingly (1 request per second)', 'second'), 1)
  assert.equal(callsNamed('our standard API rate limit is 25 requests per day', 'day'), 25)
  assert.equal(callsNamed("You've exceeded the maximum requests per minute", 'minute'), null)
  assert.equal(callsNamed('from 5 calls per minute to 75 calls per minute', 'minute'), null)
})
