/** Small CSV answers (a quote, a search) as records: quoted cells, CRLF or LF. Not for series. */

/**
 * The rows of a CSV text as records by the names of its header; null where the text has no header that
 * begins with `first`, or its last line was cut off.
 */
export function readTable(text: string, first: string): Record<string, string>[] | null {
  if (!text.endsWith('\n')) return null
  const [header, ...lines] = text.split(/\r?\n/).filter((line) => line !== '')
  const names = header === undefined ? [] : splitLine(header)
  if (names[0] !== first || names.length < 2) return null
  const rows = lines.map(splitLine)
  if (rows.some((cells) => cells.length !== names.length)) return null
  return rows.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i]!])))
}

function splitLine(line: string): string[] {
  const cells = line.match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^,]*)(?=,|$)/g) ?? []
  return cells.map((cell) =>
    cell.startsWith('"') && cell.endsWith('"') && cell.length > 1
      ? cell.slice(1, -1).replaceAll('""', '"')
      : cell,
  )
}
