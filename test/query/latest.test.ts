/** The latest bar and the quote. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Connection, Pool } from '../../src/db/connect.ts'
import { findInstrument } from '../../src/db/instruments.ts'
import { upsertQuote } from '../../src/db/quotes.ts'
import { changeOf, findLatest, readQuote } from '../../src/query/latest.ts'
import { makeDatabase } from '../support/database.ts'
import { AAPL_DAILY, day, fillStore, FRIDAY } from '../support/filled-store.ts'

const { pool } = await makeDatabase()
await fillStore(pool)

async function latestOf(
  db: Pool | Connection,
  symbol: string,
  interval: '1d' | '1m',
  provider: string,
) {
  const query = { symbol, interval, provider, now: FRIDAY, live: true }
  return (await findLatest(db, query)).bar
}

describe('the latest bar', () => {
  it('is the last one of the interval, provisional while its session is open', async () => {
    const latest = await latestOf(pool, 'aapl', '1d', 'auto')
    assert.deepEqual(
      [latest.symbol, latest.session, latest.close, latest.state],
      ['AAPL', '2024-06-07', AAPL_DAILY.close.at(-1), 'provisional'],
    )
    assert.equal((await latestOf(pool, 'AAPL', '1m', 'alpha-vantage')).ts, '2024-06-05T19:59:00Z')
  })

  it('opens no page for a final bar', async (t) => {
    const connection = await pool.connect()
    t.after(async () => {
      await connection.query('ROLLBACK')
      connection.release()
    })
    await connection.query('BEGIN')
    await connection.query('DROP TABLE stockyard.pages CASCADE')
    assert.equal((await latestOf(connection, 'AAPL', '1m', 'auto')).ts, '2024-06-05T19:59:00Z')
    assert.equal((await readQuote(connection, 'AAPL')).price, 196.5)
  })

  it('is missing with a hint where nothing is stored', async () => {
    await assert.rejects(latestOf(pool, 'XOM', '1d', 'auto'), { code: 'BARS_NONE' })
    await assert.rejects(latestOf(pool, 'AAPL', '1d', 'yahoo'), { code: 'BARS_NONE' })
  })
})

describe('the quote', () => {
  it('is the one taken last, with its change', async () => {
    assert.deepEqual(await readQuote(pool, 'AAPL'), {
      symbol: 'AAPL',
      provider: 'alpha-vantage',
      source: 'quote',
      price: 196.5,
      open: 194.65,
      high: 196.94,
      low: 194.14,
      previous_close: 194.48,
      // 196.50 - 194.48, and that over 194.48.
      change: 2.02,
      change_percent: 1.0387,
      volume: 53_103_912,
      session: '2024-06-07',
      observed_at: '2024-06-07T19:30:00Z',
    })
  })

  it('falls back to the latest daily bar', async () => {
    const quote = await readQuote(pool, 'MSFT')
    assert.deepEqual([quote.source, quote.session], ['1d', '2024-06-07'])
    assert.equal(quote.price, AAPL_DAILY.close.at(-1)! + 50)
    await assert.rejects(readQuote(pool, 'XOM'), { code: 'BARS_NONE' })
  })

  it('is not overwritten by an older one', async () => {
    const { id } = (await findInstrument(pool, 'XOM'))!
    const quote = {
      provider: 'p',
      open: null,
      high: null,
      low: null,
      previousClose: null,
      volume: null,
    }
    const sessionDay = day('2024-06-07')
    await upsertQuote(pool, id, { ...quote, price: 2, sessionDay, observedAt: FRIDAY })
    await upsertQuote(pool, id, { ...quote, price: 1, sessionDay, observedAt: FRIDAY - 1 })
    assert.equal((await readQuote(pool, 'XOM')).price, 2)
    await upsertQuote(pool, id, { ...quote, price: 3, sessionDay, observedAt: FRIDAY + 1 })
    const { price, change } = await readQuote(pool, 'XOM')
    assert.deepEqual([price, change], [3, null])
  })
})

describe('a change', () => {
  it('is absent without a close before', () => {
    assert.deepEqual(changeOf(5, null), { change: null, change_percent: null })
    assert.deepEqual(changeOf(5, 0), { change: null, change_percent: null })
    assert.deepEqual(changeOf(0.3, 0.1), { change: 0.2, change_percent: 200 })
  })
})
