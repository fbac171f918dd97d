/** Parquet of other programs as rows. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import polars from 'nodejs-polars'
import { readFileRows } from '../../src/formats/read-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'stockyard-parquet-'))
after(() => rmSync(folder, { recursive: true }))

const ROWS = 12_000
const numbers = Array.from({ length: ROWS }, (_, i) => i)
const frame = polars.DataFrame({
  Ticker: numbers.map((i) => (i < ROWS / 2 ? 'FIRST' : 'SECOND')),
  Date: numbers.map((i) => new Date(Date.UTC(2024, 0, 2) + i * 60_000)),
  Close: numbers.map((i) => i + 0.25),
  Volume: numbers.map((i) => (i % 3 === 0 ? null : i)),
})

const expected = numbers.map((i) => [
  i < ROWS / 2 ? 'FIRST' : 'SECOND',
  Date.UTC(2024, 0, 2) + i * 60_000,
  i + 0.25,
  i % 3 === 0 ? null : i,
  null,
])

test('every row comes once and in order, however the file is cut into groups, pages and codecs', async () => {
  const compressions = ['snappy', 'zstd', 'gzip', 'uncompressed'] as const
  for (const [i, compression] of compressions.entries()) {
    const path = join(folder, `${compression}.parquet`)
    const rowGroupSize = [ROWS, 1751, 1000, 9000][i]!
    await frame.lazy().sinkParquet(path, { compression, rowGroupSize }).collect()
    const rows: unknown[] = []
    for await (const page of readFileRows(path, 'parquet')) {
      for (const { values, raw } of page) {
        const { Ticker: ticker, Date: date, Close: close, Volume: volume } = values
        rows.push([ticker, (date as Date).getTime(), close, volume, raw])
      }
    }
    assert.deepEqual(rows, expected, compression)
  }
})
