/** Records of CSV (RFC 4180) out of a stream of text: any of the usual separators, quotes, and line ends. */
import { StockyardError } from '../domain/error.ts'

/** A record: its cells, and its text as it stands in the file. */
export interface CsvRecord {
  readonly cells: readonly string[]
  readonly raw: string
}

/** More than any row of bars; a quote that is never closed must not take in a whole file. */
const RECORD_CHARACTERS_MAX = 1_000_000

/**
 * The records of a file in order; lines without anything are left out.
 * @throws StockyardError `FILE_UNREADABLE` where a record has no end
 */
export async function* csvRecords(text: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  let rest = ''
  let separator: string | null = null
  for await (const part of text) {
    rest += part
    for (let end = recordEnd(rest); end >= 0; end = recordEnd(rest)) {
      const raw = rest.slice(0, end).replace(/\r$/, '')
      rest = rest.slice(end + 1)
      if (raw.trim() === '') continue
      separator ??= separatorOf(raw)
      yield { cells: cellsOf(raw, separator), raw }
    }
    if (rest.length > RECORD_CHARACTERS_MAX) throw endless()
  }
  const raw = rest.replace(/\r$/, '')
  if (raw.trim() !== '') yield { cells: cellsOf(raw, separator ?? separatorOf(raw)), raw }
}

function endless(): StockyardError {
  return new StockyardError(
    'usage',
    'FILE_UNREADABLE',
    'A record of the file does not end: a quote may not be closed.',
    { hint: 'Check that it is CSV, or name its format with --format.' },
  )
}

/** The line feed that ends the first record, or -1: one inside of quotes does not. */
function recordEnd(text: string): number {
  const end = text.indexOf('\n')
  // Looked for in the line alone: a part of a file that has no quote would be searched once a record.
  const quote = end < 0 ? -1 : text.slice(0, end).indexOf('"')
  if (quote < 0) return end
  let quoted = false
  for (let i = quote; i < text.length; i += 1) {
    if (text[i] === '"') quoted = !quoted
    else if (text[i] === '\n' && !quoted) return i
  }
  return -1
}

/** The separator that the header has most of. */
function separatorOf(header: string): string {
  const count = (separator: string) => header.split(separator).length
  return [',', ';', '\t', '|'].reduce((best, one) => (count(one) > count(best) ? one : best))
}

function cellsOf(raw: string, separator: string): string[] {
  if (!raw.includes('"')) return raw.split(separator)
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < raw.length; i += 1) {
    const character = raw[i]!
    if (character === '"' && quoted && raw[i + 1] === '"') {
      cell += '"'
      i += 1
    } else if (character === '"') quoted = !quoted
    else if (character === separator && !quoted) {
      cells.push(cell)
      cell = ''
    } else cell += character
  }
  return [...cells, cell]
}
