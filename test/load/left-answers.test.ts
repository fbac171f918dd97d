/**
 * Answers that a killed process had not stored: the next run takes them from the archive, and no call goes
 * out while an answer is neither stored nor archived.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import type { Archive } from '../../src/archive/archived-answer.ts'
import { openFileArchive } from '../../src/archive/file-archive.ts'
import { openPool, type Pool } from '../../src/db/connect.ts'
import { parseDay } from '../../src/domain/date.ts'
import { fetchAll, type FetchSummary } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient, type HttpClient } from '../../src/providers/fetch.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { rowsOf, storedRows } from '../support/store.ts'

const NOW = Date.parse('2026-06-06T12:00:00-04:00')
const PROVIDER = alphaVantage.id
const log = makeLogger({ level: 'silent', format: 'json' })
const clock = { now: () => NOW, sleep: () => Promise.resolve() }
const sandbox = await startSandbox({ port: 0, clock: clock.now })
const client = makeHttpClient({ clock, log, retries: 0 })
const folder = mkdtempSync(join(tmpdir(), 'stockyard-left-'))
after(async () => {
  await client.close()
  await sandbox.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The months of which Alpha Vantage gives one a call. */
function fetchMonths(
  pool: Pool,
  archive: Archive | undefined,
  symbol: string,
  from: string,
  until: string,
  calls: HttpClient = client,
): Promise<FetchSummary> {
  const config = { key: 'test-key', baseUrl: sandbox.url, budget: 'unlimited' }
  return fetchAll(
    {
      pool,
      client: calls,
      clock,
      log,
      ...(archive && { archive }),
      configs: { [PROVIDER]: config },
    },
    {
      symbols: [symbol],
      intervals: ['15m'],
      providers: [alphaVantage],
      from: parseDay(from),
      until: parseDay(until),
      force: false,
      defaultDays: 1,
    },
  )
}

it('stores what a run that was cut off had been answered, without a call, and once', async (t) => {
  const archive = openFileArchive({
    root: join(folder, 'archive'),
    clock,
    log,
    maxBytes: 1e9,
    maxDays: 9,
  })
  const first = (await makeDatabase(t)).pool
  await fetchMonths(first, archive, 'IBM', '2026-02-01', '2026-03-01')
  await fetchMonths(first, archive, 'KO', '2026-02-01', '2026-03-01')
  await archive.flush()

  // Another store, as it is after a process was killed that had the answers and not stored them.
  const { pool } = await makeDatabase(t)
  await fetchMonths(pool, undefined, 'MSFT', '2026-02-01', '2026-03-01')
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO stockyard.runs (job, status, started_at, finished_at)
     VALUES ('backfill', 'interrupted', '2026-06-06T15:30:00Z', clock_timestamp()) RETURNING id`,
  )
  await pool.query(
    `INSERT INTO stockyard.tasks (run_id, number, symbol, interval, provider, status)
     VALUES ($1, 1, 'IBM', '15m', $2, 'running'), ($1, 2, 'KO', '15m', $2, 'pending')`,
    [rows[0]!.id, PROVIDER],
  )
  const calls = sandbox.calls.count()
  const taken = await fetchMonths(pool, archive, 'IBM', '2026-02-01', '2026-03-01')
  assert.deepEqual([taken.status, taken.requests, sandbox.calls.count()], ['succeeded', 0, calls])
  const range = {
    from: parseDay('2026-02-01'),
    until: parseDay('2026-03-01'),
    hours: 'all',
  } as const
  const truth = rowsOf(sandbox.market.bars({ symbol: 'IBM', interval: '15m', ...range }))
  assert.equal(taken.inserted, truth.length)
  assert.deepEqual(await storedRows(pool, 'IBM', '15m'), truth)
  const again = await fetchMonths(pool, archive, 'IBM', '2026-02-01', '2026-03-01')
  assert.deepEqual([again.requests, again.fetched], [0, 0])
  // It had not been begun, so that its answer is of another run that stored what it got.
  const other = await fetchMonths(pool, archive, 'KO', '2026-02-01', '2026-03-01')
  assert.equal(other.requests, 1)
})

/** Resolves when a statement of this database waits for a lock that another one holds. */
async function untilBlocked(pool: Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ blocked: number }>(
      `SELECT count(*)::integer AS blocked FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    if (rows[0]!.blocked > 0) return
  }
}

for (const isKept of [false, true]) {
  const what = isKept ? 'goes out once it is archived' : 'does not go out before it is archived'
  it(`while an answer is being stored, the next call ${what}`, async (t) => {
    const { pool, url } = await makeDatabase(t)
    const watcher = openPool(url, { max: 2 })
    await fetchMonths(pool, undefined, 'IBM', '2026-02-01', '2026-03-01')
    const kept = Promise.withResolvers<boolean>()
    if (isKept) kept.resolve(true)
    const archive: Archive = {
      keep: () => undefined,
      kept: () => kept.promise,
      flush: () => Promise.resolve(),
    }
    const holder = await watcher.connect()
    const before = sandbox.calls.count()
    const second = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const gated: HttpClient = {
      ...client,
      sender: async () => {
        if (sandbox.calls.count() === before + 1) {
          second.resolve()
          await locked.promise
        }
        return client.sender()
      },
    }
    const fetching = fetchMonths(pool, archive, 'IBM', '2026-03-01', '2026-06-01', gated)
    // The first of three loads is waited for by itself, so the lock is for the second one.
    await second.promise
    await holder.query('BEGIN; SELECT FROM stockyard.series_heads FOR UPDATE')
    locked.resolve()
    await untilBlocked(watcher)
    if (isKept) {
      while (sandbox.calls.count() < before + 3) await watcher.query('SELECT 1')
    } else {
      for (let i = 0; i < 50; i += 1) await watcher.query('SELECT 1')
      assert.equal(sandbox.calls.count(), before + 2)
      kept.resolve(true)
      while (sandbox.calls.count() < before + 3) await watcher.query('SELECT 1')
    }
    await holder.query('COMMIT')
    holder.release()
    const { status, requests } = await fetching
    await watcher.end()
    assert.deepEqual([status, requests], ['succeeded', 3])
  })
}
