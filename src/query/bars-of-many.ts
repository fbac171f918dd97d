/** Bars of several symbols as one list: by symbol, then by start. */
import type { Connection, Pool } from '../db/connect.ts'
import { getInstrument, requireSymbol } from '../db/instruments.ts'
import { StockyardError } from '../domain/error.ts'
import { readBars, streamBars, type BarAnswer, type BarQuery, type BarStream } from './bars.ts'
import { cursorError, decodeCursor, encodeCursor } from './cursor.ts'

/** Most symbols in one question. */
export const SYMBOLS_MAX = 100

/**
 * The symbols of a list such as `AAPL,MSFT` under the names that the store has for them, each once, in the
 * order of their characters' codes.
 * @param isPast true for reads as of an instant, for which the names that were given then hold
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`, `PARAMETER_INVALID`
 */
export async function findSymbols(
  db: Pool | Connection,
  typed: string,
  isPast = false,
): Promise<string[]> {
  const names = new Set(typed.split(',').map((part) => part.trim()))
  if (names.size > SYMBOLS_MAX) {
    throw new StockyardError('usage', 'PARAMETER_INVALID', 'There are too many symbols.', {
      hint: `Name at most ${SYMBOLS_MAX} at a time.`,
    })
  }
  const found: string[] = []
  for (const name of names) {
    const { symbol } = await getInstrument(db, name)
    found.push(isPast ? requireSymbol(name) : symbol)
  }
  return [...new Set(found)].toSorted((a, b) => (a < b ? -1 : 1))
}

export type ManyQuery = Omit<BarQuery, 'symbol'>

export interface ManyAnswer {
  /** One for each symbol that has bars in this part of the list. */
  readonly answers: readonly BarAnswer[]
  readonly next: string | null
}

/**
 * At most `limit` bars of the symbols, which are in order, and a cursor where there are more.
 * @throws StockyardError `CURSOR_INVALID`, and what readBars throws
 */
export async function readManyBars(
  db: Pool | Connection,
  symbols: readonly string[],
  query: ManyQuery,
  limit: number,
  cursor: string | null = null,
): Promise<ManyAnswer> {
  const answers: BarAnswer[] = []
  let left = limit
  for (const [symbol, inside] of symbolsAfter(symbols, cursor)) {
    // One more bar than the limit is looked for, so that the list does not end in an empty part.
    const answer = await readBars(db, { ...query, symbol }, Math.max(left, 1), inside)
    if (left === 0 && answer.bars.length > 0) {
      return { answers, next: encodeCursor('prices', [symbol, '']) }
    }
    if (answer.bars.length > 0) answers.push(answer)
    left -= answer.bars.length
    if (answer.next !== null) {
      return { answers, next: encodeCursor('prices', [symbol, answer.next]) }
    }
  }
  return { answers, next: null }
}

/**
 * All bars of the symbols, one stream after the other. All are planned before the first is read, so that
 * what is wrong with any of them is told before an answer begins.
 * @throws StockyardError as readManyBars does
 */
export async function streamManyBars(
  db: Pool | Connection,
  symbols: readonly string[],
  query: ManyQuery,
  cursor: string | null = null,
): Promise<BarStream[]> {
  const streams: BarStream[] = []
  for (const [symbol, inside] of symbolsAfter(symbols, cursor)) {
    streams.push(await streamBars(db, { ...query, symbol }, inside))
  }
  return streams
}

/** The symbols that are left, the first with the place inside its bars. */
function symbolsAfter(
  symbols: readonly string[],
  cursor: string | null,
): [symbol: string, cursor: string | null][] {
  if (cursor === null) return symbols.map((symbol) => [symbol, null])
  const [first, inside] = decodeCursor(cursor, 'prices', ['string', 'string'])
  if (!symbols.includes(first)) throw cursorError()
  const rest = symbols.slice(symbols.indexOf(first))
  return rest.map((symbol, i) => [symbol, i === 0 && inside !== '' ? inside : null])
}
