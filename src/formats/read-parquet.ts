/** Rows of Parquet files, made out of columns as they are taken: whole row groups of objects would not fit. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetRead,
  type DecodedArray,
} from 'hyparquet'

/** What other programs compress Parquet with, besides Snappy, which the reader knows itself. */
const compressors = {
  ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes),
  GZIP: (bytes: Uint8Array) => gunzipSync(bytes),
  BROTLI: (bytes: Uint8Array) => brotliDecompressSync(bytes),
}

/** Some values of a column, the first of which is in row `rowStart` of the file. */
interface Piece {
  readonly rowStart: number
  readonly values: DecodedArray
}

/** The rows of a file in order, cells by column; the columns of one row group are held at a time. */
export async function* readParquetRows(path: string): AsyncGenerator<Record<string, unknown>> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    const columns = new Map<string, Piece[]>()
    await parquetRead({
      file,
      metadata,
      rowStart,
      rowEnd,
      compressors,
      onChunk: ({ columnName, columnData: values, rowStart: first }) => {
        const pieces = columns.get(columnName)
        if (pieces === undefined) columns.set(columnName, [{ rowStart: first, values }])
        else pieces.push({ rowStart: first, values })
      },
    })
    yield* rowsOf(columns, rowStart, rowEnd)
    rowStart = rowEnd
  }
}

function* rowsOf(
  columns: ReadonlyMap<string, readonly Piece[]>,
  rowStart: number,
  rowEnd: number,
): Generator<Record<string, unknown>> {
  const places = Array.from(columns, ([name, pieces]) => ({ name, pieces, at: 0 }))
  for (let row = rowStart; row < rowEnd; row += 1) {
    const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    for (const place of places) {
      let piece = place.pieces[place.at]!
      while (row >= piece.rowStart + piece.values.length) {
        place.at += 1
        piece = place.pieces[place.at]!
      }
      values[place.name] = piece.values[row - piece.rowStart]
    }
    yield values
  }
}
