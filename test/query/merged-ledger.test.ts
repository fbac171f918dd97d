/** The merged ledger is kept in memory, and never longer than it is right. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { putClosure } from '../../src/db/closures.ts'
import type { Pool } from '../../src/db/connect.ts'
import { addDecision, withdrawDecision } from '../../src/db/decisions.ts'
import { addInstrument, getInstrument } from '../../src/db/instruments.ts'
import { parseDay } from '../../src/domain/date.ts'
import { streamBars } from '../../src/query/bars.ts'
import { readMergedLedger } from '../../src/query/merged-ledger.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'

const NOW = Date.parse('2024-06-07T20:00:00-04:00')
const { pool } = await makeDatabase()
await addInstrument(pool, { symbol: 'AAPL', exchange: 'XNAS' })
const series = { symbol: 'AAPL', provider: 'polygon', basis: 'raw', interval: '1d' } as const
await loadSeries(pool, series, dailyBars(parseDay('2024-01-01'), parseDay('2024-06-01')), NOW)
const split = { day: parseDay('2024-03-04'), newShares: 2, oldShares: 1 }
await tellActions(pool, 'AAPL', 'polygon', { splits: [split] }, NOW)
const { id } = await getInstrument(pool, 'AAPL')

function said(date: string, amount: number, kind: 'cash' | 'capital-gain') {
  return { day: parseDay(date), amount, currency: null, kind, basis: 'split' as const }
}

/** A pool that notes its statements. */
function watched(): { db: Pool; statements: string[] } {
  const statements: string[] = []
  const db = new Proxy(pool, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        if (name === 'query') statements.push(JSON.stringify(given[0]))
        return Reflect.apply(value, target, given) as unknown
      }
    },
  })
  return { db, statements }
}

async function splitCounts(): Promise<number> {
  const entries = await readMergedLedger(pool, id, null)
  return entries.filter(({ applied }) => applied).length
}

test('a ledger that is known costs one statement, and no page', async () => {
  const first = await readMergedLedger(pool, id, null)
  assert.equal(first.length, 1)
  const { db, statements } = watched()
  assert.equal(await readMergedLedger(db, id, null), first)
  assert.equal(statements.length, 1)
  assert.doesNotMatch(statements[0]!, /stockyard\.pages/)
})

test('adjusted bars are planned in two statements', async () => {
  const query = { symbol: 'AAPL', interval: '1d', provider: 'auto', session: 'all' } as const
  const asked = { ...query, from: null, until: null, sort: 'asc', now: NOW } as const
  await streamBars(pool, { ...asked, adjust: 'splits' })
  const { db, statements } = watched()
  await streamBars(db, { ...asked, adjust: 'splits' })
  assert.equal(statements.length, 2, statements.join('\n'))
})

test('what anybody changes is seen by the next read', async () => {
  const seen = [await readMergedLedger(pool, id, null)]
  const next = async () => {
    const entries = await readMergedLedger(pool, id, null)
    assert.ok(!seen.includes(entries), 'it was worked out anew')
    seen.push(entries)
  }
  const before = await splitCounts()
  const decision = await addDecision(pool, {
    verdict: before === 1 ? 'refuse' : 'apply',
    instrumentId: id,
    findingId: null,
    rule: null,
    family: 'split',
    provider: null,
    interval: null,
    fromDay: split.day,
    untilDay: split.day + 86_400_000,
    reason: 'for a test',
    decidedBy: 'a test',
  })
  await next()
  assert.equal(await splitCounts(), 1 - before)
  await withdrawDecision(pool, decision)
  await next()
  assert.equal(await splitCounts(), before)
  await tellActions(pool, 'AAPL', 'polygon', { splits: [{ ...split, newShares: 3 }] }, NOW)
  await next()
  await tellActions(pool, 'AAPL', 'yahoo', { splits: [{ ...split, newShares: 3 }] }, NOW)
  await next()
  await loadSeries(pool, series, dailyBars(split.day, parseDay('2024-06-01'), -30), NOW + 1)
  await next()
  await putClosure(pool, { exchange: 'XNAS', day: split.day, closed: true, reason: 'for a test' })
  await next()
})

test('another database of the same shape has a ledger of its own', async () => {
  const other = await makeDatabase()
  await addInstrument(other.pool, { symbol: 'AAPL', exchange: 'XNAS' })
  const { id: otherId } = await getInstrument(other.pool, 'AAPL')
  assert.equal(otherId, id)
  assert.deepEqual(await readMergedLedger(other.pool, otherId, null), [])
})

test('payments of a vendor with restated prices alone are held against those', async () => {
  await addInstrument(pool, { symbol: 'FUND', exchange: 'XNAS' })
  const restated = { symbol: 'FUND', provider: 'yahoo', basis: 'split', interval: '1d' } as const
  // Prices of 100 and more that never fall by a hundredth.
  await loadSeries(pool, restated, dailyBars(parseDay('2024-01-01'), parseDay('2024-06-01')), NOW)
  const dividends = [
    said('2024-02-06', 40, 'cash'),
    said('2024-03-05', 0.5, 'cash'),
    said('2024-04-09', 3, 'cash'),
    said('2024-04-09', 2.5, 'capital-gain'),
  ]
  await tellActions(pool, 'FUND', 'yahoo', { dividends }, NOW)
  const fund = await getInstrument(pool, 'FUND')
  const entries = await readMergedLedger(pool, fund.id, null)
  assert.deepEqual(
    entries.map(({ status, actions, doubts }) => [
      status,
      actions.map(({ amount }) => amount),
      doubts.join(' '),
    ]),
    [
      ['suspicious', [40], 'no-jump'],
      ['single-source', [0.5], ''],
      ['single-source', [3], 'repeated'],
    ],
  )
})
