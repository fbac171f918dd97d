/** Instruments in the shape that the API and the CLI share. */
import type { Queryable } from '../db/connect.ts'
import { formatDate } from '../domain/date.ts'
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
  const after = cursor === undefined ? undefined : decodeCursor(cursor, 'stocks', ['string'])[0]
  const found = await listInstruments(db, { ...filter, after, limit: limit + 1 })
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = last !== undefined && found.length > limit
  return {
    data: shown.map(stockRow),
    next: hasMore ? encodeCursor('stocks', [last.symbol]) : null,
  }
}
