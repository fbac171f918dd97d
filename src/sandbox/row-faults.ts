/**
 * What faults do to the bars of an answer. They work on a table of texts as these stand on the wire, so
 * that one set of faults serves all vendors.
 */

export interface RowTable {
  /** What each row is keyed by: a date, a time, a number of seconds. */
  readonly labels: readonly string[]
  /** A list of texts a column: open, high, low, close, then others. Null only where nothing was traded. */
  readonly cells: readonly (readonly (string | null)[])[]
  /** Index of the volume among the columns. */
  readonly volume: number
  readonly newestFirst: boolean
  /** True once a fault has moved the labels to the bars' ends. */
  readonly labelledByEnd: boolean
  readonly spelling: RowSpelling
}

/** How the vendor would write what no vendor should. */
export interface RowSpelling {
  /** A word where a number belongs. */
  word(text: string): string
  /** The label of the same bar in the year 2099 or later. */
  future(label: string): string
  /** A label that is no time at all. */
  impossible(label: string): string
  /** A label at 10:01:07, or seven seconds past a minute. */
  offGrid(label: string): string
  /** The label of a bar's end; null for bars of days and longer. */
  readonly end: ((label: string) => string) | null
}

export type RowChange = (table: RowTable) => RowTable

export const ROW_FAULTS = {
  'empty-rows': ['a series without a row', (table) => keepRows(table, () => false)],
  'null-rows': ['some cells are null, "None" or empty', spoilWithNulls],
  'absurd-rows': ['some rows cannot be true', spoilWithNonsense],
  'missing-rows': ['the middle tenth of the rows is left out', leaveOutMiddle],
  'duplicate-rows': [
    'the newest row comes twice, the second time with another close',
    repeatNewest,
  ],
  'oldest-first': ['the rows come in the other order', reverse],
  'end-labels': ['intraday bars are labelled by their END', labelByEnd],
} as const satisfies Readonly<Record<string, readonly [string, RowChange]>>

/** Keeps rows by their index from the newest. */
function keepRows(table: RowTable, keep: (index: number) => boolean): RowTable {
  const wanted = (_: unknown, i: number): boolean => keep(placeOf(table, i))
  return {
    ...table,
    labels: table.labels.filter(wanted),
    cells: table.cells.map((column) => column.filter(wanted)),
  }
}

/** Where the row at an index from the newest stands; the way back is the same. */
function placeOf({ labels, newestFirst }: RowTable, index: number): number {
  return newestFirst ? index : labels.length - 1 - index
}

function leaveOutMiddle(table: RowTable): RowTable {
  const count = table.labels.length
  const from = Math.floor(count * 0.45)
  const until = Math.max(from + 1, Math.floor(count * 0.55))
  return keepRows(table, (i) => i < from || i >= until)
}

function reverse(table: RowTable): RowTable {
  return {
    ...table,
    newestFirst: !table.newestFirst,
    labels: table.labels.toReversed(),
    cells: table.cells.map((column) => column.toReversed()),
  }
}

function repeatNewest(table: RowTable): RowTable {
  if (table.labels.length === 0) return table
  const at = placeOf(table, 0)
  // Open in place of close: another value that still lies between low and high.
  const second = table.cells.map((column) => column[at]!)
  second[3] = table.cells[0]![at]!
  return {
    ...table,
    labels: table.labels.toSpliced(at + 1, 0, table.labels[at]!),
    cells: table.cells.map((column, c) => column.toSpliced(at + 1, 0, second[c]!)),
  }
}

function labelByEnd(table: RowTable): RowTable {
  const { end } = table.spelling
  if (end === null) return table
  return { ...table, labels: table.labels.map((label) => end(label)), labelledByEnd: true }
}

/** One row in the hands of a fault. */
interface Row {
  label: string
  readonly cells: (string | null)[]
  readonly volume: number
  readonly spelling: RowSpelling
}

type RowChanges = readonly (readonly [index: number, change: (row: Row) => void])[]

/** Changes rows by their index from the newest; rows between them stay as they are. */
function changeRows(table: RowTable, changes: RowChanges): RowTable {
  const labels = [...table.labels]
  const cells = table.cells.map((column) => [...column])
  const { volume, spelling } = table
  for (const [index, change] of changes) {
    if (index >= labels.length) break
    const at = placeOf(table, index)
    const row: Row = {
      label: labels[at]!,
      cells: cells.map((column) => column[at]!),
      volume,
      spelling,
    }
    change(row)
    labels[at] = row.label
    for (const [c, column] of cells.entries()) column[at] = row.cells[c]!
  }
  return { ...table, labels, cells }
}

function spoilWithNulls(table: RowTable): RowTable {
  return changeRows(table, [
    [1, (row) => row.cells.fill(null)],
    [3, (row) => (row.cells[3] = null)],
    [5, (row) => (row.cells[0] = row.spelling.word('None'))],
    [7, (row) => (row.cells[1] = row.spelling.word(''))],
    [9, (row) => (row.cells[row.volume] = null)],
  ])
}

function spoilWithNonsense(table: RowTable): RowTable {
  return changeRows(table, [
    // High and low change places, which shows unless they are equal: so they are set apart.
    [1, (row) => ([row.cells[1], row.cells[2]] = ['1.0000', '2.0000'])],
    [3, (row) => (row.cells[3] = `-${row.cells[3]}`)],
    [5, (row) => (row.cells[1] = row.spelling.word('NaN'))],
    [7, (row) => (row.cells[3] = '99999999.0000')],
    [9, (row) => (row.cells[row.volume] = '-100')],
    [11, (row) => (row.label = row.spelling.future(row.label))],
    [13, (row) => (row.label = row.spelling.impossible(row.label))],
    [15, (row) => (row.cells[0] = '0.0000')],
    // Off the grid of any interval; a date gets a time of day.
    [17, (row) => (row.label = row.spelling.offGrid(row.label))],
    [19, (row) => (row.cells[2] = '1e999')],
  ])
}

/** The texts of a column of numbers; null where there is none. */
export function numberTexts(column: Float64Array): (string | null)[] {
  return Array.from(column, (value) => (Number.isNaN(value) ? null : String(value)))
}
