/** What adjusting goes by: claims of vendors, prices as traded, and what people decided. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storeActions } from '../../src/db/actions.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { addDecision, listDecisions, withdrawDecision } from '../../src/db/decisions.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { setPriority } from '../../src/db/priorities.ts'
import { startRun } from '../../src/db/runs.ts'
import type { SaidActions } from '../../src/domain/action-ledger.ts'
import { parseDay } from '../../src/domain/date.ts'
import { loadBatch } from '../../src/load/load-batch.ts'
import { effectiveActions } from '../../src/query/effective-actions.ts'
import { DEFAULT_PRIORITY, providerPriority } from '../../src/query/provider-priority.ts'
import { calendar, dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
const SPLIT = parseDay('2024-06-10')
const FOUR = { day: SPLIT, newShares: 4, oldShares: 1 }

async function say(id: number, provider: string, said: Partial<SaidActions>): Promise<void> {
  const source = { instrumentId: id, provider, runId: null, observedAt: Date.now() }
  await inTransaction(pool, (connection) =>
    storeActions(connection, source, { splits: [], dividends: [], ...said }),
  )
}

/** Bars as traded of May to July 2024, a quarter of the price from a day on. */
async function trade(symbol: string, splitDay: number): Promise<void> {
  const batch = dailyBars(parseDay('2024-05-01'), parseDay('2024-08-01'))
  for (let i = 0; i < batch.length; i += 1) {
    const over = batch.ts[i]! >= splitDay ? 4 : 1
    for (const column of ['open', 'high', 'low', 'close'] as const) {
      batch[column][i] = (40_000 + i * 100) / 100 / over
    }
    batch.high[i] = batch.high[i]! + 1
    batch.low[i] = batch.low[i]! - 1
  }
  const task = { symbol, interval: '1d' as const, provider: 'polygon' }
  const runId = await inTransaction(pool, (connection) => startRun(connection, 'fetch', {}, [task]))
  await loadBatch(pool, {
    series: { ...task, basis: 'raw' },
    calendar,
    settleMs: 0,
    runId,
    taskNumber: 1,
    batch,
    rejects: [],
    fetched: batch.length,
    covers: null,
    continuesFrom: null,
    receivedAt: parseDay('2024-08-02'),
    actions: null,
    simulated: false,
  })
}

test('a split is put on the day of the jump of bars as traded, and one without a jump is left out', async () => {
  const { id } = await addInstrument(pool, { symbol: 'JUMP' })
  await trade('JUMP', SPLIT)
  await say(id, 'yahoo', { splits: [{ ...FOUR, day: parseDay('2024-06-07') }] })
  await say(id, 'polygon', {
    splits: [{ day: parseDay('2024-07-15'), newShares: 3, oldShares: 1 }],
  })
  const { splits, doubtful } = await effectiveActions(pool, id, null)
  assert.deepEqual(splits, [FOUR])
  assert.deepEqual(
    doubtful!.map(({ exDay, doubts }) => [exDay, doubts]),
    [[parseDay('2024-07-15'), ['no-jump']]],
  )
})

test('a decision holds from when it was made until it is withdrawn, as of every instant', async () => {
  const { id } = await addInstrument(pool, { symbol: 'DECIDED' })
  const paid = { day: SPLIT, currency: 'USD', kind: 'cash', basis: 'raw' } as const
  await say(id, 'polygon', { dividends: [{ ...paid, amount: 0.25 }] })
  await say(id, 'yahoo', { dividends: [{ ...paid, amount: 25 }] })
  const amounts = async (asOf: number | null) =>
    (await effectiveActions(pool, id, asOf)).payments.map(({ amount }) => amount)
  assert.deepEqual(await amounts(null), [])
  const before = Date.now()
  const decision = await addDecision(pool, {
    verdict: 'apply',
    instrumentId: id,
    findingId: null,
    rule: null,
    family: 'payment',
    provider: 'polygon',
    interval: null,
    fromDay: SPLIT,
    untilDay: SPLIT + 86_400_000,
    reason: 'as the company says',
    decidedBy: 'jo',
  })
  assert.deepEqual(await amounts(null), [0.25])
  assert.deepEqual(await amounts(before), [])
  const [kept] = await listDecisions(pool, { instrumentId: id })
  assert.deepEqual(
    [kept!.reason, kept!.decidedBy, kept!.symbol],
    ['as the company says', 'jo', 'DECIDED'],
  )
  const during = kept!.decidedAt + 1
  while (Date.now() <= during + 1) await pool.query('SELECT pg_sleep(0.001)')
  assert.equal(await withdrawDecision(pool, decision), true)
  assert.equal(await withdrawDecision(pool, decision), false)
  assert.deepEqual(await amounts(null), [])
  assert.deepEqual(await amounts(during), [0.25])
})

test('the priority that says most holds, and the default where nobody set one', async () => {
  const need = { kind: 'stock', interval: '1d', asOf: null } as const
  assert.deepEqual(await providerPriority(pool, need), DEFAULT_PRIORITY)
  await setPriority(pool, { kind: null, interval: '1d' }, ['yahoo'], 'jo')
  const between = Date.now()
  assert.equal((await providerPriority(pool, need))[1], 'yahoo')
  await setPriority(pool, { kind: 'stock', interval: null }, ['alpha-vantage', 'yahoo'], 'jo')
  assert.deepEqual(await providerPriority(pool, need), [
    'manual',
    'alpha-vantage',
    'yahoo',
    'polygon',
  ])
  assert.equal((await providerPriority(pool, { ...need, asOf: between - 60_000 }))[1], 'polygon')
  assert.equal((await providerPriority(pool, { ...need, kind: 'etf' }))[1], 'yahoo')
  await setPriority(pool, { kind: 'stock', interval: null }, [], 'jo')
  assert.equal((await providerPriority(pool, need))[1], 'yahoo')
})
