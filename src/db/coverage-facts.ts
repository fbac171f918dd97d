/**
 * What the sums of coverage need of every series of the store, in one binary answer: ten thousand series
 * are told in the time that their text would take to parse.
 */
import { escapeLiteral } from 'pg'
import type { Coverage, DayRange } from '../domain/coverage.ts'
import { DAY_MS } from '../domain/date.ts'
import type { Interval } from '../domain/interval.ts'
import type { Connection, Pool } from './connect.ts'
import { copyOut, forEachCopied, type CopiedRow } from './copy-out.ts'
import type { CoverageHead } from './coverage-heads.ts'
import { POSTGRES_EPOCH_MS } from './page-codec.ts'

export type CoverageFacts = Pick<
  CoverageHead,
  | 'symbol'
  | 'exchange'
  | 'interval'
  | 'provider'
  | 'basis'
  | 'span'
  | 'coverage'
  | 'noTrades'
  | 'notOffered'
  | 'partial'
  | 'firstBar'
  | 'lastBar'
  | 'listedDay'
  | 'delistedDay'
>

const COLUMNS =
  'y.symbol, i.exchange, s.interval, s.provider, s.basis, h.span, h.covered, h.no_trades, ' +
  'h.not_offered, h.partial, h.first_bar, h.last_bar, i.listed_on, i.delisted_on'
const COLUMN_COUNT = 14

export interface FactsFilter {
  readonly interval?: Interval | undefined
  readonly provider?: string | undefined
}

/** Facts of series, by symbol; those of which nothing was ever loaded are left out. */
export async function readCoverageFacts(
  db: Pool | Connection,
  { interval, provider }: FactsFilter,
): Promise<CoverageFacts[]> {
  const copied = await copyOut(
    db,
    `SELECT ${COLUMNS}
     FROM stockyard.series_heads h
     JOIN stockyard.series s ON s.id = h.series_id
     JOIN stockyard.instruments i ON i.id = s.instrument_id
     JOIN stockyard.symbols y ON y.instrument_id = i.id AND y.valid_until IS NULL
     WHERE h.observed_at IS NOT NULL
       ${interval === undefined ? '' : `AND s.interval = ${escapeLiteral(interval)}`}
       ${provider === undefined ? '' : `AND s.provider = ${escapeLiteral(provider)}`}
     ORDER BY y.symbol COLLATE "C", s.id`,
  )
  const kinds = new Map<string, SeriesKind>()
  const facts: CoverageFacts[] = []
  forEachCopied(copied, COLUMN_COUNT, (row) => facts.push(toFacts(copied, row, kinds)))
  return facts
}

/** What a store has few different ones of. */
type SeriesKind = Pick<CoverageFacts, 'exchange' | 'interval' | 'provider' | 'basis'>

function toFacts(copied: Buffer, row: CopiedRow, kinds: Map<string, SeriesKind>): CoverageFacts {
  const { at, lengths } = row
  const ranges = (column: number) => readRanges(copied, at[column]!)
  const day = (column: number) => (lengths[column]! < 0 ? null : readDay(copied, at[column]!))
  const instant = (column: number) =>
    lengths[column]! < 0 ? null : readInstant(copied, at[column]!)
  const { exchange, interval, provider, basis } = kindOf(copied, row, kinds)
  return {
    symbol: textOf(copied, row, 0),
    exchange,
    interval,
    provider,
    basis,
    span: lengths[5]! < 0 ? null : readRange(copied, at[5]!),
    coverage: ranges(6),
    noTrades: ranges(7),
    notOffered: ranges(8),
    partial: ranges(9),
    firstBar: instant(10),
    lastBar: instant(11),
    listedDay: day(12),
    delistedDay: day(13),
  }
}

/** The four texts after the symbol, which are made once of the same bytes. */
function kindOf(copied: Buffer, row: CopiedRow, kinds: Map<string, SeriesKind>): SeriesKind {
  // With the lengths between them, so that no two kinds look alike.
  const key = copied.toString('latin1', row.at[1]! - 4, row.at[4]! + row.lengths[4]!)
  const known = kinds.get(key)
  if (known !== undefined) return known
  const kind = {
    exchange: textOf(copied, row, 1),
    interval: textOf(copied, row, 2) as Interval,
    provider: textOf(copied, row, 3),
    basis: textOf(copied, row, 4) as CoverageFacts['basis'],
  }
  kinds.set(key, kind)
  return kind
}

function textOf(copied: Buffer, { at, lengths }: CopiedRow, column: number): string {
  return copied.toString('utf8', at[column], at[column]! + lengths[column]!)
}

function readDay(copied: Buffer, at: number): number {
  return copied.readInt32BE(at) * DAY_MS + POSTGRES_EPOCH_MS
}

/** Microseconds since 2000, cut to milliseconds as a Date has them. */
function readInstant(copied: Buffer, at: number): number {
  const micros = copied.readInt32BE(at) * 4_294_967_296 + copied.readUInt32BE(at + 4)
  return Math.floor(micros / 1000) + POSTGRES_EPOCH_MS
}

/** A datemultirange: how many ranges, and each with its length. */
function readRanges(copied: Buffer, start: number): Coverage {
  const count = copied.readInt32BE(start)
  if (count === 0) return NONE
  const ranges: DayRange[] = []
  let at = start + 4
  for (let i = 0; i < count; i += 1) {
    ranges.push(readRange(copied, at + 4))
    at += 4 + copied.readInt32BE(at)
  }
  return ranges
}

const NONE: Coverage = []

/** A daterange that has both bounds: flags, and each bound with its length; dates are stored as [from, until). */
function readRange(copied: Buffer, at: number): DayRange {
  return { from: readDay(copied, at + 5), until: readDay(copied, at + 13) }
}
