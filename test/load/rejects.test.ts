/** What becomes of refused rows: accepted, dropped, or judged again by today's parsers and rules. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { openFileArchive } from '../../src/archive/file-archive.ts'
import { barAt, takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { readPageChanges, readPageRange } from '../../src/db/pages.ts'
import type { RejectRow } from '../../src/db/rejects.ts'
import type { StockyardError } from '../../src/domain/error.ts'
import { startRun } from '../../src/db/runs.ts'
import { findHead, type SeriesKey } from '../../src/db/series.ts'
import { acceptRejects, dropRejects } from '../../src/load/decide-rejects.ts'
import { loadBatch } from '../../src/load/load-batch.ts'
import { revalidate } from '../../src/load/revalidate.ts'
import { makeLogger } from '../../src/log.ts'
import type { CorporateActions } from '../../src/providers/provider.ts'
import { readReject, readRejects } from '../../src/query/rejects.ts'
import { calendar, dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
const day = (text: string) => Date.parse(text)
const SATURDAY = Date.parse('2024-06-08T12:00:00-04:00')
const WEDNESDAY = day('2024-06-05')
const all = dailyBars(day('2024-05-01'), day('2024-06-08'))
const bad = all.length - 3
const good = takeBars(
  all,
  Array.from(all.ts.keys()).filter((i) => i !== bad),
)
const VALUES = [50, 60, 40, 55, 700, Number.NaN, Number.NaN]
const WHO = { by: 'ada', reason: 'seen on the tape' }
const context = { pool, calendarOf: () => calendar }

let series: SeriesKey
let count = 0
beforeEach(() => {
  count += 1
  series = { symbol: `T${count}`, interval: '1d', provider: 'alpha-vantage', basis: 'raw' }
})

/** Loads an answer in which rows were refused; the ids of those, in the order given. */
async function load(
  batch: BarBatch,
  rejects: readonly Partial<RejectRow>[],
  receivedAt = SATURDAY,
  actions: CorporateActions | null = null,
): Promise<number[]> {
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, 'fetch', {}, [series]),
  )
  await loadBatch(pool, {
    series,
    calendar,
    settleMs: 4 * 3_600_000,
    runId,
    taskNumber: 1,
    batch,
    rejects: rejects.map((reject, i) => ({
      rule: 'price-order',
      reason: 'bad',
      raw: `row ${i}`,
      ts: WEDNESDAY,
      ...reject,
    })),
    fetched: batch.length + rejects.length,
    covers: null,
    continuesFrom: null,
    receivedAt,
    actions,
    simulated: false,
  })
  const { data } = await readRejects(pool, { symbol: series.symbol, limit: 100 })
  return data.map(({ id }) => id).sort((a, b) => a - b)
}

/** The stored bar of the Wednesday, or null, with its state. */
async function wednesday() {
  const { seriesId } = (await findHead(pool, series))!
  const [page] = await readPageRange(pool, seriesId, {
    interval: '1d',
    from: day('2000-01-01'),
    until: day('2100-01-01'),
    order: 'asc',
    limit: 1,
    asOf: null,
  })
  const index = page!.bars.ts.indexOf(WEDNESDAY)
  if (index < 0) return null
  const { open, high, low, close, volume } = barAt(page!.bars, index)
  return { values: [open, high, low, close, volume], final: page!.provisional[index] === 0 }
}

describe('a reject that is accepted', () => {
  it('is loaded as it was read, in a run that says who did it and why', async () => {
    const [id] = await load(good, [{ values: VALUES }])
    assert.equal(await wednesday(), null)
    const done = await acceptRejects(context, [id!], WHO)
    assert.deepEqual(done.accepted, [{ id, bar: 'inserted' }])
    assert.deepEqual(await wednesday(), { values: [50, 60, 40, 55, 700], final: true })
    const reject = await readReject(pool, id!)
    assert.equal(reject.status, 'accepted')
    assert.deepEqual(
      reject.decisions.map(({ status, by, reason, run }) => [status, by, reason, run]),
      [['accepted', 'ada', 'seen on the tape', done.run]],
    )
    const { rows } = await pool.query('SELECT job, arguments FROM stockyard.runs WHERE id = $1', [
      done.run,
    ])
    assert.deepEqual(rows, [{ job: 'accept', arguments: { rejects: [id], ...WHO } }])
  })

  it('changes a final bar as a revision does, though later answers have confirmed the other', async () => {
    const [id] = await load(all, [{ rule: 'duplicate', values: VALUES }])
    await load(all, [], SATURDAY + 86_400_000)
    const done = await acceptRejects(context, [id!], WHO)
    assert.deepEqual(done.accepted, [{ id, bar: 'updated' }])
    assert.deepEqual((await wednesday())!.values, [50, 60, 40, 55, 700])
    const { seriesId } = (await findHead(pool, series))!
    const changes = await readPageChanges(pool, [{ id: seriesId, interval: '1d' }], 10)
    assert.equal(changes.length, 1)
  })

  it('of an unfinished session is not made final by being accepted later', async () => {
    const noon = Date.parse('2024-06-05T12:00:00-04:00')
    const [id] = await load(takeBars(all, [0, 1]), [{ values: VALUES }], noon)
    await acceptRejects(context, [id!], WHO)
    assert.equal((await wednesday())!.final, false)
  })

  it('must be a bar: else none of those named is loaded', async () => {
    const ids = await load(good, [
      { values: VALUES },
      { raw: 'not a row', rule: 'fields', ts: null },
      { raw: 'no close', values: [1, 2, 1, Number.NaN, 5, Number.NaN, Number.NaN] },
      { raw: 'a Sunday', rule: 'session', ts: day('2024-06-02'), values: VALUES },
    ])
    for (const id of ids.slice(1)) {
      await assert.rejects(acceptRejects(context, [ids[0]!, id], WHO), { code: 'REJECT_NO_BAR' })
    }
    assert.equal(await wednesday(), null)
    await assert.rejects(acceptRejects(context, [999_999], WHO), { code: 'REJECT_UNKNOWN' })
  })

  const NONE = Number.NaN
  const IMPOSSIBLE: readonly [string, readonly number[]][] = [
    ['A price is not above zero', [50, 60, 0, 55, 700, NONE, NONE]],
    ['A price is not above zero', [-50, 60, 40, 55, 700, NONE, NONE]],
    ['Its high 40 is below its low 60', [50, 40, 60, 55, 700, NONE, NONE]],
    ['The volume -700 is not', [50, 60, 40, 55, -700, NONE, NONE]],
    ['average price -1 is not', [50, 60, 40, 55, 700, -1, NONE]],
    ['The number of trades -3 is not', [50, 60, 40, 55, 700, NONE, -3]],
  ]
  for (const [sentence, values] of IMPOSSIBLE) {
    it(`must be possible: ${values.join(', ')} is not`, async () => {
      const [id] = await load(good, [{ values }])
      await assert.rejects(acceptRejects(context, [id!], WHO), (error: StockyardError) => {
        assert.equal(error.code, 'REJECT_NO_BAR')
        assert.match(error.message, new RegExp(sentence))
        return true
      })
      assert.equal(await wednesday(), null)
      assert.equal((await readReject(pool, id!)).status, 'open')
    })
  }

  it('may have a close outside of high and low, as auctions leave it', async () => {
    const [id] = await load(good, [{ values: [50, 60, 40, 61, 700, NONE, NONE] }])
    await acceptRejects(context, [id!], WHO)
    assert.deepEqual((await wednesday())!.values, [50, 60, 40, 61, 700])
  })

  it('is refused where a split has restated the series since', async () => {
    series = { ...series, provider: 'yahoo', basis: 'split' }
    const [id] = await load(good, [{ values: VALUES }])
    const split = { day: day('2024-06-10'), newShares: 10, oldShares: 1 }
    await load(good, [], Date.parse('2024-06-11T12:00:00-04:00'), {
      splits: [split],
      dividends: [],
    })
    await assert.rejects(acceptRejects(context, [id!], WHO), /before a split/)
    const { verdicts } = await revalidate({ ...context, archive: null }, { ids: [id!] }, 'ada')
    assert.equal(verdicts[0]!.verdict, 'unknown')
  })
})

describe('a reject that is dropped', () => {
  it('stays in the list with who said so, and can be accepted later', async () => {
    const [id] = await load(good, [{ values: VALUES }])
    assert.deepEqual(await dropRejects(context, [id!], WHO), { dropped: [id] })
    const { data } = await readRejects(pool, {
      symbol: series.symbol,
      status: 'dropped',
      limit: 9,
    })
    assert.deepEqual(
      data.map((row) => [row.id, row.decision?.by]),
      [[id, 'ada']],
    )
    await acceptRejects(context, [id!], WHO)
    const { decisions } = await readReject(pool, id!)
    assert.deepEqual(
      decisions.map(({ status }) => status),
      ['dropped', 'accepted'],
    )
  })

  it('is not opened again by the same row in a later answer', async () => {
    const [id] = await load(good, [{ values: VALUES }])
    await dropRejects(context, [id!], WHO)
    assert.deepEqual(await load(good, [{ values: VALUES }]), [id])
    assert.equal((await readReject(pool, id!)).status, 'dropped')
  })
})

describe('a reject whose bar is stored', () => {
  it('cannot be dropped, since the bar would stay: accepted by a person', async () => {
    const [id, other] = await load(good, [
      { values: VALUES },
      { rule: 'fields', ts: null, values: VALUES },
    ])
    await acceptRejects(context, [id!], WHO)
    await assert.rejects(dropRejects(context, [other!, id!], WHO), {
      kind: 'conflict',
      code: 'REJECT_LOADED',
      message: `The bar of reject ${id} is stored, and stays if the reject is dropped.`,
      hint:
        'Give the bar by hand, which comes before it: ' +
        `PUT /api/v1/stocks/${series.symbol}/prices/2024-06-05?interval=1d, or stockyard import -p manual`,
    })
    assert.equal((await readReject(pool, id!)).status, 'accepted')
    assert.equal((await readReject(pool, other!)).status, 'open')
    assert.notEqual(await wednesday(), null)
  })

  it('cannot be dropped: loaded by being judged again', async () => {
    const [id] = await load(good, [{ values: VALUES }])
    await revalidate({ ...context, archive: null }, { ids: [id!] }, 'ada')
    await assert.rejects(dropRejects(context, [id!], WHO), { code: 'REJECT_LOADED' })
    assert.equal((await readReject(pool, id!)).status, 'resolved')
  })
})

describe('rejects that are judged again', () => {
  it('are loaded where the values pass today, and stay open where they do not', async () => {
    const [passes, fails, unread] = await load(good, [
      { values: VALUES },
      { ts: day('2024-06-06'), values: [50, 40, 60, 55, 700, Number.NaN, Number.NaN] },
      { rule: 'fields', ts: null },
    ])
    const wish = { symbol: series.symbol }
    const { run, verdicts } = await revalidate({ ...context, archive: null }, wish, 'ada')
    assert.deepEqual(
      verdicts.map(({ id, verdict, bar, rule }) => [id, verdict, bar, rule]).sort(),
      [
        [passes, 'loaded', 'inserted', null],
        [fails, 'refused', null, 'price-order'],
        [unread, 'unknown', null, 'fields'],
      ].sort(),
    )
    assert.deepEqual((await wednesday())!.values, [50, 60, 40, 55, 700])
    const reject = await readReject(pool, passes!)
    assert.deepEqual([reject.status, reject.decision?.run], ['resolved', run])
    assert.equal((await readReject(pool, fails!)).status, 'open')
    const again = await revalidate({ ...context, archive: null }, wish, 'ada')
    assert.deepEqual([again.run, again.verdicts.length], [null, 2])
  })

  it('are taken by their rule', async () => {
    const ids = await load(good, [{ values: VALUES }, { rule: 'volume', values: VALUES }])
    const wish = { symbol: series.symbol, rule: 'volume' }
    const { verdicts } = await revalidate({ ...context, archive: null }, wish, 'ada')
    assert.deepEqual(
      verdicts.map(({ id }) => id),
      [ids[1]],
    )
  })

  it('leave a newer word of the vendor as it is', async () => {
    const [id] = await load(good, [{ values: VALUES }])
    await load(all, [], SATURDAY + 86_400_000)
    const { verdicts } = await revalidate({ ...context, archive: null }, { ids: [id!] }, 'ada')
    assert.deepEqual([verdicts[0]!.verdict, verdicts[0]!.bar], ['loaded', 'unchanged'])
    assert.equal((await wednesday())!.values[3], all.close[bad])
  })
})

describe('a reject of bars that no vendor brought', () => {
  beforeEach(() => {
    series = { ...series, provider: 'manual' }
  })

  it('is accepted as one of a vendor is', async () => {
    const [id] = await load(good, [{ values: VALUES }])
    const done = await acceptRejects(context, [id!], WHO)
    assert.deepEqual(done.accepted, [{ id, bar: 'inserted' }])
    assert.deepEqual(await wednesday(), { values: [50, 60, 40, 55, 700], final: true })
  })

  it('is dropped as one of a vendor is', async () => {
    const [id] = await load(good, [{ values: VALUES }])
    assert.deepEqual(await dropRejects(context, [id!], WHO), { dropped: [id] })
  })

  it('is judged again by its values', async () => {
    const [passes, bare] = await load(good, [
      { values: VALUES },
      { ts: day('2024-06-06'), values: [50, 60, 40, 55, Number.NaN, Number.NaN, Number.NaN] },
    ])
    const wish = { symbol: series.symbol }
    const { verdicts } = await revalidate({ ...context, archive: null }, wish, 'ada')
    const judged = new Map(verdicts.map(({ id, verdict }) => [id, verdict]))
    assert.deepEqual([judged.get(passes!), judged.get(bare!)], ['loaded', 'refused'])
  })
})

describe('an answer in the archive', async () => {
  const root = await mkdtemp(join(tmpdir(), 'stockyard-rejects-'))
  after(() => rm(root, { recursive: true, force: true }))

  /** Keeps an answer with the rows of some days. */
  async function archive(rows: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const names = ['1. open', '2. high', '3. low', '4. close', '5. volume']
    const series1d = Object.fromEntries(
      Object.entries(rows).map(([date, values]) => [
        date,
        Object.fromEntries(values.map((value, i) => [names[i], value])),
      ]),
    )
    const document = {
      'Meta Data': { '2. Symbol': series.symbol },
      'Time Series (Daily)': series1d,
    }
    const log = makeLogger({ level: 'silent', format: 'json' })
    const kept = openFileArchive({
      root,
      clock: systemClock,
      log,
      maxDays: 100_000,
      maxBytes: 1e9,
    })
    kept.keep({
      provider: 'alpha-vantage',
      baseUrl: 'https://www.alphavantage.co',
      request: { path: '/query', params: {} },
      bars: { symbol: series.symbol, interval: '1d', asked: null, covers: null },
      body: {
        status: 200,
        contentType: 'application/json',
        bytes: new TextEncoder().encode(JSON.stringify(document)),
        simulated: false,
      },
      receivedAt: SATURDAY,
      outcome: 'data',
    })
    await kept.flush()
  }

  it('is read again by today’s parser, which can find a bar in what was no bar', async () => {
    const raw =
      '"2024-06-05":{"1. open":"50","2. high":"60","3. low":"40","4. close":"55","5. volume":"700"}'
    await archive({ '2024-06-05': ['50', '60', '40', '55', '700'] })
    const [id] = await load(good, [{ rule: 'fields', ts: null, raw }])
    const { verdicts } = await revalidate({ ...context, archive: root }, { ids: [id!] }, 'ada')
    assert.deepEqual([verdicts[0]!.verdict, verdicts[0]!.bar], ['loaded', 'inserted'])
    assert.deepEqual((await wednesday())!.values, [50, 60, 40, 55, 700])
    await assert.rejects(dropRejects(context, [id!], WHO), ({ hint }: StockyardError) => {
      assert.match(hint!, /\/prices\/\{ts\}\?interval=1d/)
      return true
    })
  })

  it('settles a reject in which today’s parser sees no bar', async () => {
    await archive({ '2024-06-04': ['50', '60', '40', '55', '700'] })
    const [id] = await load(good, [{ rule: 'fields', ts: WEDNESDAY, raw: 'an odd line' }])
    const { run, verdicts } = await revalidate({ ...context, archive: root }, { ids: [id!] }, 'ada')
    assert.deepEqual([run, verdicts[0]!.verdict], [null, 'noise'])
    assert.equal((await readReject(pool, id!)).status, 'resolved')
  })

  it('refuses what it refused then', async () => {
    await archive({
      '2024-06-04': ['50', '60', '40', '55', '700'],
      '2024-06-05': ['50', '40', '60', '55', '700'],
    })
    const raw =
      '"2024-06-05":{"1. open":"50","2. high":"40","3. low":"60","4. close":"55","5. volume":"700"}'
    const [id] = await load(good, [{ raw, values: VALUES }])
    const { verdicts } = await revalidate({ ...context, archive: root }, { ids: [id!] }, 'ada')
    assert.deepEqual([verdicts[0]!.verdict, verdicts[0]!.rule], ['refused', 'price-order'])
    assert.equal(await wednesday(), null)
  })
})
