/** Answers kept in memory are letter by letter those that would be read now. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeKeptAnswers } from '../../src/api/kept-answers.ts'
import { putClosure } from '../../src/db/closures.ts'
import { inTransaction, openPool } from '../../src/db/connect.ts'
import { addDecision, withdrawDecision } from '../../src/db/decisions.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { setPriority } from '../../src/db/priorities.ts'
import { renameSymbol } from '../../src/db/symbols.ts'
import { parseDay } from '../../src/domain/date.ts'
import { loadManualBars } from '../../src/load/manual-bars.ts'
import { removeManualBar } from '../../src/load/remove-manual-bar.ts'
import { calendar, dailyBars, minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { day, fillStore, FRIDAY } from '../support/filled-store.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'
import { appOver, ask } from './app-under-test.ts'

const { pool, url } = await makeDatabase()
const { pool: emptied } = await makeDatabase()
await fillStore(pool)
await fillStore(emptied)
/** What another process has. */
const elsewhere = openPool(url)

describe('an answer about bars', () => {
  after(() => elsewhere.end())

  it('comes out of memory when it is asked for again, and no page is read for it', async () => {
    const app = await appOver(emptied)
    after(() => app.close())
    const urls = ['/api/v1/stocks/AAPL/prices?limit=100', '/api/v1/prices?symbols=AAPL,MSFT']
    const first = await Promise.all(urls.map((one) => ask(app, one)))
    assert.deepEqual(
      first.map(({ body }) => body.data.length),
      [100, 50],
    )
    // Behind the back of everybody: no load takes away pages and tells nobody.
    await emptied.query('TRUNCATE stockyard.pages')
    for (const [i, one] of urls.entries()) {
      const { text, headers } = await ask(app, one)
      assert.equal(text, first[i]!.text)
      assert.equal(headers['etag'], first[i]!.headers['etag'])
      assert.equal(headers['content-type'], first[i]!.headers['content-type'])
    }
    const other = await ask(app, '/api/v1/stocks/AAPL/prices?limit=101')
    assert.deepEqual(other.body.data, [])
  })

  it('is the one of now after whatever changes it, in this process or in another', async () => {
    const keeping = await appOver(pool)
    after(() => keeping.close())
    const stock = '/api/v1/stocks/AAPL/prices'
    const urls = [
      `${stock}?limit=1000`,
      `${stock}?limit=1000&adjust=all&sort=desc`,
      `${stock}?interval=1m&limit=1000&include=live&sort=desc`,
      `${stock}?interval=1m&session=regular&limit=1000&from=2024-06-05`,
      `${stock}?resample=1wk&fields=close`,
      `${stock}?as_of=2024-06-07`,
      '/api/v1/prices?symbols=MSFT,AAPL&limit=600',
    ]
    for (const [what, change] of Object.entries(CHANGES)) {
      const before = await Promise.all(urls.map((one) => ask(keeping, one)))
      await change()
      const fresh = await appOver(pool)
      const now = await Promise.all(urls.map((one) => ask(fresh, one)))
      await fresh.close()
      const told = await Promise.all(urls.map((one) => ask(keeping, one)))
      for (const [i, { text }] of told.entries()) {
        assert.ok(text === now[i]!.text, `${urls[i]} is an old answer after ${what}`)
      }
      const changed = told.filter(({ text }, i) => text !== before[i]!.text)
      assert.notEqual(changed.length, 0, `no answer was another one after ${what}`)
    }
  })
})

const POLYGON = { symbol: 'AAPL', provider: 'polygon', basis: 'raw' } as const
const RENAMED = day('2024-06-01')
const MANUAL_TS = day('2024-05-02')
const manual = { pool: elsewhere, calendarOf: () => calendar, now: FRIDAY }
const DIVIDEND = {
  day: day('2024-03-01'),
  amount: 0.25,
  currency: 'USD',
  kind: 'cash',
  basis: 'raw',
} as const
let decision = 0

/** Each changes at least one answer. */
const CHANGES: Readonly<Record<string, () => Promise<unknown>>> = {
  'a load of another vendor': () =>
    loadSeries(
      elsewhere,
      { ...POLYGON, interval: '1d' },
      dailyBars(day('2024-05-01'), day('2024-05-08'), 7),
      FRIDAY,
    ),
  'a revision': () =>
    loadSeries(
      elsewhere,
      { ...POLYGON, interval: '1d' },
      dailyBars(day('2024-05-01'), day('2024-05-08'), 8),
      FRIDAY + 60_000,
    ),
  'bars that are not final': () =>
    loadSeries(
      elsewhere,
      { ...POLYGON, interval: '1m' },
      minuteBars(day('2024-06-07'), day('2024-06-08')),
      FRIDAY,
    ),
  'the same bars, now final': () =>
    loadSeries(
      pool,
      { ...POLYGON, interval: '1m' },
      minuteBars(day('2024-06-07'), day('2024-06-08')),
      FRIDAY + 86_400_000,
    ),
  'a dividend': () => tellActions(elsewhere, 'AAPL', 'polygon', { dividends: [DIVIDEND] }, FRIDAY),
  'a decision': async () => {
    const { id: instrumentId } = await getInstrument(pool, 'AAPL')
    decision = await addDecision(elsewhere, {
      verdict: 'prefer',
      instrumentId,
      findingId: null,
      rule: null,
      family: null,
      provider: 'alpha-vantage',
      interval: '1d',
      fromDay: day('2024-05-01'),
      untilDay: day('2024-05-03'),
      reason: 'for a test',
      decidedBy: 'a test',
    })
  },
  'its withdrawal': () => withdrawDecision(elsewhere, decision),
  'a priority': () =>
    setPriority(elsewhere, { kind: null, interval: null }, ['alpha-vantage', 'polygon'], 'a test'),
  'a bar by hand': () =>
    loadManualBars(manual, 'AAPL', '1d', [
      { ts: MANUAL_TS, values: [150, 160, 140, 155, 10, Number.NaN, Number.NaN] },
    ]),
  'its removal': () => removeManualBar(manual, 'AAPL', '1d', MANUAL_TS),
  'a closure': () =>
    putClosure(elsewhere, {
      exchange: 'XNYS',
      day: parseDay('2024-06-05'),
      closed: false,
      close: '15:15',
      reason: 'for a test',
    }),
  'another name': () =>
    inTransaction(elsewhere, (connection) =>
      renameSymbol(connection, { from: 'MSFT', to: 'MSFX', day: RENAMED, replace: false }),
    ),
}

const body = (length: number) => Buffer.alloc(length)

describe('the memory for answers', () => {
  it('gives way to what is used, by bytes', () => {
    const kept = makeKeptAnswers(160)
    for (let i = 0; i < 16; i += 1) kept.keep(String(i), body(10))
    assert.equal(kept.get('0')?.length, 10)
    kept.keep('one more', body(10))
    assert.equal(kept.get('1'), null)
    assert.equal(kept.get('0')?.length, 10)
    kept.keep('one more', body(1))
    kept.keep('small', body(9))
    assert.ok(['2', '15', 'small', 'one more'].every((tag) => kept.get(tag) !== null))
  })

  it('keeps nothing that would drive out most of the others', () => {
    const kept = makeKeptAnswers(160)
    kept.keep('large', body(11))
    assert.equal(kept.get('large'), null)
  })
})
