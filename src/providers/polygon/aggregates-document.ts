/**
 * Reads aggregates from a parsed JSON document: slow and careful, for the answers that the scanner
 * finds unusual, and for those of many tickers.
 */
import { makeBatch, sliceBatch } from '../../domain/bar-batch.ts'
import type { UnreadableRow } from '../provider.ts'
import { COLUMNS, cutRaw, FIELDS, isInstant, REQUIRED_COUNT } from './aggregates.ts'
import type { AggregateRows } from './aggregates.ts'
import { isRecord, type JsonRecord } from './failure.ts'

/** What is known of rows before they are read. */
interface RowForm {
  /** True where each row names its ticker under `T`. */
  readonly hasTickers: boolean
  /** False for indices, which nobody trades. */
  readonly hasVolume: boolean
}

/** The rows of `results`. Every row goes into the batch or among the unreadable ones. */
export function readAggregates(results: readonly unknown[], form: RowForm): AggregateRows {
  const batch = makeBatch(results.length)
  const good: JsonRecord[] = []
  const unreadable: UnreadableRow[] = []
  for (const row of results) {
    const refused = refuse(row, form)
    if (refused !== null || !isRecord(row)) {
      const raw = cutRaw(JSON.stringify(row) ?? '')
      unreadable.push({ ...(refused ?? NO_OBJECT), raw, ...timeField(row) })
      continue
    }
    for (let field = 0; field < FIELDS.length; field += 1) {
      const value = row[FIELDS[field]!]
      batch[COLUMNS[field]!][good.length] = typeof value === 'number' ? value : Number.NaN
    }
    good.push(row)
  }
  return {
    batch: sliceBatch(batch, 0, good.length),
    ...(form.hasTickers ? { tickers: good.map((row) => row['T'] as string) } : {}),
    rawAt: (index) => cutRaw(JSON.stringify(good[index])),
    unreadable,
    otc: good.filter((row) => row['otc'] === true).length,
  }
}

type Refusal = Omit<UnreadableRow, 'raw' | 'ts'>

/** What the vendor sent as the row's time, where that is an instant. */
function timeField(row: unknown): Pick<UnreadableRow, 'ts'> {
  const time = isRecord(row) ? row['t'] : null
  return typeof time === 'number' && isInstant(time) ? { ts: time } : {}
}

const NO_OBJECT: Refusal = { rule: 'fields', reason: 'The row is not an object.' }

/** Why a row is no bar, or null. */
function refuse(row: unknown, { hasTickers, hasVolume }: RowForm): Refusal | null {
  if (!isRecord(row)) return NO_OBJECT
  const ticker = row['T']
  if (hasTickers && (typeof ticker !== 'string' || ticker === '')) {
    return { rule: 'fields', reason: 'The row has no T.' }
  }
  const required = FIELDS.slice(0, REQUIRED_COUNT).filter((field) => hasVolume || field !== 'v')
  const missing = required.filter((field) => (row[field] ?? null) === null)
  if (missing.length > 0) {
    return { rule: 'fields', reason: `The row has no ${missing.join(', no ')}.` }
  }
  const wrong = FIELDS.filter((field) => !isNumberOrAbsent(row[field]))
  if (wrong.length > 0) return { rule: 'number', reason: `Not a number: ${wrong.join(', ')}.` }
  if (!isInstant(row['t'] as number)) {
    return { rule: 'timestamp', reason: `The row's t, ${row['t']}, is no instant.` }
  }
  if (!hasVolume) return null
  const isTraded = row['v'] !== 0 || (row['vw'] ?? null) !== null || (row['n'] ?? null) !== null
  return isTraded ? null : NO_TRADE
}

/** Seen in answers of the whole market: flat at the last price, volume 0, neither `vw` nor `n`. */
const NO_TRADE: Refusal = {
  rule: 'no-trade',
  reason: 'The row carries an earlier price forward: nothing was traded.',
}

function isNumberOrAbsent(value: unknown): boolean {
  return typeof value === 'number' || value === null || value === undefined
}
