/** Instruments in the shape that the API and the CLI share. */
import type { Queryable } from '../db/connect.ts'
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { listInstruments, type Instrument, type InstrumentFilter } from '../db/instruments.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { formatInstant } from './rows.ts'

/** An instrument as JSON. */
export type StockRow = Omit<
  Instrument,
  'id' | 'listedDay' | 'delistedDay' | 'createdAt' | 'updatedAt'
> & {
  readonly listed_on: string | null
  readonly delisted_on: string | null
  readonly created_at: string
  readonly updated_at: string
}

export function stockRow(instrument: Instrument): StockRow {
  const { id: _id, listedDay, delistedDay, createdAt, updatedAt, ...same } = instrument
  return {
    ...same,
    listed_on: listedDay === null ? null : formatDate(listedDay),
    delisted_on: delistedDay === null ? null : formatDate(delistedDay),
    created_at: formatInstant(createdAt),
    updated_at: formatInstant(updatedAt),
  }
}

/** What a row of a list can be cut down to, beside the symbol. */
const STOCK_FIELDS = [
  'kind',
  'name',
  'exchange',
  'currency',
  'sector',
  'industry',
  'watched',
  'active',
  'listed_on',
  'delisted_on',
  'simulated',
  'metadata',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof StockRow)[]

type StockField = (typeof STOCK_FIELDS)[number]

/**
 * The fields of a list such as `name,sector`, each once.
 * @throws StockyardError `PARAMETER_INVALID`
 */
export function parseStockFields(text: string): readonly StockField[] {
  const named = text.split(',').map((part) => part.trim())
  const known = new Set<string>(['symbol', ...STOCK_FIELDS])
  const unknown = named.find((name) => !known.has(name))
  if (unknown === undefined) return STOCK_FIELDS.filter((field) => named.includes(field))
  const shown = JSON.stringify(unknown.slice(0, 40))
  throw new StockyardError('usage', 'PARAMETER_INVALID', `A stock has no field ${shown}.`, {
    hint: `Use some of ${STOCK_FIELDS.join(', ')}, with commas between them.`,
  })
}

/** A row with its symbol and some fields alone. */
export function pickStockFields(row: StockRow, fields: readonly StockField[]): Partial<StockRow> {
  const picked = fields.map((field) => [field, row[field]] as const)
  return { symbol: row.symbol, ...Object.fromEntries(picked) }
}

export interface StockQuery extends Omit<InstrumentFilter, 'after' | 'limit'> {
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * Instruments by symbol.
 * @throws StockyardError `CURSOR_INVALID`
 */
export async function readStocks(
  db: Queryable,
  { cursor, limit, ...filter }: StockQuery,
): Promise<{ data: StockRow[]; next: string | null }> {
  // A cursor of the other order would walk the wrong way.
  const kind = filter.sort === 'desc' ? 'stocks-desc' : 'stocks'
  const after = cursor === undefined ? undefined : decodeCursor(cursor, kind, ['string'])[0]
  const found = await listInstruments(db, { ...filter, after, limit: limit + 1 })
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = last !== undefined && found.length > limit
  return {
    data: shown.map(stockRow),
    next: hasMore ? encodeCursor(kind, [last.symbol]) : null,
  }
}
