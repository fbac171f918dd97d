/** Late changes of final bars: how far the calls that are due anyway reach back, and what is found by it. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { parseCoverage } from '../../src/domain/coverage.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { planCalls } from '../../src/load/plan-calls.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { readRevisions } from '../../src/query/revisions.ts'
import { readRun } from '../../src/query/runs.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

const calendar = getCalendar('XNYS')

/** A vendor with one call a range, of at most `most` sessions, which changes bars for 3 or 10 sessions. */
function vendorOf(most = 1000): Provider {
  return {
    ...yahoo,
    reread: { daily: 3, weekly: 10 },
    planBars: ({ from, until, symbol, interval }) => {
      const count = Math.ceil(calendar.countSessions(from!, until) / most)
      const asked = { from: from!, until }
      return Array.from({ length: count }, (_, i) => {
        const request = { path: `/${from}/${until}/${i}`, params: {} }
        return { request, symbol, interval, asked, covers: asked, fallback: null }
      })
    },
  }
}

interface Case {
  readonly observed: string
  readonly now: string
  readonly covered: string
  readonly from?: string
  readonly until?: string
  readonly force?: boolean
}

function plan(given: Case, provider: Provider = vendorOf()): string[] {
  const wish = {
    interval: '1d',
    from: given.from === undefined ? null : parseDay(given.from),
    until: given.until === undefined ? null : parseDay(given.until),
    force: given.force ?? false,
    defaultDays: 90,
  } as const
  const known = {
    coverage: parseCoverage(`{${given.covered}}`),
    observedAt: Date.parse(given.observed),
  }
  const now = Date.parse(given.now)
  return planCalls(wish, 'IBM', provider, known, calendar, now).calls.map(
    ({ asked }) => `${formatDate(asked!.from)} ${formatDate(asked!.until)}`,
  )
}

describe('a call that is due', () => {
  // Covered up to Tuesday 2026-06-02, asked on Wednesday.
  const wednesday = {
    observed: '2026-06-02T21:00:00-04:00',
    now: '2026-06-03T21:00:00-04:00',
    covered: '[2026-01-02,2026-06-03)',
  }

  it('reaches back by the sessions that the vendor still changes', () => {
    // Friday, Monday and Tuesday.
    assert.deepEqual(plan(wednesday), ['2026-05-29 2026-06-04'])
  })

  it('reaches back further when it is the first of a week', () => {
    const monday = {
      observed: '2026-06-05T21:00:00-04:00',
      now: '2026-06-08T10:00:00-04:00',
      covered: '[2026-01-02,2026-06-08)',
    }
    // Ten sessions: the week from the 1st, and five of the week before, which Memorial Day had cut short.
    assert.deepEqual(plan(monday), ['2026-05-22 2026-06-09'])
  })

  it('reaches back once a day only', () => {
    const again = { ...wednesday, observed: '2026-06-03T10:00:00-04:00' }
    assert.deepEqual(plan(again), ['2026-06-03 2026-06-04'])
  })

  it('reaches no further than what is stored, or what was asked for', () => {
    const young = { ...wednesday, covered: '[2026-06-01,2026-06-03)' }
    assert.deepEqual(plan(young), ['2026-06-01 2026-06-04'])
    assert.deepEqual(plan({ ...wednesday, from: '2026-06-02' }), ['2026-06-02 2026-06-04'])
  })

  it('stays as it is where reaching back would cost a call more', () => {
    assert.deepEqual(plan(wednesday, vendorOf(4)), ['2026-05-29 2026-06-04'])
    assert.deepEqual(plan(wednesday, vendorOf(3)), ['2026-06-03 2026-06-04'])
  })

  it('stays as it is where it is for older days', () => {
    const hole = { ...wednesday, covered: '[2026-01-02,2026-03-02),[2026-03-09,2026-06-03)' }
    assert.deepEqual(plan({ ...hole, until: '2026-06-03' }), ['2026-03-02 2026-03-07'])
  })

  it('is not made for the sake of reaching back', () => {
    assert.deepEqual(
      plan({
        observed: '2026-06-05T21:00:00-04:00',
        now: '2026-06-07T12:00:00-04:00',
        covered: '[2026-01-02,2026-06-08)',
      }),
      [],
    )
  })
})

describe('a volume that Yahoo changes three sessions later', () => {
  it('is noticed by the next day’s call, told by the run, and kept as a revision', async (t) => {
    const { pool } = await makeDatabase(t as TestContext)
    let now = Date.parse('2026-06-02T21:00:00-04:00')
    const sandbox = await startSandbox({ port: 0, clock: () => now })
    const log = makeLogger({ level: 'silent', format: 'json' })
    const clock = { now: () => now, sleep: () => Promise.resolve() }
    const client = makeHttpClient({ clock, log, retries: 0 })
    t.after(async () => {
      await client.close()
      await sandbox.close()
    })
    const configs = { yahoo: { key: undefined, baseUrl: sandbox.url, budget: 'unlimited' } }
    const wish = { from: null, until: null, force: false, defaultDays: 60 }
    const fetch = () =>
      fetchAll(
        { pool, client, clock, log, configs },
        { ...wish, symbols: ['IBM'], intervals: ['1d'], providers: [yahoo] },
      )
    await fetch()
    const [bar] = [...sandboxVolume(sandbox, '2026-05-29')]
    sandbox.market.revise('IBM', '1d', parseDay('2026-05-29'), { volume: bar! + 700 })
    assert.equal((await fetch()).requests, 0)
    now = Date.parse('2026-06-03T21:00:00-04:00')
    const summary = await fetch()
    assert.deepEqual([summary.requests, summary.inserted, summary.updated], [1, 1, 1])
    const { tasks } = await readRun(pool, summary.run)
    assert.deepEqual(tasks[0]!.notes, ['1 final bar was changed'])
    const { data } = await readRevisions(pool, { symbol: 'IBM', limit: 10 })
    assert.deepEqual(
      data.map((one) => [one.session, one.old.volume, one.new?.volume, one.run]),
      [['2026-05-29', bar, bar! + 700, summary.run]],
    )
    assert.equal((await fetch()).requests, 0)
  })
})

function sandboxVolume(sandbox: Awaited<ReturnType<typeof startSandbox>>, day: string) {
  const from = parseDay(day)
  const until = from + 86_400_000
  return sandbox.market.bars({ symbol: 'IBM', interval: '1d', from, until, hours: 'all' }).volume
}
