/** Loads that get in each other's way: whoever loses to the other does its transaction again. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inRetriedTransaction } from '../../src/db/connect.ts'
import { findHead } from '../../src/db/series.ts'
import { parseDay } from '../../src/domain/date.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries } from '../support/loaded-series.ts'

const { pool } = await makeDatabase()
const FROM = parseDay('2026-05-01')
const DAYS = { symbol: 'ACME', interval: '1d', provider: 'yahoo', basis: 'split' } as const
const WEEKS = { ...DAYS, interval: '1wk' } as const

async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
       WHERE NOT l.granted AND a.datname = current_database()`,
    )
    if (rowCount !== 0) return
  }
}

it('a load that learns of a split and ends in a deadlock is done again', async () => {
  await loadSeries(pool, DAYS, dailyBars(FROM, parseDay('2026-05-16')), parseDay('2026-05-16'))
  const mondays = dailyBars(parseDay('2026-05-04'), parseDay('2026-05-05'))
  await loadSeries(pool, WEEKS, mondays, parseDay('2026-05-16'))
  const days = (await findHead(pool, DAYS))!.seriesId
  const weeks = (await findHead(pool, WEEKS))!.seriesId
  const other = await pool.connect()
  const lock = (id: number) =>
    other.query('SELECT FROM stockyard.series_heads WHERE series_id = $1 FOR UPDATE', [id])
  await other.query('BEGIN')
  await lock(weeks)
  const split = { day: parseDay('2026-05-19'), newShares: 2, oldShares: 1 }
  const actions = { splits: [split], dividends: [] }
  const fresh = dailyBars(parseDay('2026-05-18'), parseDay('2026-05-20'))
  const loading = loadSeries(pool, DAYS, fresh, parseDay('2026-05-21'), actions)
  // Whoever has waited longer finds out and gives way.
  await untilSomebodyWaits()
  await lock(days)
  await other.query('ROLLBACK')
  other.release()
  await loading
  // Eleven sessions of before and two new ones; what was covered of both series is to be fetched again.
  assert.equal((await findHead(pool, DAYS))!.bars, 13)
  assert.deepEqual((await findHead(pool, WEEKS))!.coverage, [])
})

/** How often a transaction is tried that ends with an error of a state each time. */
async function triesOf(state: string): Promise<number> {
  let count = 0
  const lost = inRetriedTransaction(pool, async (connection) => {
    count += 1
    await connection.query(`DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '${state}'; END $$`)
  })
  await assert.rejects(lost, /lost/)
  return count
}

it('what loses each time is given up in the end, and what fails otherwise at once', async () => {
  assert.deepEqual(
    [await triesOf('40001'), await triesOf('40P01'), await triesOf('23505')],
    [6, 6, 1],
  )
})
