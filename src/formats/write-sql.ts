/**
 * Bars as INSERT statements for a table of the reader's own, in SQL that any database takes: names in double
 * quotes, instants without a zone, in UTC. Pure text; nothing here is run.
 */
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { isIntraday } from '../domain/interval.ts'
import { KEY_COLUMNS, VALUE_COLUMN_NAMES, type SeriesBars } from './row-groups.ts'
import type { TableShape } from './table-shape.ts'

export interface SqlTable {
  /** `bars` or `market.bars`. */
  readonly name: string
  /** Rows of one statement, at the most. */
  readonly batchRows: number
  /** True to make the table where it is not there. */
  readonly withSchema: boolean
}

/**
 * The name of a table as it stands in a statement.
 * @throws StockyardError `TABLE_INVALID`
 */
export function quoteTable(name: string): string {
  if (/^[A-Za-z_]\w{0,62}(\.[A-Za-z_]\w{0,62}){0,2}$/.test(name)) {
    return name
      .split('.')
      .map((part) => `"${part}"`)
      .join('.')
  }
  const shown = JSON.stringify(name.slice(0, 40))
  throw new StockyardError('usage', 'TABLE_INVALID', `${shown} is not the name of a table.`, {
    hint: 'Use letters, digits and _, with a schema before a point where one is needed.',
  })
}

/** Statements of SQL, some rows at a time. @throws StockyardError `TABLE_INVALID` */
export function writeSql(
  source: AsyncIterable<SeriesBars>,
  shape: TableShape,
  table: SqlTable,
): AsyncGenerator<string> {
  return statements(source, shape, table, quoteTable(table.name))
}

async function* statements(
  source: AsyncIterable<SeriesBars>,
  shape: TableShape,
  { batchRows, withSchema }: SqlTable,
  name: string,
): AsyncGenerator<string> {
  if (withSchema) yield createTable(name, shape)
  const head = `INSERT INTO ${name} (${COLUMNS.map((column) => `"${column}"`).join(', ')}) VALUES\n`
  let open = 0
  for await (const stretch of source) {
    let text = ''
    for (let i = 0; i < stretch.bars.length; i += 1) {
      text += open === 0 ? head : ',\n'
      text += rowOf(stretch, i)
      open += 1
      if (open === batchRows) {
        text += ';\n'
        open = 0
      }
    }
    yield text
  }
  if (open > 0) yield ';\n'
}

const COLUMNS = [...KEY_COLUMNS, ...VALUE_COLUMN_NAMES]

const COLUMN_TYPES: Readonly<Record<string, string>> = {
  symbol: 'VARCHAR(64) NOT NULL',
  interval: 'VARCHAR(3) NOT NULL',
  open: 'DOUBLE PRECISION NOT NULL',
  high: 'DOUBLE PRECISION NOT NULL',
  low: 'DOUBLE PRECISION NOT NULL',
  close: 'DOUBLE PRECISION NOT NULL',
  volume: 'DOUBLE PRECISION',
  vwap: 'DOUBLE PRECISION',
  trades: 'BIGINT',
  provider: 'VARCHAR(40) NOT NULL',
  state: 'VARCHAR(11) NOT NULL',
}

function createTable(name: string, { isIntraday: hasInstants }: TableShape): string {
  const ts = hasInstants ? 'TIMESTAMP NOT NULL' : 'DATE NOT NULL'
  const lines = COLUMNS.map((column) => `  "${column}" ${COLUMN_TYPES[column] ?? ts},\n`)
  return `CREATE TABLE IF NOT EXISTS ${name} (\n${lines.join('')}  PRIMARY KEY ("symbol", "interval", "ts")\n);\n`
}

function rowOf({ symbol, interval, bars, providers, sources, provisional }: SeriesBars, i: number) {
  const ts = isIntraday(interval) ? instantText(bars.ts[i]!) : formatDate(bars.ts[i]!)
  const prices = `${bars.open[i]!}, ${bars.high[i]!}, ${bars.low[i]!}, ${bars.close[i]!}`
  const rest = `${cell(bars.volume[i]!)}, ${cell(bars.vwap[i]!)}, ${cell(bars.trades[i]!)}`
  const provider = quoteText(providers[sources === null ? 0 : sources[i]!]!)
  const state = provisional[i] === 1 ? 'provisional' : 'final'
  return `(${quoteText(symbol)}, '${interval}', '${ts}', ${prices}, ${rest}, ${provider}, '${state}')`
}

/** `2024-01-02 14:30:00`; milliseconds only where there are some. */
function instantText(instant: number): string {
  return new Date(instant)
    .toISOString()
    .replace('T', ' ')
    .replace(/(\.000)?Z$/, '')
}

function cell(value: number): string {
  return Number.isNaN(value) ? 'NULL' : String(value)
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
