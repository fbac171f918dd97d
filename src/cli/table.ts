/** Tables for people: plain columns, numbers to the right, no lines, no colour codes into pipes. */
import Table from 'cli-table3'
import { plainText, type Output } from './output.ts'

export interface Column<Row> {
  readonly title: string
  readonly align?: 'left' | 'right'
  readonly value: (row: Row) => string | number | null
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** The rows as an aligned table that ends with a line break; absent values show as "–". */
export function formatTable<Row>(
  output: Output,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const table = new Table({
    head: columns.map((column) => output.paint('bold', column.title)),
    colAligns: columns.map((column) => column.align ?? 'left'),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) {
    table.push(columns.map((column) => cellText(column.value(row))))
  }
  const lines = table.toString().split('\n')
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

function cellText(value: string | number | null): string {
  if (value === null) return '–'
  return typeof value === 'number' ? formatCount(value) : plainText(value).trim()
}

/** A whole number with thousands set apart: `1,234,567`. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** A price with 2 to 6 decimals, thousands set apart; "–" where absent. */
export function formatPrice(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '–'
  return value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 6 })
}

/** A time span in words of at most two units: `3 d 4 h`, `12 min 5 s`, `0.4 s`. */
export function formatSpan(spanMs: number): string {
  if (spanMs < 10_000) return `${(spanMs / 1000).toFixed(1)} s`
  const seconds = Math.round(spanMs / 1000)
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}
