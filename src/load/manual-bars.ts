/**
 * Bars that a person gives: checked by the rules for vendors' rows, and loaded the way of any bar into a
 * series of their own, which comes before those of vendors at read. They cover nothing: no session counts
 * as asked for because somebody knew a bar of it.
 */
import { inTransaction, type Pool } from '../db/connect.ts'
import { getInstrument } from '../db/instruments.ts'
import { finishRun, finishTask, startRun, startTask } from '../db/runs.ts'
import type { SeriesKey } from '../db/series.ts'
import { findStoreKind } from '../db/store-kind.ts'
import { makeBatch, VALUE_COLUMNS, type BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { MANUAL_PROVIDER } from '../providers/registry.ts'
import { describeTs } from '../validate/describe.ts'
import { validateBatch } from '../validate/validate-batch.ts'
import { loadBatch, type Loaded } from './load-batch.ts'
import type { CalendarOf } from './open-calendars.ts'

export interface ManualContext {
  readonly pool: Pool
  readonly calendarOf: CalendarOf
  /** When the bars were given, milliseconds UTC. */
  readonly now: number
}

export interface ManualBar {
  /** Instant, or day for daily and longer bars. */
  readonly ts: number
  /** open, high, low, close, volume, vwap, trades; NaN where absent. */
  readonly values: readonly number[]
}

/** What became of the bars. */
export interface ManualLoad {
  readonly run: number
  readonly symbol: string
  readonly inserted: number
  readonly updated: number
  readonly unchanged: number
}

/** The series of bars by hand of a symbol, and the calendar by which they are checked. */
export async function findManualSeries(
  { pool, calendarOf }: Pick<ManualContext, 'pool' | 'calendarOf'>,
  typed: string,
  interval: Interval,
): Promise<{ readonly series: SeriesKey; readonly calendar: Calendar }> {
  const { symbol, exchange } = await getInstrument(pool, typed)
  const series = { symbol, interval, provider: MANUAL_PROVIDER, basis: 'raw' } as const
  return { series, calendar: calendarOf(exchange) }
}

/**
 * Stores bars, all or none; one that changes a final bar keeps its earlier value.
 * @throws StockyardError `BAR_INVALID`, `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`, `EXCHANGE_UNKNOWN`
 */
export async function loadManualBars(
  context: ManualContext,
  typed: string,
  interval: Interval,
  bars: readonly ManualBar[],
): Promise<ManualLoad> {
  const { pool } = context
  const { series, calendar } = await findManualSeries(context, typed, interval)
  const batch = checkBars(bars, series, calendar, context.now)
  const simulated = (await findStoreKind(pool)) === 'simulated'
  const run = await inTransaction(pool, (connection) =>
    startRun(connection, 'manual', { bars: batch.length }, [series]),
  )
  let loaded: Loaded
  try {
    await startTask(pool, run, 1)
    loaded = await loadBatch(pool, {
      series,
      calendar,
      settleMs: 0,
      runId: run,
      taskNumber: 1,
      batch,
      rejects: [],
      fetched: batch.length,
      covers: null,
      // Nothing is known of the sessions between the bars.
      continuesFrom: -Infinity,
      receivedAt: context.now,
      rereads: 'all',
      actions: null,
      simulated,
    })
  } catch (error) {
    await finishRun(pool, run, 'failed')
    throw error
  }
  await endRun(pool, run, `${batch.length} bars by hand`)
  const { inserted, updated, unchanged } = loaded
  return { run, symbol: series.symbol, inserted, updated, unchanged }
}

async function endRun(pool: Pool, run: number, note: string): Promise<void> {
  await finishTask(pool, run, 1, {
    status: 'succeeded',
    provider: MANUAL_PROVIDER,
    requests: 0,
    watermark: null,
    notes: [note],
    error: null,
  })
  await finishRun(pool, run, 'succeeded')
}

/** The bars as a batch by ascending ts. */
function checkBars(
  bars: readonly ManualBar[],
  { interval, basis }: SeriesKey,
  calendar: Calendar,
  now: number,
): BarBatch {
  const batch = makeBatch(bars.length)
  bars.forEach(({ ts, values }, i) => {
    batch.ts[i] = ts
    VALUE_COLUMNS.forEach((column, at) => {
      batch[column][i] = values[at]!
    })
  })
  const rawAt = (index: number) => String(batch.ts[index])
  const context = { interval, calendar, from: null, until: null, now, basis }
  const checked = validateBatch({ batch, rawAt }, context)
  const [wrong, ...others] = checked.rejects
  if (wrong === undefined) return checked.batch
  const which = wrong.ts === null ? '' : ` of ${describeTs(wrong.ts, interval)}`
  const more = others.length === 0 ? '' : ` So are ${others.length} more.`
  const sentence = `The bar${which} is refused by the rule ${wrong.rule}: ${wrong.reason}${more}`
  throw new StockyardError('usage', 'BAR_INVALID', sentence, {
    hint: 'Nothing was stored; mend the bars and send them again.',
  })
}
