/**
 * Instruments, their symbols and the watch list. An id is permanent; a symbol is a dated alias of it.
 */
import { formatDate, parseDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { readSymbolMeaning, spellSymbol } from '../domain/symbol-meaning.ts'
import type { Queryable } from './connect.ts'
import { LATEST_CHANNEL } from './listen.ts'

export const INSTRUMENT_KINDS = ['stock', 'etf', 'index', 'currency', 'other'] as const
type InstrumentKind = (typeof INSTRUMENT_KINDS)[number]

/** What a person may say about an instrument. */
export interface InstrumentFields {
  readonly kind: InstrumentKind
  readonly name: string | null
  /** ISO 10383 code of the exchange; decides the calendar. */
  readonly exchange: string
  readonly currency: string | null
  readonly sector: string | null
  readonly industry: string | null
  readonly watched: boolean
  /** False once deleted; its bars stay. */
  readonly active: boolean
}

export interface Instrument extends InstrumentFields {
  readonly id: number
  /** Its current symbol. */
  readonly symbol: string
  /** First day of trading, and first day on which it was no longer listed; null where nobody said. */
  readonly listedDay: number | null
  readonly delistedDay: number | null
  /** True when it came from the simulated exchange. */
  readonly simulated: boolean
  /** What vendors said about it, by provider. */
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly updatedAt: number
}

export interface InstrumentFilter {
  /** Names of the exchange, upper case: vendors spell it differently. */
  readonly exchanges?: readonly string[] | undefined
  readonly sector?: string | undefined
  readonly kind?: InstrumentKind | undefined
  readonly active?: boolean | undefined
  readonly watched?: boolean | undefined
  /** Words that the symbol, the name, the sector or the industry holds, in any case. */
  readonly text?: string | undefined
  /** Only symbols after this one, in the order of the list. */
  readonly after?: string | undefined
  /** By symbol; absent: ascending. */
  readonly sort?: 'asc' | 'desc' | undefined
  readonly skip?: number | undefined
  readonly limit?: number | undefined
}

const UNIQUE_VIOLATION = '23505'

/** What is put aside is called by its last symbol and the day on which that ended; see symbols.ts. */
const SYMBOL = /^[A-Za-z0-9^][A-Za-z0-9.^=:_-]{0,31}(?:@\d{4}-\d\d-\d\d)?$/

/**
 * A symbol that a person typed, as it is kept: without spaces around it, in capitals unless it is of the
 * kind that has a small letter.
 * @throws StockyardError `SYMBOL_INVALID`
 */
export function requireSymbol(typed: string): string {
  const symbol = typed.trim()
  if (SYMBOL.test(symbol)) return spellSymbol(symbol)
  // JSON's escapes keep a terminal safe from what was typed.
  const shown = JSON.stringify(symbol.slice(0, 40))
  throw new StockyardError('usage', 'SYMBOL_INVALID', `${shown} is not a symbol.`, {
    hint: 'A symbol has up to 32 letters, digits and . - ^ = : _ in it, for example AAPL or BRK.B.',
  })
}

interface InstrumentRow {
  id: number
  symbol: string
  kind: InstrumentKind
  name: string | null
  exchange: string
  currency: string | null
  sector: string | null
  industry: string | null
  watched: boolean
  active: boolean
  listed_on: string | null
  delisted_on: string | null
  simulated: boolean
  metadata: Record<string, unknown>
  created_at: Date
  updated_at: Date
}

const COLUMNS = `i.id, y.symbol, i.kind, i.name, i.exchange, i.currency, i.sector, i.industry,
  i.watched, i.active, i.listed_on, i.delisted_on, i.metadata, i.created_at, i.updated_at,
  EXISTS (SELECT FROM stockyard.store_kind k WHERE k.simulated) AS simulated`

/** Tells of an instrument i: of another kind, other vendors' bars may come first. */
const TELL = `CROSS JOIN LATERAL (SELECT pg_notify('${LATEST_CHANNEL}', i.id::text)) AS told`

/** Ends "WITH changed AS (UPDATE …" of instrument $1: gives it as it is then, and tells. */
const RETURN_CHANGED = `WHERE id = $1
       RETURNING *
     )
     SELECT ${COLUMNS} FROM changed i
     JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL
     ${TELL}`

const FROM = `FROM stockyard.instruments i
  JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL`

function fromRow(row: InstrumentRow): Instrument {
  const { created_at, updated_at, listed_on, delisted_on, ...same } = row
  return {
    ...same,
    listedDay: listed_on === null ? null : parseDay(listed_on),
    delistedDay: delisted_on === null ? null : parseDay(delisted_on),
    createdAt: created_at.getTime(),
    updatedAt: updated_at.getTime(),
  }
}

/** At which time a symbol is meant. */
export interface SymbolTime {
  /** The day on which it named the instrument; left out: today, or else the last time. */
  readonly on?: number | undefined
  /** As the store knew symbols at this instant, milliseconds UTC. */
  readonly asOf?: number | null | undefined
}

/** Aliases as they were known at an instant, $4. */
const KNOWN_THEN = `(
  SELECT symbol, instrument_id, valid_from, valid_until FROM stockyard.symbols
  WHERE recorded_at <= $4
  UNION ALL
  SELECT symbol, instrument_id, valid_from, valid_until FROM stockyard.symbol_versions
  WHERE recorded_at <= $4 AND replaced_at > $4)`

/**
 * The instrument that a symbol names, or null: a symbol that was given up for another one finds what it
 * named last. A symbol that was stored before as it was typed is found as it was typed.
 * @throws StockyardError `SYMBOL_INVALID`
 */
export async function findInstrument(
  db: Queryable,
  typed: string,
  { on, asOf }: SymbolTime = {},
): Promise<Instrument | null> {
  const symbol = requireSymbol(typed)
  const isPast = asOf !== null && asOf !== undefined
  const aliases = isPast ? KNOWN_THEN : 'stockyard.symbols'
  const { rows } = await db.query<InstrumentRow>(
    `SELECT ${COLUMNS}
     FROM ${aliases} a
     JOIN stockyard.instruments i ON i.id = a.instrument_id
     JOIN ${aliases} y ON y.instrument_id = i.id AND y.valid_until IS NULL
     WHERE a.symbol IN ($1, $2)
       AND ($3::date IS NULL OR daterange(a.valid_from, a.valid_until) @> $3::date)
     ORDER BY a.symbol <> $1, a.valid_until DESC NULLS FIRST LIMIT 1`,
    [
      symbol,
      typed.trim(),
      on === undefined ? null : formatDate(on),
      ...(isPast ? [new Date(asOf)] : []),
    ],
  )
  return rows[0] === undefined ? null : fromRow(rows[0])
}

/**
 * The instrument that a symbol names.
 * @throws StockyardError `SYMBOL_UNKNOWN`, `SYMBOL_INVALID`
 */
export async function getInstrument(
  db: Queryable,
  typed: string,
  time: SymbolTime = {},
): Promise<Instrument> {
  const found = await findInstrument(db, typed, time)
  if (found !== null) return found
  const symbol = requireSymbol(typed)
  throw new StockyardError('not-found', 'SYMBOL_UNKNOWN', `The store has no symbol ${symbol}.`, {
    hint: `Check the spelling, or add it: stockyard symbols add ${symbol}`,
  })
}

/** How the exchanges of instruments are spelt, upper case. */
export async function listStoredExchanges(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ exchange: string }>(
    'SELECT DISTINCT upper(exchange) AS exchange FROM stockyard.instruments ORDER BY 1',
  )
  return rows.map(({ exchange }) => exchange)
}

/** Instruments by symbol, in the order of their characters' codes. */
export async function listInstruments(
  db: Queryable,
  filter: InstrumentFilter = {},
): Promise<Instrument[]> {
  const [beyond, order] = filter.sort === 'desc' ? ['<', 'DESC'] : ['>', 'ASC']
  const { rows } = await db.query<InstrumentRow>(
    `SELECT ${COLUMNS} ${FROM}
     WHERE ($1::text[] IS NULL OR upper(i.exchange) = ANY ($1))
       AND ($2::text IS NULL OR lower(i.sector) = lower($2))
       AND ($3::text IS NULL OR i.kind = $3)
       AND ($4::boolean IS NULL OR i.active = $4)
       AND ($5::boolean IS NULL OR i.watched = $5)
       AND ($6::text IS NULL
            OR position(lower($6) IN lower(concat_ws(' ', y.symbol, i.name, i.sector, i.industry))) > 0)
       AND ($7::text IS NULL OR y.symbol ${beyond} $7 COLLATE "C")
     ORDER BY y.symbol COLLATE "C" ${order}
     OFFSET $8 LIMIT $9`,
    [
      filter.exchanges ?? null,
      filter.sector ?? null,
      filter.kind ?? null,
      filter.active ?? null,
      filter.watched ?? null,
      filter.text ?? null,
      filter.after ?? null,
      filter.skip ?? 0,
      filter.limit ?? null,
    ],
  )
  return rows.map(fromRow)
}

/** What a new instrument must and may say; kind and exchange are read off the symbol where left out. */
export type NewInstrument = Partial<InstrumentFields> & {
  readonly symbol: string
}

/**
 * Adds an instrument with its symbol, which is its name from now on: where the symbol named something
 * else before, from the day on which it stopped doing so.
 * @throws StockyardError `SYMBOL_EXISTS`, `SYMBOL_INVALID`
 */
export async function addInstrument(db: Queryable, added: NewInstrument): Promise<Instrument> {
  const symbol = requireSymbol(added.symbol)
  if (symbol.includes('@')) {
    throw new StockyardError('usage', 'SYMBOL_INVALID', `${symbol} is not a symbol to be added.`, {
      hint: 'SYMBOL@DATE names what had the symbol until that date.',
    })
  }
  const meaning = readSymbolMeaning(symbol)
  try {
    await db.query(
      `WITH made AS (
         INSERT INTO stockyard.instruments
           (kind, name, exchange, currency, sector, industry, watched, active)
         VALUES ($2, $3, $4, $5, $6, $7,
                 coalesce($8::boolean, false), coalesce($9::boolean, true))
         RETURNING id
       ), named AS (
         INSERT INTO stockyard.symbols (symbol, instrument_id, valid_from)
         SELECT $1, id, coalesce(
           (SELECT max(valid_until) FROM stockyard.symbols WHERE symbol = $1), '-infinity')
         FROM made
       )
       SELECT pg_notify('${LATEST_CHANNEL}', instrument_id::text)
       FROM stockyard.symbols WHERE symbol = $1`,
      [
        symbol,
        added.kind ?? meaning.kind,
        added.name ?? null,
        added.exchange ?? meaning.exchange,
        added.currency ?? null,
        added.sector ?? null,
        added.industry ?? null,
        added.watched ?? null,
        added.active ?? null,
      ],
    )
  } catch (error) {
    if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error
    throw new StockyardError('conflict', 'SYMBOL_EXISTS', `${symbol} is in the store already.`, {
      hint: 'Change it with PATCH; a deleted one comes back with {"active": true}.',
      cause: error,
    })
  }
  return await getInstrument(db, symbol)
}

/**
 * The instrument of a symbol, made where the store has none yet.
 * @throws StockyardError `SYMBOL_INVALID`
 */
export async function ensureInstrument(db: Queryable, typed: string): Promise<Instrument> {
  const found = await findInstrument(db, typed)
  if (found !== null) return found
  try {
    return await addInstrument(db, { symbol: typed })
  } catch (error) {
    // Another process may have been first.
    if (!(error instanceof StockyardError) || error.code !== 'SYMBOL_EXISTS') throw error
    return await getInstrument(db, typed)
  }
}

/** Changes the fields that are given and leaves the others. */
export async function updateInstrument(
  db: Queryable,
  id: number,
  changes: Partial<InstrumentFields>,
): Promise<Instrument> {
  const { rows } = await db.query<InstrumentRow>(
    `WITH changed AS (
       UPDATE stockyard.instruments SET
         kind = CASE WHEN $2 ? 'kind' THEN $2->>'kind' ELSE kind END,
         name = CASE WHEN $2 ? 'name' THEN $2->>'name' ELSE name END,
         exchange = CASE WHEN $2 ? 'exchange' THEN $2->>'exchange' ELSE exchange END,
         currency = CASE WHEN $2 ? 'currency' THEN $2->>'currency' ELSE currency END,
         sector = CASE WHEN $2 ? 'sector' THEN $2->>'sector' ELSE sector END,
         industry = CASE WHEN $2 ? 'industry' THEN $2->>'industry' ELSE industry END,
         watched = CASE WHEN $2 ? 'watched' THEN ($2->>'watched')::boolean ELSE watched END,
         active = CASE WHEN $2 ? 'active' THEN ($2->>'active')::boolean ELSE active END,
         updated_at = clock_timestamp()
       ${RETURN_CHANGED}`,
    [id, JSON.stringify(changes)],
  )
  const row = rows[0]
  if (row === undefined) {
    throw new StockyardError('not-found', 'SYMBOL_UNKNOWN', `The store has no instrument ${id}.`, {
      hint: 'It was there a moment ago: look it up again by its symbol.',
    })
  }
  return fromRow(row)
}

/** What a vendor says of an instrument; null where it says nothing. */
export interface Reference {
  readonly provider: string
  readonly kind: InstrumentKind
  readonly name: string | null
  readonly exchange: string | null
  readonly currency: string | null
  readonly sector: string | null
  readonly industry: string | null
  readonly listedDay: number | null
  readonly delistedDay: number | null
  /** Everything else as the vendor gave it; kept apart for each provider. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/**
 * Takes over what a vendor says. Where it says nothing, or of the kind no more than `other`, what was
 * known before stays.
 */
export async function mergeReference(
  db: Queryable,
  id: number,
  said: Reference,
): Promise<Instrument> {
  const known = Object.entries(said.metadata).filter(([, value]) => (value ?? null) !== null)
  const { rows } = await db.query<InstrumentRow>(
    `WITH changed AS (
       UPDATE stockyard.instruments SET
         kind = CASE WHEN $2 = 'other' THEN kind ELSE $2 END,
         name = coalesce($3, name), exchange = coalesce($4, exchange),
         currency = coalesce($5, currency), sector = coalesce($6, sector),
         industry = coalesce($7, industry),
         listed_on = coalesce($8::date, listed_on), delisted_on = coalesce($9::date, delisted_on),
         metadata = metadata || jsonb_build_object($10::text,
           coalesce(metadata->$10::text, '{}') || $11::jsonb),
         updated_at = clock_timestamp()
       ${RETURN_CHANGED}`,
    [
      id,
      said.kind,
      said.name,
      said.exchange,
      said.currency,
      said.sector,
      said.industry,
      said.listedDay === null ? null : formatDate(said.listedDay),
      said.delistedDay === null ? null : formatDate(said.delistedDay),
      said.provider,
      JSON.stringify(Object.fromEntries(known)),
    ],
  )
  return fromRow(rows[0]!)
}

/** Soft delete: off the watch list and inactive. Its bars, runs and revisions stay. */
export async function deleteInstrument(db: Queryable, id: number): Promise<void> {
  await db.query(
    `UPDATE stockyard.instruments SET active = false, watched = false, updated_at = clock_timestamp()
     WHERE id = $1 AND (active OR watched)`,
    [id],
  )
}
