/** The instant that a question is asked as of. */
import { settleAsOf } from '../db/as-of.ts'
import type { Connection, Pool } from '../db/connect.ts'
import { getInstrumentAsOf } from '../db/instruments-as-of.ts'
import { DAY_MS } from '../domain/date.ts'
import type { Bound } from './bound.ts'
import { readCalendar } from './calendars.ts'

/** By then a date is over wherever an exchange is. */
const DATE_IS_OVER_MS = 36 * 3_600_000

/**
 * The instant of an as-of, or null: a plain date means all that was known when that date ended on the
 * exchange, which is that of what the symbol named then. Whatever became known until then can be read
 * from now on.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`, `AS_OF_FUTURE`
 */
export async function findAsOf(
  db: Pool | Connection,
  symbol: string,
  bound: Bound | null,
): Promise<number | null> {
  if (bound === null) return null
  const asOf = bound.kind === 'instant' ? bound.at : await endOfDate(db, symbol, bound.day)
  await settleAsOf(db, asOf)
  return asOf
}

async function endOfDate(db: Pool | Connection, symbol: string, day: number): Promise<number> {
  const { exchange } = await getInstrumentAsOf(db, symbol, day + DATE_IS_OVER_MS)
  const calendar = await readCalendar(db, exchange)
  return calendar.instantAt(day + DAY_MS, 0) - 1
}
