/**
 * A store with something of everything, for tests of what reads it. Loaded by the real loader; the
 * bars are those of bars.ts, so that a test can say what must come back.
 */
import { sliceBatch } from '../../src/domain/bar-batch.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { inTransaction, type Pool } from '../../src/db/connect.ts'
import { addInstrument, findInstrument } from '../../src/db/instruments.ts'
import { upsertQuote } from '../../src/db/quotes.ts'
import { finishRun, finishTask, startRun } from '../../src/db/runs.ts'
import { loadBatch, type Load } from '../../src/load/load-batch.ts'
import { calendar, dailyBars, minuteBars } from './bars.ts'

const SETTLE_MS = 4 * 3_600_000
export const day = (text: string) => Date.parse(text)
/** Friday afternoon, half an hour before the close: the day's bar is provisional. */
export const FRIDAY = Date.parse('2024-06-07T15:30:00-04:00')

/** Daily bars of AAPL, 2022-12-01 to 2024-06-07, as first loaded. */
export const AAPL_DAILY = dailyBars(day('2022-12-01'), day('2024-06-08'))
/** Regular minute bars of AAPL on Monday to Wednesday. */
export const AAPL_MINUTES = minuteBars(day('2024-06-03'), day('2024-06-06'))
/** Starts of the 5-minute bars of AAPL: before the open, first, last, and after the close. */
export const EXTENDED_HOURS = [
  '2024-06-04T12:00:00Z',
  '2024-06-04T13:30:00Z',
  '2024-06-04T19:55:00Z',
  '2024-06-04T20:00:00Z',
]
/** Close of AAPL on 2024-05-01 before and after it was revised. */
export const REVISED = { session: '2024-05-01', old: 0, new: 0 }

export interface FilledStore {
  /** Runs: the first load, the revision, and one in which a task failed. */
  readonly runs: { readonly first: number; readonly revision: number; readonly partial: number }
}

/** Fills an empty, migrated database. */
export async function fillStore(pool: Pool): Promise<FilledStore> {
  await addInstrument(pool, {
    symbol: 'AAPL',
    name: 'Apple Inc.',
    sector: 'Technology',
    exchange: 'XNAS',
    watched: true,
  })
  await addInstrument(pool, { symbol: 'MSFT', name: 'Microsoft', sector: 'Technology' })
  await addInstrument(pool, { symbol: 'XOM', name: 'Exxon', sector: 'Energy' })
  const first = await newRun(pool, 'AAPL', '1d')
  await load(pool, 'AAPL', '1d', first, { batch: AAPL_DAILY })
  await load(pool, 'AAPL', '1m', first, { batch: AAPL_MINUTES })
  const few = sliceBatch(AAPL_MINUTES, 0, EXTENDED_HOURS.length)
  await load(pool, 'AAPL', '5m', first, {
    batch: { ...few, ts: Float64Array.from(EXTENDED_HOURS, (text) => Date.parse(text)) },
  })
  await load(pool, 'MSFT', '1d', first, {
    batch: dailyBars(day('2024-05-01'), day('2024-06-08'), 50),
    rejects: [
      {
        rule: 'price-order',
        reason: 'high 1 is below low 2',
        raw: '"=1+1",2',
        ts: day('2024-05-06'),
      },
      { rule: 'number', reason: 'close is "n/a"', raw: '{"4. close": "n/a"}', ts: null },
    ],
  })
  await finishRun(pool, first, 'succeeded')
  const revision = await revise(pool)
  const partial = await failOne(pool)
  await addQuote(pool)
  return { runs: { first, revision, partial } }
}

async function newRun(pool: Pool, symbol: string, interval: Interval): Promise<number> {
  const task = { symbol, interval, provider: 'alpha-vantage' }
  return await inTransaction(pool, (connection) => startRun(connection, 'fetch', {}, [task]))
}

async function load(
  pool: Pool,
  symbol: string,
  interval: Interval,
  runId: number,
  rest: Partial<Load> & Pick<Load, 'batch'>,
): Promise<void> {
  await loadBatch(pool, {
    series: { symbol, interval, provider: 'alpha-vantage', basis: 'raw' },
    calendar,
    settleMs: SETTLE_MS,
    runId,
    taskNumber: 1,
    rejects: [],
    fetched: rest.batch.length + (rest.rejects?.length ?? 0),
    covers: null,
    continuesFrom: null,
    receivedAt: FRIDAY,
    actions: null,
    simulated: false,
    ...rest,
  })
}

async function revise(pool: Pool): Promise<number> {
  REVISED.old = AAPL_DAILY.close[AAPL_DAILY.ts.indexOf(day(REVISED.session))]!
  REVISED.new = REVISED.old + 0.25
  return await reviseTo(pool, REVISED.new)
}

/** Revises the same bar once more, to the first close and some cents. */
export async function reviseAgain(pool: Pool, cents: number): Promise<number> {
  return await reviseTo(pool, Math.round(REVISED.old * 100 + cents) / 100)
}

let revisions = 0

async function reviseTo(pool: Pool, close: number): Promise<number> {
  revisions += 1
  const runId = await newRun(pool, 'AAPL', '1d')
  const index = AAPL_DAILY.ts.indexOf(day(REVISED.session))
  const batch = { ...sliceBatch(AAPL_DAILY, index, index + 1), close: Float64Array.of(close) }
  await load(pool, 'AAPL', '1d', runId, { batch, receivedAt: FRIDAY + revisions * 60_000 })
  await finishRun(pool, runId, 'succeeded')
  return runId
}

async function failOne(pool: Pool): Promise<number> {
  const runId = await newRun(pool, 'XOM', '1d')
  await finishTask(pool, runId, 1, {
    status: 'failed',
    provider: 'alpha-vantage',
    requests: 3,
    watermark: null,
    notes: ['asked three times'],
    error: {
      code: 'PROVIDER_DOWN',
      message: 'The vendor does not answer.',
      hint: 'Try again later.',
    },
  })
  await finishRun(pool, runId, 'partial')
  return runId
}

async function addQuote(pool: Pool): Promise<void> {
  const { id } = (await findInstrument(pool, 'AAPL'))!
  await upsertQuote(pool, id, {
    provider: 'alpha-vantage',
    price: 196.5,
    open: 194.65,
    high: 196.94,
    low: 194.14,
    previousClose: 194.48,
    volume: 53_103_912,
    sessionDay: day('2024-06-07'),
    observedAt: FRIDAY,
  })
}
