/**
 * The main job against the simulated exchange over real HTTP: fetched twice, revised, refused, out of
 * order in the middle, and taken up again.
 */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { holdsDay } from '../../src/domain/coverage.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import type { Pool } from '../../src/db/connect.ts'
import { findHead } from '../../src/db/series.ts'
import { readRevisions } from '../../src/query/revisions.ts'
import { fetchAll, type FetchSummary, type FetchWish } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { findInconsistencies, rowsOf, storedRows } from '../support/store.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const FIVE = ['AAPL', 'GOOGL', 'MSFT', 'AMZN', 'TSLA']
const SATURDAY = Date.parse('2026-06-06T12:00:00-04:00')

let pool: Pool
let sandbox: Sandbox
let now = SATURDAY
let fresh: Awaited<ReturnType<typeof makeDatabase>>
beforeEach(async (t) => {
  fresh = await makeDatabase(t as never)
  pool = fresh.pool
  now = SATURDAY
  sandbox = await startSandbox({ port: 0, clock: () => now })
})
afterEach(() => sandbox.close())

async function fetch(wish: Partial<FetchWish> = {}): Promise<FetchSummary> {
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 1, deadlineMs: 5000 })
  try {
    return await fetchAll(
      {
        pool,
        client,
        clock,
        log,
        configs: {
          'alpha-vantage': { key: 'test-key', baseUrl: sandbox.url, budget: 'unlimited' },
        },
      },
      {
        symbols: ['IBM'],
        intervals: ['1d'],
        providers: [alphaVantage],
        from: null,
        until: null,
        force: false,
        defaultDays: 90,
        ...wish,
      },
    )
  } finally {
    await client.close()
  }
}

function truth(symbol: string, interval: Interval, from: string) {
  const bars = sandbox.market.bars({
    symbol,
    interval,
    from: parseDay(from),
    until: parseDay('2030-01-01'),
    hours: 'all',
  })
  return rowsOf(bars)
}

describe('fetching', () => {
  it('stores just what the exchange has, at every interval', async () => {
    for (const interval of ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo'] as const) {
      const summary = await fetch({ intervals: [interval], from: parseDay('2026-04-15') })
      assert.deepEqual([summary.status, summary.rejected], ['succeeded', 0], interval)
      const rows = await storedRows(pool, 'IBM', interval)
      const from = formatDate(rows[0]![0])
      const expected = truth('IBM', interval, from).filter(([ts]) => ts >= rows[0]![0])
      assert.ok(rows.length > 2)
      assert.deepEqual(rows, expected, interval)
      assert.ok(from <= '2026-04-15', `${interval} begins on ${from}`)
    }
    assert.deepEqual(await findInconsistencies(pool), [])
  })

  it('asks nothing and writes nothing when all is final', async () => {
    const wish = { symbols: FIVE, intervals: ['1d', '5m', '1wk'] as Interval[] }
    const first = await fetch(wish)
    assert.equal(first.status, 'succeeded')
    const calls = sandbox.calls.count()
    const again = await fetch(wish)
    assert.deepEqual(
      [again.requests, again.fetched, again.inserted, again.updated, sandbox.calls.count() - calls],
      [0, 0, 0, 0, 0],
    )
    assert.deepEqual(
      again.tasks.map((task) => task.watermark),
      FIVE.flatMap(() => ['2026-06-05', '2026-06-05', '2026-06-01']),
    )
  })

  it('asks only for the running session, whose bars are provisional until it has settled', async () => {
    await fetch()
    now = Date.parse('2026-06-08T11:00:00-04:00')
    const live = await fetch()
    assert.deepEqual([live.requests, live.inserted, live.updated], [1, 1, 0])
    assert.equal(live.tasks[0]!.watermark, '2026-06-05')
    now = Date.parse('2026-06-08T15:00:00-04:00')
    const later = await fetch()
    assert.deepEqual([later.requests, later.inserted, later.updated], [1, 0, 1])
    now = Date.parse('2026-06-08T23:00:00-04:00')
    const settled = await fetch()
    assert.equal(settled.tasks[0]!.watermark, '2026-06-08')
    assert.equal((await fetch()).requests, 0)
    assert.deepEqual((await readRevisions(pool, { symbol: 'IBM', limit: 10 })).data, [])
    assert.deepEqual(
      await storedRows(pool, 'IBM', '1d'),
      truth('IBM', '1d', formatDate((await storedRows(pool, 'IBM', '1d'))[0]![0])),
    )
  })

  it('never leaves two rows for a week whose label moves', async () => {
    now = Date.parse('2026-06-09T21:30:00-04:00')
    await fetch({ intervals: ['1wk', '1mo'] })
    now = Date.parse('2026-06-11T21:30:00-04:00')
    const moved = await fetch({ intervals: ['1wk', '1mo'] })
    assert.deepEqual([moved.inserted, moved.updated], [0, 2])
    assert.deepEqual(await findInconsistencies(pool), [])
  })
})

describe('a value that the vendor changes', () => {
  it('is updated, and the value before is a revision', async () => {
    await fetch()
    const day = parseDay('2026-05-20')
    const [before] = truth('IBM', '1d', '2026-05-20')
    sandbox.market.revise('IBM', '1d', day, { volume: before![5] + 1 })
    const summary = await fetch({ force: true, from: parseDay('2026-04-01') })
    assert.deepEqual([summary.inserted, summary.updated], [0, 1])
    const { data: revisions } = await readRevisions(pool, { symbol: 'IBM', limit: 10 })
    assert.equal(revisions.length, 1)
    assert.equal(revisions[0]!.run, summary.run)
    assert.deepEqual(
      [revisions[0]!.old?.volume, revisions[0]!.new?.volume],
      [before![5], before![5] + 1],
    )
    assert.equal((await fetch({ force: true, from: parseDay('2026-04-01') })).updated, 0)
  })
})

describe('bad rows', () => {
  it('go to rejects with their raw text while the good ones are stored', async () => {
    for (const fault of ['null-rows', 'absurd-rows']) {
      sandbox.faults.clear()
      sandbox.faults.add({ fault })
      const symbol = fault === 'null-rows' ? 'IBM' : 'MSFT'
      const summary = await fetch({ symbols: [symbol] })
      assert.equal(summary.status, 'succeeded')
      assert.ok(summary.rejected > 0 && summary.inserted > 0, fault)
      assert.equal(summary.fetched, summary.inserted + summary.rejected)
      const { rows } = await pool.query<{ raw: string; rule: string }>(
        'SELECT raw, rule FROM stockyard.rejects WHERE run_id = $1',
        [summary.run],
      )
      assert.equal(rows.length, summary.rejected)
      for (const { raw } of rows) assert.match(raw, /"\d{4}-\d\d-\d\d[ \d:]*": \{/)
    }
    assert.deepEqual(await findInconsistencies(pool), [])
  })

  it('are asked for once more, and mended by an answer that is good', async () => {
    sandbox.faults.add({ fault: 'null-rows', times: 1 })
    const spoilt = await fetch()
    const mended = await fetch()
    assert.deepEqual([mended.requests, mended.inserted, mended.rejected], [1, spoilt.rejected, 0])
    const rows = await storedRows(pool, 'IBM', '1d')
    assert.deepEqual(rows, truth('IBM', '1d', formatDate(rows[0]![0])))
    assert.equal((await fetch()).requests, 0)
  })

  it('that come again word for word are not asked for a third time', async () => {
    sandbox.faults.add({ fault: 'null-rows' })
    const spoilt = await fetch()
    assert.ok(spoilt.rejected > 0)
    assert.equal((await fetch()).requests, 1)
    assert.equal((await fetch()).requests, 0)
  })
})

describe('labels that are ends', () => {
  it('are shifted back to starts, and the run says so', async () => {
    sandbox.faults.add({ fault: 'end-labels' })
    const summary = await fetch({ intervals: ['5m'], from: parseDay('2026-05-18') })
    assert.equal(summary.status, 'succeeded')
    const rows = await storedRows(pool, 'IBM', '5m')
    assert.deepEqual(rows, truth('IBM', '5m', formatDate(rows[0]![0])))
    const { rows: tasks } = await pool.query(
      'SELECT notes FROM stockyard.tasks WHERE run_id = $1',
      [summary.run],
    )
    assert.deepEqual(tasks[0], { notes: ['labels are bar ends: shifted back by 5m'] })
  })
})

describe('a vendor that fails in the middle', () => {
  for (const fault of [
    'http-500',
    'reset',
    'truncated',
    'html',
    'empty-object',
    'error-message',
    'other-symbol',
  ]) {
    it(`fails that symbol by name and no other: ${fault}`, async () => {
      await fetch({ symbols: FIVE })
      now = Date.parse('2026-06-09T23:00:00-04:00')
      sandbox.faults.add({ fault, match: { symbol: 'MSFT' } })
      const broken = await fetch({ symbols: FIVE })
      assert.equal(broken.status, 'partial')
      const failed = broken.tasks.filter((task) => task.status === 'failed')
      assert.deepEqual(
        failed.map((task) => task.symbol),
        ['MSFT'],
      )
      assert.equal(failed[0]!.watermark, '2026-06-05')
      assert.ok(failed[0]!.error!.message.length > 10)
      assert.doesNotMatch(JSON.stringify(broken), /test-key/)
      sandbox.faults.clear()
      const next = await fetch({ symbols: FIVE })
      assert.equal(next.status, 'succeeded')
      assert.equal(next.requests, 1)
      assert.deepEqual(new Set(next.tasks.map((task) => task.watermark)), new Set(['2026-06-09']))
      assert.deepEqual(await findInconsistencies(pool), [])
    })
  }

  it('loses nothing of the months before when it fails in the middle of a history', async () => {
    sandbox.faults.add({ fault: 'http-500', after: 2 })
    const wish = {
      intervals: ['1h'] as Interval[],
      from: parseDay('2025-11-03'),
      until: parseDay('2026-04-01'),
    }
    const broken = await fetch(wish)
    assert.equal(broken.status, 'failed')
    assert.equal(broken.tasks[0]!.watermark, '2025-12-31')
    assert.deepEqual(await findInconsistencies(pool), [])
    sandbox.faults.clear()
    const rest = await fetch(wish)
    assert.deepEqual([rest.status, rest.requests], ['succeeded', 3])
    const rows = await storedRows(pool, 'IBM', '1h')
    assert.deepEqual(
      rows,
      truth('IBM', '1h', '2025-11-03').filter(([ts]) => ts < Date.parse('2026-04-01T04:00Z')),
    )
  })

  it('ends all tasks at once when the calls of the day are used up', async () => {
    sandbox.faults.add({ fault: 'information-day' })
    const summary = await fetch({ symbols: Array.from({ length: 12 }, (_, i) => `SIM${i + 1}`) })
    assert.equal(summary.status, 'failed')
    assert.deepEqual(
      new Set(summary.tasks.map((task) => task.error?.code)),
      new Set(['BUDGET_EXHAUSTED']),
    )
    // Six tasks run at a time, so as many calls can be on their way when the first refusal comes.
    assert.ok(summary.requests <= 6, `${summary.requests} calls`)
  })
})

describe('a budget that is used up', () => {
  it('does not fail series that need no call', async () => {
    await fetch({ symbols: ['AAPL', 'MSFT'] })
    sandbox.faults.add({ fault: 'information-day', match: { symbol: 'SIM1' } })
    const summary = await fetch({
      symbols: ['SIM1', 'SIM2', 'SIM3', 'SIM4', 'SIM5', 'AAPL', 'MSFT'],
    })
    assert.deepEqual(
      summary.tasks
        .filter((task) => task.status === 'succeeded')
        .map((task) => task.symbol)
        .slice(-2),
      ['AAPL', 'MSFT'],
    )
    assert.equal(summary.tasks[0]!.error?.code, 'BUDGET_EXHAUSTED')
  })
})

describe('history that is asked for from before the first bar', () => {
  // Public record: Facebook was listed on 2012-05-18.
  const wish = {
    symbols: ['META'],
    intervals: ['1h'] as Interval[],
    from: parseDay('2012-01-03'),
    until: parseDay('2012-08-01'),
  }

  it('costs two calls for what is not there, once, and is proven not to be offered', async () => {
    const first = await fetch(wish)
    assert.deepEqual([first.tasks[0]!.error, first.requests], [null, 5])
    const key = { symbol: 'META', interval: '1h', provider: 'alpha-vantage', basis: 'raw' } as const
    const head = (await findHead(pool, key))!
    const range = [parseDay('2012-01-01'), parseDay('2012-05-18')]
    assert.deepEqual(
      head.noTrades.map(({ from, until }) => [from, until]),
      [range],
    )
    assert.ok(holdsDay(head.coverage, range[0]!))
    const again = await fetch(wish)
    assert.deepEqual([again.status, again.requests], ['succeeded', 0])
    const forced = await fetch({ ...wish, until: parseDay('2012-03-01'), force: true })
    assert.deepEqual([forced.status, forced.requests], ['succeeded', 2])
  })

  it('is recognised also where the first bars are there already', async () => {
    await fetch({ ...wish, from: parseDay('2012-05-01') })
    const before = await fetch({ ...wish, from: parseDay('2012-04-02') })
    assert.deepEqual([before.status, before.requests], ['succeeded', 1])
    const earlier = await fetch({ ...wish, from: parseDay('2012-01-03') })
    assert.deepEqual([earlier.status, earlier.requests], ['succeeded', 2])
    const again = await fetch(wish)
    assert.deepEqual([again.status, again.requests], ['succeeded', 0])
  })
})

describe('a symbol that does not exist', () => {
  it('fails by name, costs at most two calls, and leaves no trace among the instruments', async () => {
    const summary = await fetch({
      symbols: ['NOSUCH'],
      intervals: ['5m'],
      from: parseDay('2020-01-01'),
    })
    assert.equal(summary.status, 'failed')
    assert.equal(summary.requests, 2)
    const { rows } = await pool.query('SELECT symbol FROM stockyard.symbols')
    assert.deepEqual(rows, [])
  })
})
