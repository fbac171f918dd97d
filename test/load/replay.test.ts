/**
 * Archived answers read again: a parser that was broken and is mended, answers that overlap, stores
 * that are empty, and what must not be read.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test, type TestContext } from 'node:test'
import { openFileArchive } from '../../src/archive/file-archive.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import type { Pool } from '../../src/db/connect.ts'
import { fetchAll, type FetchSummary, type FetchWish } from '../../src/load/fetch-series.ts'
import { replay, type ReplaySummary, type ReplayWish } from '../../src/load/replay.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type { BarAnswer, Provider } from '../../src/providers/provider.ts'
import { readRevisions } from '../../src/query/revisions.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { findInconsistencies, rowsOf, storedRows } from '../support/store.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const SATURDAY = Date.parse('2026-06-06T12:00:00-04:00')
const DAY = 86_400_000

let pool: Pool
let sandbox: Sandbox
let root: string
let now = SATURDAY
beforeEach(async (t) => {
  pool = (await makeDatabase(t as never)).pool
  now = SATURDAY
  sandbox = await startSandbox({ port: 0, clock: () => now })
  root = join(mkdtempSync(join(tmpdir(), 'stockyard-replay-')), 'archive')
})
afterEach(async () => {
  await sandbox.close()
  rmSync(join(root, '..'), { recursive: true, force: true })
})

async function fetch(provider: Provider, wish: Partial<FetchWish> = {}): Promise<FetchSummary> {
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0, deadlineMs: 5000 })
  const archive = openFileArchive({ root, clock, log, maxBytes: 1e9, maxDays: 365 })
  const config = { key: 'test-key', baseUrl: sandbox.url, budget: 'unlimited' }
  try {
    return await fetchAll(
      { pool, client, clock, log, archive, configs: { [provider.id]: config } },
      {
        symbols: ['IBM'],
        intervals: ['1d'],
        providers: [provider],
        from: null,
        until: null,
        force: false,
        defaultDays: 90,
        ...wish,
      },
    )
  } finally {
    await client.close()
    await archive.flush()
    assert.equal(archive.lost(), 0)
  }
}

function read(wish: Partial<ReplayWish> = {}, providers = [alphaVantage]): Promise<ReplaySummary> {
  const received = { from: null, until: null }
  return replay({ pool, root, providers }, { symbols: [], received, dryRun: false, ...wish })
}

/** A parser that does something wrong to what the right one read. */
function broken(harm: (answer: BarAnswer) => BarAnswer): Provider {
  return {
    ...alphaVantage,
    parseBars: (...given) => {
      const answer = alphaVantage.parseBars(...given)
      return answer.ok ? harm(answer) : answer
    },
  }
}

/** Takes high for low where the close is even in cents: those rows are refused. */
const swapping = broken((answer) => {
  const low = answer.batch.low.slice()
  answer.batch.close.forEach((close, i) => {
    if (Math.round(close * 100) % 2 === 0) low[i] = answer.batch.high[i]! + 1
  })
  return { ...answer, batch: { ...answer.batch, low } }
})

function truth(from: string) {
  const until = parseDay('2030-01-01')
  const query = {
    symbol: 'IBM',
    interval: '1d',
    from: parseDay(from),
    until,
    hours: 'all',
  } as const
  return rowsOf(sandbox.market.bars(query))
}

async function firstStored(): Promise<string> {
  return formatDate((await storedRows(pool, 'IBM', '1d'))[0]![0])
}

test('rows that a broken parser had refused are there after the mended one read the archive', async () => {
  const fetched = await fetch(swapping)
  assert.ok(fetched.rejected > 10 && fetched.inserted > 10)
  const calls = sandbox.calls.count()
  const replayed = await read()
  assert.equal(sandbox.calls.count(), calls)
  assert.deepEqual(
    [replayed.status, replayed.requests, replayed.fetched, replayed.inserted, replayed.rejected],
    ['succeeded', 0, fetched.fetched, fetched.rejected, 0],
  )
  assert.deepEqual(replayed.answers, { read: 1, loaded: 1, other_kind: 0, damaged_lines: 0 })
  assert.deepEqual(await storedRows(pool, 'IBM', '1d'), truth(await firstStored()))
  assert.deepEqual(await findInconsistencies(pool), [])
  const { rows } = await pool.query('SELECT job, status FROM stockyard.runs ORDER BY id')
  assert.deepEqual(rows, [
    { job: 'fetch', status: 'succeeded' },
    { job: 'replay', status: 'succeeded' },
  ])
})

test('it notes where bars are judged by the sessions of another exchange', async () => {
  await fetch(alphaVantage)
  const elsewhere = broken((answer) => ({
    ...answer,
    overview: {
      ok: true,
      symbol: 'IBM',
      name: null,
      kind: 'stock',
      exchange: 'XTAE',
      currency: null,
      sector: null,
      industry: null,
      metadata: { exchangeTimezoneName: 'Asia/Jerusalem' },
    },
  }))
  const { run } = await read({}, [elsewhere])
  const { rows } = await pool.query('SELECT notes FROM stockyard.tasks WHERE run_id = $1', [run])
  assert.match(
    String(rows[0].notes),
    /^it trades at XTAE \(Asia\/Jerusalem\), whose sessions are not/,
  )
})

test('what it reads again without news changes nothing, twice, though the vendor changed a bar', async () => {
  await fetch(alphaVantage)
  const day = parseDay('2026-05-20')
  const [before] = truth('2026-05-20')
  sandbox.market.revise('IBM', '1d', day, { volume: before![5] + 1 })
  now += 3 * DAY
  await fetch(alphaVantage, { force: true })
  const { data: revised } = await readRevisions(pool, { symbol: 'IBM', limit: 10 })
  assert.equal(revised.length, 1)
  for (let time = 0; time < 2; time += 1) {
    const { inserted, updated, rejected, answers } = await read()
    assert.deepEqual([inserted, updated, rejected, answers.loaded], [0, 0, 0, 2])
  }
  assert.deepEqual((await readRevisions(pool, { symbol: 'IBM', limit: 10 })).data, revised)
})

test('wrong values of several answers are mended, also where a later answer has not the bar', async () => {
  const wrong = broken((answer) => ({
    ...answer,
    batch: { ...answer.batch, volume: answer.batch.volume.map((volume) => volume + 1) },
  }))
  await fetch(wrong)
  // Long enough that the compact answer of then does not reach back to the first bars.
  now += 40 * DAY
  await fetch(wrong)
  assert.notDeepEqual(await storedRows(pool, 'IBM', '1d'), truth(await firstStored()))
  const replayed = await read()
  assert.equal(replayed.inserted, 0)
  assert.equal(replayed.updated, (await storedRows(pool, 'IBM', '1d')).length)
  assert.deepEqual(await storedRows(pool, 'IBM', '1d'), truth(await firstStored()))
  assert.deepEqual(await findInconsistencies(pool), [])
})

test('a newer answer that is not in the archive is not overwritten', async () => {
  await fetch(alphaVantage)
  const day = parseDay('2026-05-20')
  const [before] = truth('2026-05-20')
  sandbox.market.revise('IBM', '1d', day, { volume: before![5] + 1 })
  now += DAY
  await fetch(alphaVantage, { force: true })
  const stored = await storedRows(pool, 'IBM', '1d')
  const { inserted, updated } = await read({ received: { from: null, until: SATURDAY + 1 } })
  assert.deepEqual([inserted, updated], [0, 0])
  assert.deepEqual(await storedRows(pool, 'IBM', '1d'), stored)
})

test('bars are provisional or final as of the day on which the answer came', async (t) => {
  now = Date.parse('2026-06-05T11:00:00-04:00')
  const fetched = await fetch(alphaVantage)
  pool = (await makeDatabase(t as TestContext)).pool
  const replayed = await read()
  assert.equal(replayed.tasks[0]!.watermark, fetched.tasks[0]!.watermark)
  assert.equal(replayed.tasks[0]!.watermark, '2026-06-04')
  const { rows } = await pool.query<{ state: string; bars: number }>(
    'SELECT state, count(*) AS bars FROM stockyard.bars GROUP BY 1 ORDER BY 1',
  )
  assert.deepEqual(rows, [
    { state: 'final', bars: replayed.inserted - 1 },
    { state: 'provisional', bars: 1 },
  ])
})

test('an empty store is filled from the archive alone', async (t) => {
  await fetch(alphaVantage, { intervals: ['1d', '5m'] })
  const stored = await storedRows(pool, 'IBM', '5m')
  pool = (await makeDatabase(t as TestContext)).pool
  const replayed = await read()
  assert.equal(replayed.tasks.length, 2)
  assert.deepEqual(await storedRows(pool, 'IBM', '5m'), stored)
  assert.deepEqual(await findInconsistencies(pool), [])
})

test('a dry run counts what is good and what is refused, and stores nothing', async () => {
  const fetched = await fetch(alphaVantage)
  const before = await pool.query('SELECT count(*) FROM stockyard.runs')
  const tried = await read({ dryRun: true }, [swapping])
  assert.equal(tried.run, null)
  assert.ok(tried.rejected > 10)
  assert.deepEqual([tried.fetched, tried.inserted], [fetched.fetched, 0])
  assert.deepEqual((await pool.query('SELECT count(*) FROM stockyard.runs')).rows, before.rows)
})

test('answers that bring nothing are listed with the reason; only lost understanding is a failure', async () => {
  sandbox.faults.add({ fault: 'information-premium', times: 1, match: { outputsize: 'full' } })
  sandbox.faults.add({ fault: 'html', times: 1 })
  await fetch(alphaVantage, { defaultDays: 400 })
  const good = await read()
  assert.equal(good.status, 'succeeded')
  assert.deepEqual(good.silent.map(({ failure }) => failure).toSorted(), [
    'entitlement',
    'malformed',
  ])
  const worse = broken(() => {
    throw new Error('no such column')
  })
  const bad = await read({}, [worse])
  assert.equal(bad.status, 'failed')
  assert.equal(bad.tasks[0]!.error?.code, 'ARCHIVE_UNREADABLE')
  const crash = bad.silent.find(({ failure }) => failure === 'crash')
  assert.match(crash!.message, /no such column/)
})

test('a body that was removed is told, and one that is damaged is a failure', async () => {
  await fetch(alphaVantage)
  const folder = readdirSync(root).find((name) => name.startsWith('2026'))
  const body = readdirSync(join(root, folder!)).find((name) => name.endsWith('.zst'))
  truncateSync(join(root, folder!, body!), 20)
  const damaged = await read()
  assert.deepEqual([damaged.status, damaged.silent[0]!.failure], ['failed', 'damaged'])
  rmSync(join(root, folder!, body!))
  const gone = await read()
  assert.deepEqual([gone.status, gone.silent[0]!.failure], ['succeeded', 'gone'])
})

test('simulated answers stay out of a store of real data', async (t) => {
  await fetch(alphaVantage)
  pool = (await makeDatabase(t as TestContext)).pool
  await pool.query('INSERT INTO stockyard.store_kind (simulated) VALUES (false)')
  const { answers, tasks } = await read()
  assert.deepEqual([answers.other_kind, tasks], [1, []])
})

test('only the symbols and vendors that were named are read', async () => {
  await fetch(alphaVantage, { symbols: ['IBM', 'MSFT'] })
  const { tasks } = await read({ symbols: ['MSFT'] })
  assert.deepEqual(
    tasks.map(({ symbol }) => symbol),
    ['MSFT'],
  )
  assert.deepEqual((await read({}, [{ ...alphaVantage, id: 'other' }])).tasks, [])
})

test('where a vendor restates after a split, answers from before it are left out', async () => {
  // A vendor whose answers tell of a 2:1 split on the Tuesday, from then on.
  const split = { day: parseDay('2026-06-09'), newShares: 2, oldShares: 1 }
  const restating: Provider = {
    ...alphaVantage,
    basis: 'split',
    parseBars: (body, request, context) => {
      const answer = alphaVantage.parseBars(body, request, context)
      const splits = context.receivedAt > split.day ? [split] : []
      return answer.ok ? { ...answer, actions: { splits, dividends: [] } } : answer
    },
  }
  await fetch(restating)
  now += 7 * DAY
  await fetch(restating, { force: true })
  const { silent, answers } = await read({ dryRun: true }, [restating])
  assert.equal(answers.loaded, answers.read - 1)
  assert.deepEqual(
    silent.map(({ failure, received_at: at }) => [failure, at.slice(0, 10)]),
    [['old-basis', '2026-06-06']],
  )
})
