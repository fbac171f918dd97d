/** The ledger of corporate actions, with the splits and dividends of Apple as published. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listActions, storeActions, type ActionsSource } from '../../src/db/actions.ts'
import { settleAsOf } from '../../src/db/as-of.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import type { SaidActions } from '../../src/domain/action-ledger.ts'
import { makeDatabase } from '../support/database.ts'

const day = (text: string) => Date.parse(text)
const { pool } = await makeDatabase()
let instruments = 0

async function makeSource(provider = 'polygon'): Promise<ActionsSource> {
  instruments += 1
  const { id } = await addInstrument(pool, { symbol: `T${instruments}` })
  return { instrumentId: id, provider, runId: 7, observedAt: day('2020-09-01') }
}

/** A millisecond that is wholly past by the database's clock when the next statement runs. */
async function instant(): Promise<number> {
  const { rows } = await pool.query<{ now: Date }>(
    'SELECT clock_timestamp() AS now, pg_sleep(0.002)',
  )
  return rows[0]!.now.getTime() + 1
}

/** Returns once somebody in this database waits for an advisory lock. */
async function untilWaiting(): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    if (rowCount !== 0) return
  }
}

function store(source: ActionsSource, said: Partial<SaidActions>) {
  return inTransaction(pool, (connection) =>
    storeActions(connection, source, { splits: [], dividends: [], ...said }),
  )
}

const SEVEN = { day: day('2014-06-09'), newShares: 7, oldShares: 1 }
const FOUR = { day: day('2020-08-31'), newShares: 4, oldShares: 1 }
const PAID = {
  day: day('2020-08-07'),
  amount: 0.82,
  currency: 'USD',
  kind: 'cash',
  basis: 'raw',
} as const

test('a first answer is all new, and comes back by ex date', async () => {
  const source = await makeSource()
  const change = await store(source, { splits: [FOUR, SEVEN], dividends: [PAID] })
  assert.equal(change.added.length, 3)
  const rows = await listActions(pool, source.instrumentId)
  assert.deepEqual(
    rows.map(({ kind, exDay, newShares, oldShares, amount, currency, basis }) => [
      kind,
      new Date(exDay).toISOString().slice(0, 10),
      newShares,
      oldShares,
      amount,
      currency,
      basis,
    ]),
    [
      ['split', '2014-06-09', 7, 1, null, null, null],
      ['dividend', '2020-08-07', null, null, 0.82, 'USD', 'raw'],
      ['split', '2020-08-31', 4, 1, null, null, null],
    ],
  )
  assert.equal(rows[0]!.firstSeen, day('2020-09-01'))
})

test('the same answer again changes nothing, and a shorter one forgets nothing', async () => {
  const source = await makeSource()
  await store(source, { splits: [SEVEN, FOUR] })
  const again = await store(source, { splits: [SEVEN, FOUR, FOUR] })
  assert.deepEqual(again, { added: [], changed: [] })
  assert.deepEqual(await store(source, { splits: [SEVEN] }), { added: [], changed: [] })
  assert.equal((await listActions(pool, source.instrumentId)).length, 2)
})

test('a split that was not known is told as new, by itself', async () => {
  const source = await makeSource()
  await store(source, { splits: [SEVEN] })
  const { added, changed } = await store(source, { splits: [SEVEN, FOUR] })
  assert.deepEqual(
    added.map(({ kind, exDay }) => [kind, exDay]),
    [['split', FOUR.day]],
  )
  assert.deepEqual(changed, [])
})

test('a changed amount replaces the old one, which is still known as of then', async () => {
  const source = await makeSource('yahoo')
  const unknown = await instant()
  await store(source, { dividends: [PAID] })
  const between = await instant()
  const later = { ...source, observedAt: day('2020-09-02') }
  const restated = { ...PAID, amount: 0.205, basis: 'split' } as const
  const { added, changed } = await store(later, { dividends: [restated] })
  assert.deepEqual(added, [])
  assert.deepEqual(
    changed.map(({ before, after }) => [before.amount, after.amount]),
    [[0.82, 0.205]],
  )
  const read = async (asOf: number | null) =>
    (await listActions(pool, source.instrumentId, { asOf })).map(
      ({ amount, basis, firstSeen, replacedAt }) => [amount, basis, firstSeen, replacedAt],
    )
  const old = [0.82, 'raw', day('2020-09-01'), day('2020-09-02')]
  const present = [[0.205, 'split', day('2020-09-02'), null]]
  assert.deepEqual(await read(null), present)
  assert.deepEqual(await read(await instant()), present)
  assert.deepEqual(await read(between), [old])
  // The answer is of 2020, but nothing of it was in this store until now.
  assert.deepEqual(await read(unknown), [])
  assert.deepEqual(await read(day('2020-09-03')), [])
})

test('a read as of now waits for a ledger that is being written, and is the same afterwards', async () => {
  const source = await makeSource()
  const writer = await pool.connect()
  await writer.query('BEGIN')
  await storeActions(writer, source, { splits: [FOUR], dividends: [] })
  const asOf = await instant()
  const reading = settleAsOf(pool, asOf).then(() =>
    listActions(pool, source.instrumentId, { asOf }),
  )
  await untilWaiting()
  await writer.query('COMMIT')
  writer.release()
  const rows = await reading
  assert.equal(rows.length, 1)
  assert.deepEqual(await listActions(pool, source.instrumentId, { asOf }), rows)
})

test('several payments of a day are several, one that is listed twice is one', async () => {
  const source = await makeSource()
  const special = { ...PAID, amount: 3.08, kind: 'special' } as const
  const second = { ...PAID, amount: 0.1 }
  const { added } = await store(source, { dividends: [PAID, PAID, special, second] })
  assert.deepEqual(
    added.map(({ kind, number, amount }) => [kind, number, amount]),
    [
      ['dividend', 1, 0.1],
      ['dividend', 2, 0.82],
      ['special-dividend', 1, 3.08],
    ],
  )
})

test('two writers at once store each action once', async () => {
  const source = await makeSource()
  const said = { splits: [SEVEN, FOUR], dividends: [PAID] }
  const changes = await Promise.all([store(source, said), store(source, said), store(source, said)])
  assert.equal(changes.flatMap(({ added }) => added).length, 3)
  assert.equal((await listActions(pool, source.instrumentId)).length, 3)
})

test('vendors are kept apart, and filters choose', async () => {
  const source = await makeSource()
  await store(source, { splits: [SEVEN, FOUR], dividends: [PAID] })
  await store({ ...source, provider: 'yahoo' }, { splits: [FOUR] })
  const found = async (filter: Parameters<typeof listActions>[2]) =>
    (await listActions(pool, source.instrumentId, filter)).length
  assert.equal(await found({}), 4)
  assert.equal(await found({ provider: 'yahoo' }), 1)
  assert.equal(await found({ kind: 'dividend' }), 1)
  assert.equal(await found({ from: FOUR.day }), 2)
  assert.equal(await found({ until: FOUR.day }), 2)
})

test('what was ever said of one instrument is found without a look at what was said of others', async () => {
  const { rows } = await inTransaction(pool, async (connection) => {
    await connection.query('SET LOCAL enable_seqscan = off')
    const said = 'SELECT id FROM stockyard.actions WHERE instrument_id = 1'
    return await connection.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${said}`)
  })
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  assert.match(plan, /Index Cond: \(instrument_id = 1\)/)
})
