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

test('every row comes once and in order, however the file is cut into groups, pages and codecs', async () => {
  const compressions = ['snappy', 'zstd', 'gzip', 'uncompressed'] as const
  for (const [i, compression] of compressions.entries()) {
    const path = join(folder, `${compression}.parquet`)
    frame.writeParquet(path, { compression, rowGroupSize: [ROWS, 1751, 1000, 9000][i]! })
    let n = 0
    for await (const page of readFileRows(path, 'parquet')) {
      for (const { values, raw } of page) {
        assert.equal(raw, null)
        assert.deepEqual(
          { ...values },
          {
            Ticker: n < ROWS / 2 ? 'FIRST' : 'SECOND',
            Date: new Date(Date.UTC(2024, 0, 2) + n * 60_000),
            Close: n + 0.25,
            Volume: n % 3 === 0 ? null : n,
          },
        )
        n += 1
      }
    }
    assert.equal(n, ROWS, compression)
  }
})
