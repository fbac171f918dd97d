/** Sessions of intraday bars beside the volume of their day: what is in doubt, whatever comes first. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import { makeBatch, sliceBatch, takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import type { Pool } from '../../src/db/connect.ts'
import { listGaps } from '../../src/load/list-gaps.ts'
import { readCoverage } from '../../src/query/coverage.ts'
import { calendar } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'

const HOUR_MS = 3_600_000
/** Ten sessions, 2024-11-29 among them, which ends at 13:00. */
const DAYS = [
  '2024-11-21',
  '2024-11-22',
  '2024-11-25',
  '2024-11-26',
  '2024-11-27',
  '2024-11-29',
  '2024-12-02',
  '2024-12-03',
  '2024-12-04',
  '2024-12-05',
]
const NOW = Date.parse('2025-02-01T12:00:00-05:00')
/** A volume that each full session of bars below adds up to, but for the auction. */
const DAY_VOLUME = 78_000

let pool: Pool
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
})

interface Made {
  /** What is traded in each session; others trade DAY_VOLUME. */
  readonly volumes?: Readonly<Record<string, number>>
  readonly provider?: string
  readonly basis?: 'raw' | 'split'
  readonly receivedAt?: number
  readonly symbol?: string
}

async function load(interval: '1d' | '5m', batch: BarBatch, made: Made = {}): Promise<void> {
  const { provider = 'polygon', basis = 'raw', receivedAt = NOW, symbol = 'IBM' } = made
  const series = { symbol, interval, provider, basis }
  await loadSeries(pool, series, batch, receivedAt)
}

function bars(starts: readonly number[], volumes: readonly number[]): BarBatch {
  const batch = makeBatch(starts.length)
  starts.forEach((ts, i) => {
    batch.ts[i] = ts
    for (const column of ['open', 'high', 'low', 'close'] as const) batch[column][i] = 10
    batch.volume[i] = volumes[i]!
  })
  return batch
}

function daily({ volumes = {} }: Made = {}): BarBatch {
  return bars(
    DAYS.map(parseDay),
    DAYS.map((day) => volumes[day] ?? DAY_VOLUME),
  )
}

/** All regular 5-minute bars, each with the same share of its session's volume. */
function fiveMinutes({ volumes = {} }: Made = {}): BarBatch {
  const starts: number[] = []
  const shares: number[] = []
  for (const day of DAYS) {
    const { open, close } = calendar.session(parseDay(day))!
    const count = (close - open) / 300_000
    for (let i = 0; i < count; i += 1) {
      starts.push(open + i * 300_000)
      shares.push((volumes[day] ?? DAY_VOLUME) / count)
    }
  }
  return bars(starts, shares)
}

/** Little on two days, and a third of the volume of the first after its close. */
function withPrint(minutes: number): BarBatch {
  const made = fiveMinutes(LITTLE)
  const { close } = calendar.session(parseDay('2024-11-26'))!
  const starts = [...made.ts, close + minutes * 60_000]
  const volumes = [...made.volume, DAY_VOLUME / 3]
  const order = Array.from(starts.keys()).toSorted((a, b) => starts[a]! - starts[b]!)
  return takeBars(bars(starts, volumes), order)
}

/** The sessions that coverage calls partial, without anybody having asked for gaps. */
async function partialDays(provider = 'polygon', symbol = 'IBM'): Promise<string[]> {
  const { data } = await readCoverage(pool, {
    symbol,
    interval: '5m',
    provider,
    now: NOW,
    settleMsOf: () => 4 * HOUR_MS,
  })
  return data
    .filter(({ state }) => state === 'partial')
    .flatMap(({ from, until }) => DAYS.filter((day) => day >= from && day < until))
}

function split(day: string) {
  return { day: parseDay(day), newShares: 3, oldShares: 1 }
}

async function gapDays(): Promise<string[]> {
  const search = { symbols: ['IBM'], intervals: ['5m' as const], from: null, until: null }
  const gaps = await listGaps(pool, search, getCalendar, NOW)
  return gaps.map(({ from, sessions, state }) => `${formatDate(from)} ${sessions} ${state}`)
}

const LITTLE = { volumes: { '2024-11-26': DAY_VOLUME * 0.49, '2024-11-29': DAY_VOLUME * 0.49 } }
const HALF = { volumes: { '2024-11-26': DAY_VOLUME * 0.5, '2024-11-29': DAY_VOLUME * 0.51 } }

describe('sessions with all of their bars, which hold less than half of the volume of the day', () => {
  it('are in doubt once both are stored, whichever came first, on a short day too', async () => {
    await load('5m', fiveMinutes(LITTLE))
    assert.deepEqual(await partialDays(), [])
    await load('1d', daily())
    assert.deepEqual(await partialDays(), ['2024-11-26', '2024-11-29'])
    assert.deepEqual(await gapDays(), ['2024-11-26 1 partial', '2024-11-29 1 partial'])
  })

  it('are in doubt with their own load where the days came first', async () => {
    await load('1d', daily())
    await load('5m', fiveMinutes(LITTLE))
    assert.deepEqual(await partialDays(), ['2024-11-26', '2024-11-29'])
    // They come whole later.
    await load('5m', fiveMinutes(), { receivedAt: NOW + 1 })
    assert.deepEqual(await partialDays(), [])
    assert.deepEqual(await gapDays(), [])
  })

  it('are none where they hold just half', async () => {
    await load('1d', daily())
    await load('5m', fiveMinutes(HALF))
    assert.deepEqual([await partialDays(), await gapDays()], [[], []])
  })

  it('are none where the auction at the close makes up for it, and are where later prints do', async () => {
    await load('1d', daily())
    await load('5m', withPrint(0))
    assert.deepEqual(await partialDays(), ['2024-11-29'])
    await load('5m', withPrint(5), { provider: 'alpha-vantage' })
    assert.deepEqual(await partialDays('alpha-vantage'), ['2024-11-26', '2024-11-29'])
  })

  it('are none while the daily bar is not final, nor where a bar of them has no volume', async () => {
    const evening = Date.parse('2024-12-05T17:00:00-05:00')
    const last = { volumes: { '2024-12-05': DAY_VOLUME / 10 } }
    await load('5m', fiveMinutes(last))
    await load('1d', daily(), { receivedAt: evening })
    assert.deepEqual(await partialDays(), [])
    await load('1d', daily())
    assert.deepEqual(await partialDays(), ['2024-12-05'])
    const unknown = fiveMinutes(last)
    unknown.volume[unknown.length - 1] = Number.NaN
    await load('5m', unknown, { provider: 'alpha-vantage' })
    assert.deepEqual(await partialDays('alpha-vantage'), [])
  })

  it('are none where most sessions are so: the bars do not count what the day counts', async () => {
    const days = { volumes: Object.fromEntries(DAYS.map((day) => [day, 10 * DAY_VOLUME])) }
    await load('5m', fiveMinutes())
    await load('1d', daily(days))
    assert.deepEqual([await partialDays(), await gapDays()], [[], []])
  })

  it('are in doubt also where days and minutes of new instruments come at the same time', async () => {
    const symbols = Array.from({ length: 8 }, (_, i) => `NEW${i}`)
    await Promise.all([
      ...symbols.map((symbol) => load('5m', fiveMinutes(LITTLE), { symbol })),
      ...symbols.map((symbol) => load('1d', daily(), { symbol })),
    ])
    for (const symbol of symbols) {
      assert.deepEqual(await partialDays('polygon', symbol), ['2024-11-26', '2024-11-29'], symbol)
    }
  })

  it('are held against another vendor’s days where the own one has none, but not across a split', async () => {
    await load('5m', fiveMinutes(LITTLE))
    await load('1d', daily(), { provider: 'yahoo', basis: 'split' })
    assert.deepEqual(await partialDays(), ['2024-11-26', '2024-11-29'])
    await tellActions(pool, 'IBM', 'polygon', { splits: [split('2024-11-27')] }, NOW)
    // The days before the split are on another basis than the bars.
    assert.deepEqual(await gapDays(), ['2024-11-29 1 partial'])
    // The own vendor's word comes before that of others.
    await load('1d', daily({ volumes: { '2024-11-29': DAY_VOLUME / 2 } }))
    assert.deepEqual(await gapDays(), ['2024-11-26 1 partial'])
  })

  it('are held against days that are restated for splits, too, since the last split only', async () => {
    // The one or the other may have been read before the split.
    const yahoo = { provider: 'yahoo', basis: 'split' } as const
    await load('5m', fiveMinutes(LITTLE), yahoo)
    await load('1d', daily(), yahoo)
    assert.deepEqual(await gapDays(), ['2024-11-26 1 partial', '2024-11-29 1 partial'])
    await tellActions(pool, 'IBM', 'yahoo', { splits: [split('2024-11-27')] }, NOW)
    assert.deepEqual(await gapDays(), ['2024-11-29 1 partial'])
  })
})

describe('a session that goes on', () => {
  it('is provisional however few bars it has, and in doubt once it is over with no more', async () => {
    const batch = sliceBatch(fiveMinutes(), 0, 78 + 10)
    await load('5m', batch, { receivedAt: Date.parse('2024-11-22T10:25:00-05:00') })
    assert.deepEqual([await partialDays(), await gapDays()], [[], []])
    await load('5m', batch)
    assert.deepEqual(await partialDays(), ['2024-11-22'])
  })
})

describe('pages of before sums were kept', () => {
  it('say nothing until gaps are listed, and are summed then', async () => {
    await load('5m', fiveMinutes(LITTLE))
    await pool.query('UPDATE stockyard.pages SET regular_volume = NULL')
    await load('1d', daily())
    assert.deepEqual(await partialDays(), [])
    assert.deepEqual(await gapDays(), ['2024-11-26 1 partial', '2024-11-29 1 partial'])
    assert.deepEqual(await partialDays(), ['2024-11-26', '2024-11-29'])
    const { rows } = await pool.query<{ sum: number }>(
      `SELECT regular_volume AS sum FROM stockyard.pages WHERE starts_on = '2024-11-25'`,
    )
    assert.deepEqual(rows, [{ sum: DAY_VOLUME }])
  })
})
