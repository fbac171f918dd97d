/** The table symbols: former symbols of an instrument that are learnt of after its present one. */
import { formatDate } from '../domain/date.ts'
import type { Connection } from './connect.ts'
import { tellOfAll } from './listen.ts'
import { lockSymbols } from './symbol-lock.ts'
import { keepVersion } from './symbols.ts'

/** A symbol that an instrument had until a day. */
export interface FormerSymbol {
  readonly symbol: string
  /** The first day on which it was so called; null: as far back as anything is known. */
  readonly fromDay: number | null
  readonly untilDay: number
}

/**
 * Records the former symbols of an instrument that has had one symbol only so far, oldest first, each until
 * the day on which the next one begins. What the symbols name today stays as it is.
 * @returns the first of the symbols that named something else in its days, in which case nothing is
 *   recorded; null when all is
 */
export async function addFormerSymbols(
  connection: Connection,
  instrumentId: number,
  present: string,
  former: readonly FormerSymbol[],
): Promise<string | null> {
  await lockSymbols(connection, [present, ...former.map(({ symbol }) => symbol)])
  for (const { symbol, fromDay, untilDay } of former) {
    const { rows } = await connection.query(
      `SELECT FROM stockyard.symbols
       WHERE symbol = $1 AND daterange(valid_from, valid_until) && daterange($2::date, $3::date)`,
      [symbol, dateOf(fromDay), formatDate(untilDay)],
    )
    if (rows.length > 0) return symbol
  }
  await keepVersion(connection, present, '-infinity')
  await connection.query(
    `UPDATE stockyard.symbols SET valid_from = $3, recorded_at = clock_timestamp()
     WHERE symbol = $1 AND instrument_id = $2 AND valid_from = '-infinity'`,
    [present, instrumentId, dateOf(former.at(-1)!.untilDay)],
  )
  for (const { symbol, fromDay, untilDay } of former) {
    await connection.query(
      `INSERT INTO stockyard.symbols (symbol, instrument_id, valid_from, valid_until)
       VALUES ($1, $2, $3, $4)`,
      [symbol, instrumentId, dateOf(fromDay), formatDate(untilDay)],
    )
  }
  await tellOfAll(connection)
  return null
}

function dateOf(day: number | null): string {
  return day === null ? '-infinity' : formatDate(day)
}
