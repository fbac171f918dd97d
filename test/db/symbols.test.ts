/** Symbols through time: renamed, reused, delisted, and as they were known at an instant. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { formatDate } from '../../src/domain/date.ts'
import { listActions, storeActions } from '../../src/db/actions.ts'
import { settleAsOf } from '../../src/db/as-of.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { addInstrument, findInstrument, getInstrument } from '../../src/db/instruments.ts'
import { ensureSeries, type SeriesKey } from '../../src/db/series.ts'
import {
  findRenamed,
  listAliases,
  readTrading,
  renameSymbol,
  retireSymbol,
  type Rename,
} from '../../src/db/symbols.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
const day = (text: string) => Date.parse(text)
const JUNE_9 = day('2022-06-09')

let count = 0
let FB = ''
let META = ''
beforeEach(() => {
  count += 1
  FB = `FB${count}`
  META = `META${count}`
})

async function rename(change: Partial<Rename> = {}): Promise<void> {
  const wish = { from: FB, to: META, day: JUNE_9, replace: false, ...change }
  await inTransaction(pool, (connection) => renameSymbol(connection, wish))
}

async function retire(symbol: string, from: number): Promise<string> {
  return await inTransaction(pool, (connection) => retireSymbol(connection, symbol, from))
}

async function makeSeries(symbol: string, provider: string): Promise<number> {
  const key: SeriesKey = { symbol, interval: '1d', provider, basis: 'raw' }
  return await inTransaction(pool, (connection) => ensureSeries(connection, key))
}

async function aliasesOf(symbol: string) {
  const { id } = await getInstrument(pool, symbol)
  return (await listAliases(pool, id)).map((alias) => [
    alias.symbol,
    alias.fromDay === null ? null : formatDate(alias.fromDay),
    alias.untilDay === null ? null : formatDate(alias.untilDay),
  ])
}

describe('a symbol that is renamed', () => {
  it('is the same instrument under both symbols, each for its days', async () => {
    const { id } = await addInstrument(pool, { symbol: FB })
    await rename()
    assert.deepEqual(await aliasesOf(META), [
      [FB, null, '2022-06-09'],
      [META, '2022-06-09', null],
    ])
    for (const typed of [FB, META, FB.toLowerCase()]) {
      const found = await getInstrument(pool, typed)
      assert.deepEqual([found.id, found.symbol], [id, META])
    }
    assert.equal((await findInstrument(pool, FB, { on: day('2022-06-08') }))?.id, id)
    assert.equal(await findInstrument(pool, FB, { on: JUNE_9 }), null)
    assert.equal(await findInstrument(pool, META, { on: day('2022-06-08') }), null)
    assert.deepEqual(
      [...(await findRenamed(pool, [FB, META])).values()],
      [{ symbol: FB, now: META, sinceDay: JUNE_9 }],
    )
  })

  it('can be added anew, as another company that inherits nothing', async () => {
    const { id } = await addInstrument(pool, { symbol: FB })
    await rename()
    const other = await addInstrument(pool, { symbol: FB })
    assert.notEqual(other.id, id)
    assert.equal((await getInstrument(pool, FB)).id, other.id)
    assert.deepEqual(await aliasesOf(FB), [[FB, '2022-06-09', null]])
    assert.equal((await findInstrument(pool, FB, { on: day('2015-01-02') }))?.id, id)
    assert.equal((await findRenamed(pool, [FB])).size, 0)
  })

  it('takes in the series of what was added under the new symbol before', async () => {
    const { id } = await addInstrument(pool, { symbol: FB })
    await addInstrument(pool, { symbol: META, watched: true })
    await makeSeries(FB, 'polygon')
    const moved = await makeSeries(META, 'yahoo')
    await rename({ merge: true })
    const { rows } = await pool.query('SELECT instrument_id FROM stockyard.series WHERE id = $1', [
      moved,
    ])
    assert.deepEqual(rows, [{ instrument_id: id }])
    const found = await getInstrument(pool, META)
    assert.deepEqual([found.id, found.watched], [id, true])
    assert.equal((await getInstrument(pool, `${META}@2022-06-09`)).active, false)
  })

  it('takes in what vendors said of its splits, and its newest quotes', async () => {
    const { id } = await addInstrument(pool, { symbol: FB })
    const { id: added } = await addInstrument(pool, { symbol: META })
    const tell = (instrumentId: number, provider: string, newShares: number) =>
      inTransaction(pool, (connection) =>
        storeActions(
          connection,
          { instrumentId, provider, runId: null, observedAt: JUNE_9 },
          { splits: [{ day: JUNE_9, newShares, oldShares: 1 }], dividends: [] },
        ),
      )
    await tell(id, 'yahoo', 2)
    await tell(added, 'yahoo', 3)
    await tell(added, 'polygon', 4)
    const quoted = async (instrument: number, provider: string, price: number, at: string) =>
      await pool.query(
        `INSERT INTO stockyard.quotes (instrument_id, provider, price, session, observed_at)
         VALUES ($1, $2, $3, $4::date, $4::date)`,
        [instrument, provider, price, at],
      )
    await quoted(id, 'yahoo', 10, '2022-06-08')
    await quoted(added, 'yahoo', 11, '2022-06-10')
    await quoted(id, 'polygon', 12, '2022-06-10')
    await quoted(added, 'polygon', 13, '2022-06-08')
    await rename({ merge: true })
    const actions = await listActions(pool, id, { asOf: null })
    assert.deepEqual(actions.map(({ provider, newShares }) => [provider, newShares]).toSorted(), [
      ['polygon', 4],
      ['yahoo', 2],
    ])
    const { rows } = await pool.query(
      'SELECT provider, price FROM stockyard.quotes WHERE instrument_id = $1 ORDER BY provider',
      [id],
    )
    assert.deepEqual(rows, [
      { provider: 'polygon', price: 12 },
      { provider: 'yahoo', price: 11 },
    ])
  })

  it('is refused where both have bars of the same kind, unless one side is to be put aside', async () => {
    await addInstrument(pool, { symbol: FB })
    await makeSeries(FB, 'yahoo')
    const aside = await makeSeries(META, 'yahoo')
    await assert.rejects(rename({ merge: true }), { code: 'SYMBOL_EXISTS' })
    assert.deepEqual(await aliasesOf(FB), [[FB, null, null]])
    await rename({ merge: true, replace: true })
    const { id } = await getInstrument(pool, `${META}@2022-06-09`)
    const { rows } = await pool.query('SELECT instrument_id FROM stockyard.series WHERE id = $1', [
      aside,
    ])
    assert.deepEqual(rows, [{ instrument_id: id }])
  })

  const OWN: readonly [string, (id: number) => Promise<unknown>][] = [
    [
      'has bars of its own',
      async () => {
        const series = await makeSeries(META, 'yahoo')
        await pool.query('UPDATE stockyard.series_heads SET bars = 1 WHERE series_id = $1', [
          series,
        ])
      },
    ],
    [
      'has splits or dividends of its own',
      (instrumentId) =>
        inTransaction(pool, (connection) =>
          storeActions(
            connection,
            { instrumentId, provider: 'yahoo', runId: null, observedAt: JUNE_9 },
            { splits: [{ day: JUNE_9, newShares: 2, oldShares: 1 }], dividends: [] },
          ),
        ),
    ],
    [
      'has a price of its own',
      (id) =>
        pool.query(
          `INSERT INTO stockyard.quotes (instrument_id, provider, price, session, observed_at)
           VALUES ($1, 'yahoo', 10, '2022-06-08', '2022-06-08')`,
          [id],
        ),
    ],
    [
      'has a name of its own',
      (id) => pool.query("UPDATE stockyard.instruments SET name = 'Microsoft' WHERE id = $1", [id]),
    ],
    [
      'is watched by itself',
      (id) => pool.query('UPDATE stockyard.instruments SET watched = true WHERE id = $1', [id]),
    ],
  ]
  for (const [what, give] of OWN) {
    it(`is refused where the new symbol ${what}, since nothing parts the two again`, async () => {
      const { id } = await addInstrument(pool, { symbol: FB })
      const other = await addInstrument(pool, { symbol: META })
      await give(other.id)
      const refused = {
        kind: 'usage',
        code: 'RENAME_INVALID',
        message: `${META} ${what}, and may be another company than ${FB}.`,
      }
      await assert.rejects(rename(), refused)
      await assert.rejects(rename({ replace: true }), refused)
      await assert.rejects(rename(), ({ hint }: { hint: string }) => {
        assert.match(hint, new RegExp(`stockyard symbols show ${META}\\b`))
        assert.match(
          hint,
          new RegExp(`stockyard symbols rename ${FB} ${META} --on 2022-06-09 --merge\\b`),
        )
        return true
      })
      assert.equal((await getInstrument(pool, META)).id, other.id)
      assert.deepEqual(await aliasesOf(FB), [[FB, null, null]])
      await rename({ merge: true })
      assert.equal((await getInstrument(pool, META)).id, id)
    })
  }

  it('takes over a symbol that was merely added', async () => {
    const { id } = await addInstrument(pool, { symbol: FB })
    await addInstrument(pool, { symbol: META })
    await makeSeries(META, 'yahoo')
    await rename()
    assert.equal((await getInstrument(pool, META)).id, id)
  })

  it('can be renamed on another day after all, and on and back', async () => {
    await addInstrument(pool, { symbol: FB })
    await rename()
    await rename({ day: day('2022-06-10') })
    assert.deepEqual(await aliasesOf(FB), [
      [FB, null, '2022-06-10'],
      [META, '2022-06-10', null],
    ])
    await rename({ from: META, to: FB, day: day('2024-01-02') })
    assert.deepEqual(await aliasesOf(FB), [
      [FB, null, '2022-06-10'],
      [META, '2022-06-10', '2024-01-02'],
      [FB, '2024-01-02', null],
    ])
  })

  it('must name something, and not before it began to', async () => {
    await assert.rejects(rename(), { code: 'SYMBOL_UNKNOWN' })
    await addInstrument(pool, { symbol: FB })
    await rename()
    await assert.rejects(rename({ to: `X${count}` }), { code: 'SYMBOL_RENAMED' })
    await assert.rejects(rename({ from: META, to: `X${count}`, day: day('2022-06-09') }), {
      code: 'RENAME_INVALID',
    })
    await assert.rejects(rename({ from: META, to: META }), {
      code: 'RENAME_INVALID',
      hint: `See what is known of it: stockyard symbols show ${META}`,
    })
    await assert.rejects(rename({ from: META, to: FB, day: day('2022-06-01') }), {
      code: 'RENAME_INVALID',
    })
  })

  it('takes no bars that were on their way under the former symbol', async () => {
    await addInstrument(pool, { symbol: FB })
    await rename()
    await assert.rejects(makeSeries(FB, 'yahoo'), { code: 'SYMBOL_RENAMED' })
  })
})

describe('symbols as they were known', () => {
  it('are those of the instant, also after they were corrected', async () => {
    const { id } = await addInstrument(pool, { symbol: FB })
    const before = await databaseNow()
    await rename()
    const between = await databaseNow()
    await rename({ day: day('2022-06-10') })
    const other = await addInstrument(pool, { symbol: FB })
    assert.equal((await getInstrument(pool, FB, { asOf: before })).symbol, FB)
    assert.equal(await findInstrument(pool, META, { asOf: before }), null)
    assert.equal((await getInstrument(pool, FB, { asOf: between })).symbol, META)
    const on = JUNE_9
    assert.equal((await getInstrument(pool, META, { asOf: between, on })).id, id)
    assert.equal(await findInstrument(pool, META, { on }), null)
    assert.equal((await getInstrument(pool, FB, { asOf: between })).id, id)
    assert.equal((await getInstrument(pool, FB)).id, other.id)
  })
})

describe('a read as of now', () => {
  it('waits for a rename that is being written, and finds it then and afterwards', async () => {
    const { id } = await addInstrument(pool, { symbol: FB })
    const writer = await pool.connect()
    await writer.query('BEGIN')
    await renameSymbol(writer, { from: FB, to: META, day: JUNE_9, replace: false })
    const asOf = await databaseNow()
    const reading = settleAsOf(pool, asOf).then(() => findInstrument(pool, META, { asOf }))
    const isWaiting = async () => {
      const { rowCount } = await pool.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      )
      return rowCount !== 0
    }
    while (!(await isWaiting()));
    await writer.query('COMMIT')
    writer.release()
    assert.equal((await reading)?.id, id)
    assert.equal((await findInstrument(pool, META, { asOf }))?.id, id)
  })
})

describe('a symbol that is used again', () => {
  it('is freed on a day; what had it keeps its bars under its name of then', async () => {
    const { id } = await addInstrument(pool, { symbol: FB, watched: true })
    const seriesId = await makeSeries(FB, 'yahoo')
    const aside = await retire(FB, day('2020-03-02'))
    assert.equal(aside, `${FB}@2020-03-02`)
    const fresh = await addInstrument(pool, { symbol: FB })
    assert.notEqual(fresh.id, id)
    const old = await getInstrument(pool, aside)
    assert.deepEqual([old.id, old.watched, formatDate(old.delistedDay!)], [id, false, '2020-03-02'])
    assert.equal((await findInstrument(pool, FB, { on: day('2019-12-31') }))?.id, id)
    assert.notEqual(await makeSeries(FB, 'yahoo'), seriesId)
    const trading = await readTrading(pool, aside)
    assert.deepEqual(
      trading.aliases.map(({ symbol }) => symbol),
      [FB, aside],
    )
    await assert.rejects(addInstrument(pool, { symbol: `${FB}@2001-01-01` }), {
      code: 'SYMBOL_INVALID',
    })
  })
})

async function databaseNow(): Promise<number> {
  const { rows } = await pool.query<{ now: Date }>(
    "SELECT clock_timestamp() + interval '1 millisecond' AS now, pg_sleep(0.003)",
  )
  return rows[0]!.now.getTime()
}
