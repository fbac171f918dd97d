/** Bars of many series gathered into groups of rows, as the columnar formats write them. Pure. */
import {
  BAR_COLUMNS,
  makeBatch,
  sliceBatch,
  VALUE_COLUMNS,
  type BarBatch,
} from '../domain/bar-batch.ts'
import type { Interval } from '../domain/interval.ts'

/** The columns that every format has first, in order; the others follow as they are asked for. */
export const KEY_COLUMNS = ['symbol', 'interval', 'ts'] as const

/** All columns after the key, in the order of every format. */
export const VALUE_COLUMN_NAMES = [...VALUE_COLUMNS, 'provider', 'state'] as const
export type ValueColumn = (typeof VALUE_COLUMN_NAMES)[number]

/** A stretch of bars of one series, and parallel to them what is known of each. */
export interface SeriesBars {
  readonly symbol: string
  readonly interval: Interval
  readonly bars: BarBatch
  /** 1 where a bar is not final. */
  readonly provisional: Uint8Array
  /** Providers by the indexes that `sources` holds. */
  readonly providers: readonly string[]
  /** Whose each bar is; null where all are the first provider's. */
  readonly sources: Uint8Array | null
}

/** Resolves when the next piece of work may be done: servers let others go between. */
export type Pause = () => Promise<unknown>

/** Texts by the codes that a column holds. */
export interface Coded {
  readonly codes: Int32Array
  readonly texts: readonly string[]
}

export interface RowGroup {
  readonly bars: BarBatch
  readonly symbol: Coded
  readonly interval: Coded
  readonly provider: Coded
  readonly state: Coded
}

/**
 * Rows of a group: enough that its columns compress and its head does not weigh, few enough to be held (2.5 MB) and to be
 * written without holding up others.
 */
export const GROUP_ROWS = 32_768

const STATES = ['final', 'provisional']

interface CodedColumn {
  codes: Int32Array
  readonly known: Map<string, number>
}

interface Filling {
  readonly bars: BarBatch
  readonly symbol: CodedColumn
  readonly interval: CodedColumn
  readonly provider: CodedColumn
  readonly state: Int32Array
  length: number
}

/**
 * Gathers stretches into groups of `rowsMax` rows, the last one with fewer. The same bars make the same
 * groups, however they were cut into stretches.
 */
export async function* rowGroups(
  source: AsyncIterable<SeriesBars>,
  rowsMax: number = GROUP_ROWS,
): AsyncGenerator<RowGroup> {
  let filling = emptyGroup(rowsMax)
  for await (const stretch of source) {
    for (let from = 0; from < stretch.bars.length;) {
      const count = Math.min(stretch.bars.length - from, rowsMax - filling.length)
      add(filling, stretch, from, count)
      from += count
      if (filling.length === rowsMax) {
        yield finished(filling)
        filling = emptyGroup(rowsMax)
      }
    }
  }
  if (filling.length > 0) yield finished(filling)
}

function emptyGroup(rows: number): Filling {
  const coded = (): CodedColumn => ({ codes: new Int32Array(rows), known: new Map() })
  return {
    bars: makeBatch(rows),
    symbol: coded(),
    interval: coded(),
    provider: coded(),
    state: new Int32Array(rows),
    length: 0,
  }
}

function add(to: Filling, stretch: SeriesBars, from: number, count: number): void {
  const at = to.length
  const part = sliceBatch(stretch.bars, from, from + count)
  for (const column of BAR_COLUMNS) to.bars[column].set(part[column], at)
  to.symbol.codes.fill(codeOf(to.symbol, stretch.symbol), at, at + count)
  to.interval.codes.fill(codeOf(to.interval, stretch.interval), at, at + count)
  const { sources, providers, provisional } = stretch
  for (let i = 0; i < count; i += 1) {
    const provider = providers[sources === null ? 0 : sources[from + i]!]!
    to.provider.codes[at + i] = codeOf(to.provider, provider)
    to.state[at + i] = provisional[from + i]!
  }
  to.length += count
}

/** Codes go by first use, so that providers without a row in the group do not show. */
function codeOf({ known }: CodedColumn, text: string): number {
  const code = known.get(text)
  if (code !== undefined) return code
  known.set(text, known.size)
  return known.size - 1
}

function finished({ bars, symbol, interval, provider, state, length }: Filling): RowGroup {
  const coded = ({ codes, known }: CodedColumn): Coded => ({
    codes: codes.subarray(0, length),
    texts: [...known.keys()],
  })
  return {
    bars: sliceBatch(bars, 0, length),
    symbol: coded(symbol),
    interval: coded(interval),
    provider: coded(provider),
    state: { codes: state.subarray(0, length), texts: STATES },
  }
}
