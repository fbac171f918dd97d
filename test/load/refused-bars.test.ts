/** What a refused bar means for what is covered: asked for once more, and then no more. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { sliceBatch, takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { formatCoverage } from '../../src/domain/coverage.ts'
import { formatDate } from '../../src/domain/date.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { startRun } from '../../src/db/runs.ts'
import { findHead, type SeriesKey } from '../../src/db/series.ts'
import { acceptRejects, dropRejects } from '../../src/load/decide-rejects.ts'
import { listGaps } from '../../src/load/list-gaps.ts'
import { loadBatch } from '../../src/load/load-batch.ts'
import { readCoverage, readCoverageSummary } from '../../src/query/coverage.ts'
import { readRejects } from '../../src/query/rejects.ts'
import { calendar, dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
const day = (text: string) => Date.parse(text)
const all = dailyBars(day('2024-05-01'), day('2024-06-08'))
const bad = all.length - 3 // Wednesday 2024-06-05
const good = takeBars(
  all,
  Array.from(all.ts.keys()).filter((i) => i !== bad),
)

let series: SeriesKey
let count = 0
beforeEach(() => {
  count += 1
  series = { symbol: `T${count}`, interval: '1d', provider: 'alpha-vantage', basis: 'raw' }
})

/** Loads bars of an answer in which one more row was refused. */
async function load(
  batch: BarBatch,
  rule: string,
  values?: readonly number[],
  more: readonly { rule: string; reason: string; raw: string; ts: number | null }[] = [],
) {
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, 'fetch', {}, [series]),
  )
  return await loadBatch(pool, {
    series,
    calendar,
    settleMs: 4 * 3_600_000,
    runId,
    taskNumber: 1,
    batch,
    rejects: [
      {
        rule,
        reason: 'bad',
        raw: `row ${rule}`,
        ts: all.ts[bad]!,
        ...(values === undefined ? {} : { values }),
      },
      ...more,
    ],
    fetched: batch.length + 1 + more.length,
    covers: null,
    continuesFrom: null,
    receivedAt: Date.parse('2024-06-08T12:00:00-04:00'),
    actions: null,
    simulated: false,
  })
}

const WHO = { by: 'ada', reason: 'seen on the tape' }

async function rejectIds(rule: string): Promise<number[]> {
  const { data } = await readRejects(pool, { symbol: series.symbol, rule, limit: 10 })
  return data.map(({ id }) => id)
}

async function dropAll(rule: string): Promise<void> {
  await dropRejects({ pool }, await rejectIds(rule), WHO)
}

async function coverage() {
  return (await findHead(pool, series))!.coverage
}

async function gaps() {
  const search = { symbols: [series.symbol], from: null, until: null }
  const found = await listGaps(pool, search, getCalendar, Date.parse('2024-06-09T12:00:00Z'))
  return found.map(({ from, sessions, state }) => [formatDate(from), sessions, state])
}

/** The states that the API tells up to a Sunday noon, and their sums. */
async function states() {
  const now = Date.parse('2024-06-09T12:00:00Z')
  const { data } = await readCoverage(pool, { symbol: series.symbol, now, settleMsOf: () => 0 })
  const sums = await readCoverageSummary(pool, {}, now, () => 0)
  const { sessions, from, until } = sums.find(({ symbol }) => symbol === series.symbol)!
  return { ranges: data.map((range) => [range.from, range.state]), sessions, from, until }
}

describe('a bar that was refused', () => {
  it('is a gap, also where a row without a readable day leaves nothing covered', async () => {
    const unlabelled = { rule: 'timestamp', reason: 'bad', raw: 'row of no day', ts: null }
    await load(good, 'number', undefined, [unlabelled])
    assert.deepEqual(await coverage(), [])
    assert.deepEqual(await gaps(), [['2024-06-05', 1, 'missing']])
    assert.deepEqual(await states(), {
      ranges: [['2024-06-05', 'missing']],
      sessions: { missing: 1 },
      from: '2024-06-05',
      until: '2024-06-06',
    })
  })

  it('is a gap, also where nothing but another one, which a person had loaded, is covered', async () => {
    const before = bad - 2 // Monday 2024-06-03
    const others = Array.from(good.ts.keys()).filter((i) => i !== before)
    await load(
      takeBars(good, others),
      'volume',
      [1, 2, 1, 2, 10, Number.NaN, Number.NaN],
      [
        { rule: 'timestamp', reason: 'bad', raw: 'row of no day', ts: null },
        { rule: 'number', reason: 'bad', raw: 'row of Monday', ts: all.ts[before]! },
      ],
    )
    await acceptRejects({ pool, calendarOf: getCalendar }, await rejectIds('volume'), WHO)
    assert.equal(formatCoverage(await coverage()), '{[2024-06-05,2024-06-06)}')
    assert.deepEqual(await gaps(), [['2024-06-03', 1, 'missing']])
    assert.deepEqual(await states(), {
      // From the Saturday before the Monday in doubt on; after the newest answer nothing is final.
      ranges: [
        ['2024-06-01', 'missing'],
        ['2024-06-05', 'available'],
        ['2024-06-06', 'provisional'],
      ],
      sessions: { missing: 1, available: 1 },
      from: '2024-06-01',
      until: '2024-06-06',
    })
  })

  it('leaves its day open the first time, and is taken for the last word the second time', async () => {
    const first = await load(good, 'number')
    assert.equal(formatDate(first.watermark!), '2024-06-07')
    assert.equal(
      formatCoverage(await coverage()),
      '{[2024-05-01,2024-06-05),[2024-06-06,2024-06-10)}',
    )
    await load(good, 'number')
    assert.equal(formatCoverage(await coverage()), '{[2024-05-01,2024-06-10)}')
  })

  it('is a gap, also when it was refused again', async () => {
    await load(good, 'number')
    assert.deepEqual(await gaps(), [['2024-06-05', 1, 'missing']])
    await load(good, 'number')
    assert.deepEqual(await gaps(), [['2024-06-05', 1, 'missing']])
  })

  it('is no gap where the bar that came earlier is stored', async () => {
    await load(all, 'range')
    await load(good, 'number')
    assert.deepEqual(await gaps(), [])
    await load(sliceBatch(all, 0, 0), 'price-order')
    assert.deepEqual(await gaps(), [])
  })

  it('is no gap once a person says that it is no loss, nor when it comes again', async () => {
    await load(good, 'number')
    await load(good, 'volume')
    await dropAll('number')
    assert.deepEqual(await gaps(), [['2024-06-05', 1, 'missing']])
    await dropAll('volume')
    assert.deepEqual(await gaps(), [])
    assert.equal(formatCoverage(await coverage()), '{[2024-05-01,2024-06-10)}')
    await load(good, 'volume')
    assert.deepEqual(await gaps(), [])
    await load(all, 'volume')
    assert.deepEqual(await gaps(), [])
  })

  it('is no gap once it is accepted as it is', async () => {
    await load(good, 'number', [1, 2, 1, 2, 10, Number.NaN, Number.NaN])
    await load(good, 'number')
    const ids = await rejectIds('number')
    await acceptRejects({ pool, calendarOf: getCalendar }, ids, WHO)
    assert.deepEqual(await gaps(), [])
  })

  it('that belongs nowhere leaves nothing open', async () => {
    for (const rule of ['session', 'range', 'duplicate']) {
      count += 1
      series = { ...series, symbol: `T${count}` }
      await load(all, rule)
      assert.equal((await coverage()).length, 1, rule)
    }
  })
})
