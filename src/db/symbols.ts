/**
 * The table symbols: dated aliases of instruments, how they change, and what was known of them when. An
 * alias that changes is kept in symbol_versions.
 */
import { formatDate, parseDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import type { Connection, Queryable } from './connect.ts'
import { findOwnHolding, moveHoldings } from './instrument-holdings.ts'
import { requireSymbol } from './instruments.ts'
import { tellOfAll } from './listen.ts'
import { lockSymbols } from './symbol-lock.ts'

/** A symbol of an instrument over the days [fromDay, untilDay); null for no bound. */
export interface Alias {
  readonly symbol: string
  readonly fromDay: number | null
  readonly untilDay: number | null
}

interface AliasRow {
  symbol: string
  valid_from: string
  valid_until: string | null
}

function toAlias({ symbol, valid_from, valid_until }: AliasRow): Alias {
  return {
    symbol,
    fromDay: valid_from === '-infinity' ? null : parseDay(valid_from),
    untilDay: valid_until === null ? null : parseDay(valid_until),
  }
}

/** The symbols that an instrument has had, oldest first; the last one is the present one. */
export async function listAliases(db: Queryable, instrumentId: number): Promise<Alias[]> {
  const { rows } = await db.query<AliasRow>(
    `SELECT symbol, valid_from, valid_until FROM stockyard.symbols
     WHERE instrument_id = $1 ORDER BY valid_from`,
    [instrumentId],
  )
  return rows.map(toAlias)
}

/** What deciding on calls needs to know of an instrument. */
export interface Trading {
  /** Whose calendar it follows. */
  readonly exchange: string
  /** First day on which it was no longer listed, or null. */
  readonly delistedDay: number | null
  readonly aliases: readonly Alias[]
}

/** How an instrument trades, by its present symbol; a guess by the spelling where it is new to the store. */
export async function readTrading(db: Queryable, symbol: string): Promise<Trading> {
  const { rows } = await db.query<AliasRow & { exchange: string; delisted_on: string | null }>(
    `SELECT i.exchange, i.delisted_on, a.symbol, a.valid_from, a.valid_until
     FROM stockyard.symbols y
     JOIN stockyard.instruments i ON i.id = y.instrument_id
     JOIN stockyard.symbols a ON a.instrument_id = i.id
     WHERE y.symbol = $1 AND y.valid_until IS NULL
     ORDER BY a.valid_from`,
    [symbol],
  )
  const [first] = rows
  if (first === undefined) {
    const { exchange } = readSymbolMeaning(symbol)
    return { exchange, delistedDay: null, aliases: [{ symbol, fromDay: null, untilDay: null }] }
  }
  const { exchange, delisted_on } = first
  return {
    exchange,
    delistedDay: delisted_on === null ? null : parseDay(delisted_on),
    aliases: rows.map(toAlias),
  }
}

/** A symbol that names nothing any more, with what it named last. */
export interface Renamed {
  readonly symbol: string
  /** The present symbol of what it named. */
  readonly now: string
  /** The day since which it does not name it. */
  readonly sinceDay: number
}

/** Those of some symbols that were given up for another one and name nothing else since, by symbol. */
export async function findRenamed(
  db: Queryable,
  symbols: readonly string[],
): Promise<Map<string, Renamed>> {
  const { rows } = await db.query<{ symbol: string; now: string; valid_until: string }>(
    `SELECT DISTINCT ON (a.symbol) a.symbol, y.symbol AS now, a.valid_until
     FROM stockyard.symbols a
     JOIN stockyard.symbols y ON y.instrument_id = a.instrument_id AND y.valid_until IS NULL
     WHERE a.symbol = ANY ($1) AND NOT EXISTS (
       SELECT FROM stockyard.symbols c WHERE c.symbol = a.symbol AND c.valid_until IS NULL)
     ORDER BY a.symbol, a.valid_until DESC`,
    [symbols],
  )
  return new Map(
    rows.map(({ symbol, now, valid_until }) => [
      symbol,
      { symbol, now, sinceDay: parseDay(valid_until) },
    ]),
  )
}

/** Which symbols name what: for telling whose an answer is that was asked for under some symbol on a day. */
export async function listAllAliases(
  db: Queryable,
  symbols: readonly string[],
): Promise<(Alias & { readonly now: string })[]> {
  const { rows } = await db.query<AliasRow & { now: string }>(
    `SELECT a.symbol, a.valid_from, a.valid_until, y.symbol AS now
     FROM stockyard.symbols a
     JOIN stockyard.symbols y ON y.instrument_id = a.instrument_id AND y.valid_until IS NULL
     WHERE a.symbol = ANY ($1) ORDER BY a.symbol, a.valid_from`,
    [symbols],
  )
  return rows.map(({ now, ...row }) => ({ ...toAlias(row), now }))
}

export interface Rename {
  readonly from: string
  readonly to: string
  /** The first day on which it trades under the new symbol. */
  readonly day: number
  /** Where both symbols have bars of the same kind: keep those of the old one, and put the others aside. */
  readonly replace: boolean
  /** Where the new symbol holds something of its own: bring that over, for good. Absent: refuse. */
  readonly merge?: boolean
}

/**
 * Gives an instrument another symbol from a day on, inside the caller's transaction. Said again with
 * another day, the day is corrected. Where the new symbol is in the store already, as that of the same
 * thing added anew, its series go over; what is left of it is put aside as `NEW@DAY`. Nothing parts the two
 * again, so that this needs `merge` where it has anything of its own.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_RENAMED`, `SYMBOL_EXISTS`, `RENAME_INVALID`
 */
export async function renameSymbol(connection: Connection, typed: Rename): Promise<void> {
  const from = requireSymbol(typed.from)
  const to = requireSymbol(typed.to)
  if (from === to || to.includes('@')) {
    throw invalid(from, `${from} cannot be renamed to ${to}.`)
  }
  await lockSymbols(connection, [from, to])
  const own = await findCurrent(connection, from)
  if (own === null) {
    if (!(await correctRename(connection, from, to, typed.day))) {
      throw await notCurrent(connection, from)
    }
    return
  }
  requireAfter(own, typed.day)
  const other = await findCurrent(connection, to)
  if (other !== null) await takeOver(connection, own.instrumentId, other, { ...typed, from, to })
  await requireFree(connection, to, typed.day)
  await endAlias(connection, own, typed.day)
  await insertAlias(connection, to, own.instrumentId, typed.day)
}

/**
 * Frees a symbol for another company: from a day on it does not name what it names now, which is
 * `SYMBOL@DAY` from then on and delisted.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_RENAMED`, `RENAME_INVALID`
 */
export async function retireSymbol(
  connection: Connection,
  typed: string,
  day: number,
): Promise<string> {
  const symbol = requireSymbol(typed)
  await lockSymbols(connection, [symbol])
  const own = await findCurrent(connection, symbol)
  if (own === null) throw await notCurrent(connection, symbol)
  requireAfter(own, day)
  await endAlias(connection, own, day)
  const aside = asideName(symbol, day)
  await insertAlias(connection, aside, own.instrumentId, day)
  await connection.query(
    `UPDATE stockyard.instruments SET delisted_on = coalesce(delisted_on, $2), watched = false,
       updated_at = clock_timestamp() WHERE id = $1`,
    [own.instrumentId, formatDate(day)],
  )
  return aside
}

/** Records the first day on which an instrument is no longer listed; null takes it back. */
export async function setDelisted(
  db: Queryable,
  instrumentId: number,
  day: number | null,
): Promise<void> {
  await db.query(
    `UPDATE stockyard.instruments SET delisted_on = $2, updated_at = clock_timestamp() WHERE id = $1`,
    [instrumentId, day === null ? null : formatDate(day)],
  )
}

interface CurrentAlias {
  readonly symbol: string
  readonly instrumentId: number
  readonly validFrom: string
}

async function findCurrent(connection: Connection, symbol: string): Promise<CurrentAlias | null> {
  const { rows } = await connection.query<{ instrument_id: number; valid_from: string }>(
    `SELECT instrument_id, valid_from FROM stockyard.symbols
     WHERE symbol = $1 AND valid_until IS NULL FOR UPDATE`,
    [symbol],
  )
  const [row] = rows
  return row === undefined
    ? null
    : { symbol, instrumentId: row.instrument_id, validFrom: row.valid_from }
}

function requireAfter({ symbol, validFrom }: CurrentAlias, day: number): void {
  if (validFrom === '-infinity' || parseDay(validFrom) < day) return
  throw invalid(
    symbol,
    `${symbol} is a symbol since ${validFrom} only, not before ${formatDate(day)}.`,
  )
}

/** True where the rename was made before, and only its day is another. */
async function correctRename(
  connection: Connection,
  from: string,
  to: string,
  day: number,
): Promise<boolean> {
  const { rows } = await connection.query<{ valid_from: string; now_from: string }>(
    `SELECT a.valid_from, y.valid_from AS now_from
     FROM stockyard.symbols a
     JOIN stockyard.symbols y ON y.instrument_id = a.instrument_id AND y.valid_from = a.valid_until
     WHERE a.symbol = $1 AND y.symbol = $2 AND y.valid_until IS NULL`,
    [from, to],
  )
  const [row] = rows
  if (row === undefined) return false
  requireAfter({ symbol: from, instrumentId: 0, validFrom: row.valid_from }, day)
  await keepVersion(connection, from, row.valid_from)
  await keepVersion(connection, to, row.now_from)
  await connection.query(
    `UPDATE stockyard.symbols SET recorded_at = clock_timestamp(), valid_until = $3
     WHERE symbol = $1 AND valid_from = $2`,
    [from, row.valid_from, formatDate(day)],
  )
  await connection.query(
    `UPDATE stockyard.symbols SET recorded_at = clock_timestamp(), valid_from = $3
     WHERE symbol = $1 AND valid_from = $2`,
    [to, row.now_from, formatDate(day)],
  )
  return true
}

/** Brings the series of what has the new symbol already to the instrument that is renamed to it. */
async function takeOver(
  connection: Connection,
  instrumentId: number,
  other: CurrentAlias,
  { from, to, day, replace, merge }: Rename,
): Promise<void> {
  const held = merge === true ? null : await findOwnHolding(connection, other.instrumentId)
  if (held !== null) {
    const command = `stockyard symbols rename ${from} ${to} --on ${formatDate(day)} --merge`
    const hint = `See: stockyard symbols show ${to}. If both are one listing: ${command} (for good)`
    throw invalid(to, `${to} ${held}, and may be another company than ${from}.`, hint)
  }
  const { rows } = await connection.query<{ interval: string; provider: string }>(
    `SELECT s.interval, s.provider FROM stockyard.series s
     JOIN stockyard.series o USING (interval, provider, basis)
     WHERE s.instrument_id = $1 AND o.instrument_id = $2 LIMIT 1`,
    [instrumentId, other.instrumentId],
  )
  const [clash] = rows
  if (clash !== undefined && !replace) {
    const sentence = `${from} and ${to} both have bars of ${clash.interval} from ${clash.provider}.`
    throw new StockyardError('conflict', 'SYMBOL_EXISTS', sentence, {
      hint: `--merge --replace keeps those of ${from} and puts those of ${to} aside as ${asideName(to, day)}.`,
    })
  }
  await connection.query(
    `UPDATE stockyard.series o SET instrument_id = $1
     WHERE o.instrument_id = $2 AND NOT EXISTS (
       SELECT FROM stockyard.series s WHERE s.instrument_id = $1 AND s.interval = o.interval
         AND s.provider = o.provider AND s.basis = o.basis)`,
    [instrumentId, other.instrumentId],
  )
  await moveHoldings(connection, other.instrumentId, instrumentId)
  await connection.query(
    `UPDATE stockyard.instruments i SET watched = i.watched OR o.watched
     FROM stockyard.instruments o WHERE i.id = $1 AND o.id = $2`,
    [instrumentId, other.instrumentId],
  )
  await connection.query(
    `UPDATE stockyard.instruments SET active = false, watched = false,
       updated_at = clock_timestamp() WHERE id = $1`,
    [other.instrumentId],
  )
  await keepVersion(connection, to, other.validFrom)
  await connection.query('DELETE FROM stockyard.symbols WHERE symbol = $1 AND valid_from = $2', [
    to,
    other.validFrom,
  ])
  await insertAlias(connection, asideName(to, day), other.instrumentId, day)
}

/** The name of what had a symbol until a day. No vendor has such symbols. */
function asideName(symbol: string, day: number): string {
  return `${symbol}@${formatDate(day)}`
}

async function requireFree(connection: Connection, symbol: string, day: number): Promise<void> {
  const { rows } = await connection.query<{ valid_until: string }>(
    'SELECT valid_until FROM stockyard.symbols WHERE symbol = $1 AND valid_until > $2',
    [symbol, formatDate(day)],
  )
  if (rows[0] === undefined) return
  throw invalid(symbol, `${symbol} names something else until ${rows[0].valid_until}.`)
}

async function endAlias(
  connection: Connection,
  { symbol, validFrom }: CurrentAlias,
  day: number,
): Promise<void> {
  await keepVersion(connection, symbol, validFrom)
  await connection.query(
    `UPDATE stockyard.symbols SET valid_until = $3, recorded_at = clock_timestamp()
     WHERE symbol = $1 AND valid_from = $2`,
    [symbol, validFrom, formatDate(day)],
  )
}

async function insertAlias(
  connection: Connection,
  symbol: string,
  instrumentId: number,
  day: number,
): Promise<void> {
  await connection.query(
    'INSERT INTO stockyard.symbols (symbol, instrument_id, valid_from) VALUES ($1, $2, $3)',
    [symbol, instrumentId, formatDate(day)],
  )
}

/** Keeps an alias as it was known up to now; goes before each change of one, and tells of it. */
export async function keepVersion(
  connection: Connection,
  symbol: string,
  validFrom: string,
): Promise<void> {
  await tellOfAll(connection)
  await connection.query(
    `INSERT INTO stockyard.symbol_versions
       (symbol, instrument_id, valid_from, valid_until, recorded_at)
     SELECT symbol, instrument_id, valid_from, valid_until, recorded_at
     FROM stockyard.symbols WHERE symbol = $1 AND valid_from = $2`,
    [symbol, validFrom],
  )
}

async function notCurrent(connection: Connection, symbol: string): Promise<StockyardError> {
  const renamed = (await findRenamed(connection, [symbol])).get(symbol)
  if (renamed !== undefined) return renamedError(renamed)
  return new StockyardError('not-found', 'SYMBOL_UNKNOWN', `The store has no symbol ${symbol}.`, {
    hint: 'Check the spelling: stockyard symbols list --all',
  })
}

/** For what needs a symbol that names something today. */
export function renamedError({ symbol, now, sinceDay }: Renamed): StockyardError {
  const sentence = `${symbol} is ${now} since ${formatDate(sinceDay)}.`
  return new StockyardError('conflict', 'SYMBOL_RENAMED', sentence, {
    hint: `Use ${now}; where ${symbol} is another company's now: stockyard symbols add ${symbol} --new`,
  })
}

function invalid(
  symbol: string,
  sentence: string,
  hint = `See what is known of it: stockyard symbols show ${symbol}`,
): StockyardError {
  return new StockyardError('usage', 'RENAME_INVALID', sentence, { hint })
}
