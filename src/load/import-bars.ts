/** Bars of a file on the way of any bar: checked and loaded page by page, in a run of its own. */
import { makeBatch, VALUE_COLUMNS, type BarBatch } from '../domain/bar-batch.ts'
import { expectedDays, periodRange, type DayRange } from '../domain/coverage.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import { inTransaction, type Pool } from '../db/connect.ts'
import type { RejectRow } from '../db/rejects.ts'
import { addTask, finishRun, finishTask, startRun, startTask } from '../db/runs.ts'
import { findExchange, type SeriesKey } from '../db/series.ts'
import { validateBatch } from '../validate/validate-batch.ts'
import { dayOf } from './head-change.ts'
import { loadBatch } from './load-batch.ts'
import type { CalendarOf } from './open-calendars.ts'

/** A row of a file: a bar, or why it is none. */
export interface ImportedRow {
  readonly ts: number
  /** open, high, low, close, volume, vwap, trades; NaN where absent. */
  readonly values: readonly number[]
  /** The row as text, which is asked for only where the row is refused. */
  readonly text: () => string
  /** Null where it could be read as a bar. */
  readonly unreadable: string | null
}

export interface ImportTotals {
  fetched: number
  inserted: number
  updated: number
  unchanged: number
  rejected: number
}

export interface ImportTask extends SeriesKey, ImportTotals {
  readonly number: number
  watermark: number | null
}

/** A run that bars of files go into. */
export interface BarImport {
  readonly runId: number
  /** By series, in the order in which they came. */
  readonly tasks: readonly ImportTask[]
  /** Loads rows of one series. */
  load(series: SeriesKey, rows: readonly ImportedRow[]): Promise<void>
  /** Ends the run: all is loaded, or it broke off. */
  finish(status: 'succeeded' | 'interrupted'): Promise<void>
}

export interface ImportContext {
  readonly pool: Pool
  readonly calendarOf: CalendarOf
  readonly now: () => number
  /** How long after a session's end its bars can still change at the provider. */
  readonly settleMs: number
  /** True where the rows come from simulated data. */
  readonly simulated: boolean
}

/** Opens a run for an import. */
export async function startImport(
  context: ImportContext,
  options: Readonly<Record<string, unknown>>,
): Promise<BarImport> {
  const { pool } = context
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, 'import', options, []),
  )
  const tasks = new Map<string, ImportTask>()
  return {
    runId,
    get tasks() {
      return [...tasks.values()]
    },
    load: async (series, rows) => {
      const key = JSON.stringify(series)
      let task = tasks.get(key)
      if (task === undefined) {
        task = { ...series, number: tasks.size + 1, ...NOTHING }
        await addTask(pool, runId, task)
        await startTask(pool, runId, task.number)
        tasks.set(key, task)
      }
      await loadRows(context, { runId, task, series }, rows)
    },
    finish: async (status) => {
      for (const { number, provider, watermark } of tasks.values()) {
        const ended = { provider, requests: 0, watermark, notes: [], error: null }
        const isDone = status === 'succeeded'
        await finishTask(pool, runId, number, {
          ...ended,
          status: isDone ? 'succeeded' : 'skipped',
        })
      }
      await finishRun(pool, runId, status)
    },
  }
}

const NOTHING = {
  fetched: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  rejected: 0,
  watermark: null,
}

interface Place {
  readonly runId: number
  readonly task: ImportTask
  readonly series: SeriesKey
}

async function loadRows(
  { pool, calendarOf, now, settleMs, simulated }: ImportContext,
  { runId, task, series }: Place,
  rows: readonly ImportedRow[],
): Promise<void> {
  const calendar = calendarOf(await findExchange(pool, series.symbol))
  const { interval, basis } = series
  const readable = rows.filter(({ unreadable }) => unreadable === null)
  const receivedAt = now()
  const isStock = readSymbolMeaning(series.symbol).kind === 'stock'
  const checked = validateBatch(
    { batch: batchOf(readable), rawAt: (index) => readable[index]!.text() },
    // A file without volumes is one; a stock's vendor that has none would not have been understood.
    {
      interval,
      calendar,
      from: null,
      until: null,
      now: receivedAt,
      basis,
      needsVolume: isStock && readable.some(({ values }) => !Number.isNaN(values[4]!)),
    },
  )
  const unread = rows.flatMap(({ unreadable, text }): RejectRow[] =>
    unreadable === null ? [] : [{ rule: 'unreadable', reason: unreadable, raw: text(), ts: null }],
  )
  const loaded = await loadBatch(pool, {
    series,
    calendar,
    settleMs,
    runId,
    taskNumber: task.number,
    batch: checked.batch,
    rejects: [...unread, ...checked.rejects],
    fetched: rows.length,
    covers: null,
    continuesFrom: null,
    unsaid: daysWithout(checked.batch, (ts) => dayOf(calendar, interval, ts), {
      days: (range) => expectedDays(calendar, interval, range),
      period: (day) => periodRange(calendar, interval, day),
    }),
    receivedAt,
    actions: null,
    simulated,
  })
  for (const name of ['fetched', 'inserted', 'updated', 'unchanged', 'rejected'] as const) {
    task[name] += loaded[name]
  }
  task.watermark = loaded.watermark
}

interface Periods {
  readonly days: (range: DayRange) => number[]
  readonly period: (day: number) => DayRange
}

/** Days between bars of which a file has nothing: it does not say that there was none. */
function daysWithout(
  { ts, length }: BarBatch,
  dayOfBar: (ts: number) => number,
  { days, period }: Periods,
): DayRange[] {
  if (length === 0) return []
  const there = new Set<number>()
  for (const start of ts) there.add(dayOfBar(start))
  const range = { from: dayOfBar(ts[0]!), until: period(dayOfBar(ts[length - 1]!)).until }
  return days(range)
    .filter((day) => !there.has(day))
    .map((day) => period(day))
}

function batchOf(rows: readonly ImportedRow[]): BarBatch {
  const batch = makeBatch(rows.length)
  rows.forEach(({ ts, values }, i) => {
    batch.ts[i] = ts
    VALUE_COLUMNS.forEach((column, at) => {
      batch[column][i] = values[at]!
    })
  })
  return batch
}
