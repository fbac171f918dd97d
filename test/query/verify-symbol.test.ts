/** Histories of intraday bars are checked in stretches, and what lies across two of them is one finding. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { verifySymbol } from '../../src/query/verify-symbol.ts'
import { calendar } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { day } from '../support/filled-store.ts'
import { loadSeries } from '../support/loaded-series.ts'

const { pool } = await makeDatabase()
const HOUR_MS = 3_600_000
/** Some 500 sessions, so that there are several stretches of 92 days. */
const SESSIONS = calendar.sessions(day('2022-06-01'), day('2024-06-01'))
const NOW = Date.parse('2024-06-10T12:00:00Z')

/** Six bars a session; those of the sessions with from <= day <= through are in another unit. */
function hours(factor: number, from: string, through: string): BarBatch {
  const bars = makeBatch(SESSIONS.length * 6)
  let i = 0
  for (const [n, session] of SESSIONS.entries()) {
    const isOff = day(from) <= session.day && session.day <= day(through)
    for (let hour = 0; hour < 6 && session.open + hour * HOUR_MS < session.close; hour += 1) {
      const price = (100 + (n % 40) / 10) * (isOff ? factor : 1)
      bars.ts[i] = session.open + hour * HOUR_MS
      bars.open[i] = price
      bars.high[i] = price * 1.001
      bars.low[i] = price * 0.999
      bars.close[i] = price
      bars.volume[i] = 1000
      i += 1
    }
  }
  const columns = Object.entries(bars).map(([name, column]) => [
    name,
    name === 'length' ? i : (column as Float64Array).subarray(0, i),
  ])
  return Object.fromEntries(columns) as BarBatch
}

it('a wrong unit over half a year is one finding of one vendor, and one difference of two', async () => {
  const [from, through] = ['2023-02-01', '2023-07-31']
  const one = { symbol: 'LONG', interval: '1h', provider: 'alpha-vantage', basis: 'raw' } as const
  const wrong = hours(100, from, through)
  await loadSeries(pool, one, wrong, NOW)
  await loadSeries(pool, { ...one, provider: 'polygon' }, hours(1, from, through), NOW)
  const off = wrong.close.filter((close) => close > 1000).length
  assert.ok(off > 700)
  const found = await verifySymbol(pool, {
    symbol: 'LONG',
    intervals: ['1h'],
    now: NOW,
    published: [],
  })
  const told = found.findings.map(({ rule, provider, other, fromDay, untilDay, evidence }) => [
    rule,
    provider,
    other,
    fromDay,
    untilDay,
    evidence['bars'],
    evidence['multiply_by'],
  ])
  const days = [day(from), day('2023-08-01')]
  assert.deepEqual(told, [
    ['unit', 'alpha-vantage', null, ...days, off, 1 / 100],
    ['vendors-disagree', 'alpha-vantage', 'polygon', ...days, off, undefined],
  ])
  const [unit] = found.findings
  assert.equal(unit!.subject, '1h alpha-vantage 2023-02-01T14:30:00Z')
  assert.equal(
    unit!.evidence['first_close'],
    wrong.close.find((close) => close > 1000),
  )
  assert.equal(
    unit!.evidence['last_close'],
    wrong.close.findLast((close) => close > 1000),
  )
  const [pair] = found.compared
  assert.deepEqual(
    [pair!.overlap, pair!.onlyLeft, pair!.onlyRight, pair!.differing],
    [wrong.length, 0, 0, off],
  )
})
