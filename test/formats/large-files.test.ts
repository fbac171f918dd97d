/** Large files pass through without being held, and small pieces make the same bytes as large ones. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import polars from 'nodejs-polars'
import { makeBatch, sliceBatch } from '../../src/domain/bar-batch.ts'
import { GROUP_ROWS, VALUE_COLUMN_NAMES, type SeriesBars } from '../../src/formats/row-groups.ts'
import { tableShape } from '../../src/formats/table-shape.ts'
import { writeArrow } from '../../src/formats/write-arrow.ts'
import { writeParquet } from '../../src/formats/write-parquet.ts'

const WRITERS = { arrow: writeArrow, parquet: writeParquet } as const
const SHAPE = tableShape(['1m'], VALUE_COLUMN_NAMES)
/** More than one group, and not a whole number of them. */
const ROWS = 2 * GROUP_ROWS + 1234

/** Minute bars without regard for sessions, whose values tell their place; every third has no volume. */
function minutes(from: number, count: number): SeriesBars {
  const bars = makeBatch(count)
  for (let i = 0; i < count; i += 1) {
    const n = from + i
    bars.ts[i] = Date.UTC(2020, 0, 1) + n * 60_000
    bars.open[i] = n
    bars.high[i] = n + 0.5
    bars.low[i] = n - 0.5
    bars.close[i] = n + 0.25
    bars.volume[i] = n % 3 === 0 ? Number.NaN : n + 0.125
    bars.trades[i] = n % 2 === 0 ? Number.NaN : n
  }
  const sources = Uint8Array.from(bars.ts, (_, i) => (from + i) % 2)
  const provisional = Uint8Array.from(bars.ts, (_, i) => Number(from + i === ROWS - 1))
  const symbol = 'ÆØ "x",'
  return { symbol, interval: '1m', bars, provisional, providers: ['polygon', 'yahoo'], sources }
}

async function* inPieces(pieceRows: number): AsyncGenerator<SeriesBars> {
  const whole = minutes(0, ROWS)
  for (let from = 0; from < ROWS; from += pieceRows) {
    const until = Math.min(ROWS, from + pieceRows)
    yield {
      ...whole,
      bars: sliceBatch(whole.bars, from, until),
      provisional: whole.provisional.subarray(from, until),
      sources: whole.sources!.subarray(from, until),
    }
  }
}

async function joined(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(parts))
}

test('all rows of several groups are read by another program, absent values as null', async () => {
  for (const [name, write] of Object.entries(WRITERS)) {
    const bytes = await joined(write(inPieces(10_007), SHAPE))
    const frame = name === 'arrow' ? polars.readIPCStream(bytes) : polars.readParquet(bytes)
    assert.equal(frame.height, ROWS)
    for (const n of [0, 1, 2, 3, GROUP_ROWS - 1, GROUP_ROWS, 2 * GROUP_ROWS, ROWS - 1]) {
      assert.deepEqual(frame.row(n), [
        'ÆØ "x",',
        '1m',
        new Date(Date.UTC(2020, 0, 1) + n * 60_000),
        n,
        n + 0.5,
        n - 0.5,
        n + 0.25,
        n % 3 === 0 ? null : n + 0.125,
        null,
        n % 2 === 0 ? null : n,
        n % 2 === 0 ? 'polygon' : 'yahoo',
        n === ROWS - 1 ? 'provisional' : 'final',
      ])
    }
  }
})

test('the bytes do not show in which pieces the bars came', async () => {
  for (const write of Object.values(WRITERS)) {
    const whole = await joined(write(inPieces(ROWS), SHAPE))
    assert.deepEqual(await joined(write(inPieces(7919), SHAPE)), whole)
  }
})

test('pauses cut the work of a group into pieces, and leave the bytes as they are', async () => {
  const groups = Math.ceil(ROWS / GROUP_ROWS)
  // A column of Parquet at a time: symbol, interval, ts, seven values, provider, state.
  for (const [name, pauses] of [['parquet', groups * 12] as const, ['arrow', groups] as const]) {
    let paused = 0
    const pause = async () => (paused += 1)
    const write = WRITERS[name]
    const whole = await joined(write(inPieces(ROWS), SHAPE))
    assert.deepEqual(await joined(write(inPieces(ROWS), SHAPE, pause)), whole)
    assert.equal(paused, pauses, name)
  }
})

test('nothing is read ahead of what is taken', async () => {
  for (const write of Object.values(WRITERS)) {
    const given = { rows: 0 }
    async function* counted(): AsyncGenerator<SeriesBars> {
      for await (const piece of inPieces(1000)) {
        given.rows += piece.bars.length
        yield piece
      }
    }
    const parts = write(counted(), SHAPE)
    while (given.rows === 0) await parts.next()
    assert.ok(given.rows < GROUP_ROWS + 1001, `${given.rows} rows for the first group`)
    await parts.return(undefined)
  }
})

const CHILD = `
import { makeBatch } from '${new URL('../../src/domain/bar-batch.ts', import.meta.url).href}'
import { VALUE_COLUMN_NAMES } from '${new URL('../../src/formats/row-groups.ts', import.meta.url).href}'
import { tableShape } from '${new URL('../../src/formats/table-shape.ts', import.meta.url).href}'
import { writeArrow } from '${new URL('../../src/formats/write-arrow.ts', import.meta.url).href}'
async function* bars() {
  for (let day = 0; day < 5000; day += 1) {
    const bars = makeBatch(400)
    for (let i = 0; i < 400; i += 1) bars.ts[i] = (day * 1440 + i) * 60000
    yield { symbol: 'A', interval: '1m', bars, provisional: new Uint8Array(400), providers: ['x'], sources: null }
  }
}
let bytes = 0
for await (const part of writeArrow(bars(), tableShape(['1m'], VALUE_COLUMN_NAMES))) bytes += part.length
console.log(JSON.stringify({ bytes, rssBytes: process.resourceUsage().maxRSS * 1024 }))
`

test('two million bars take no more memory than a few groups of them', async () => {
  const run = promisify(execFile)
  const args = ['--max-old-space-size=64', '--input-type=module', '--eval', CHILD]
  const { stdout } = await run(process.execPath, args)
  const { bytes, rssBytes } = JSON.parse(stdout) as { bytes: number; rssBytes: number }
  assert.ok(bytes > 160_000_000, `${bytes} bytes were written`)
  assert.ok(rssBytes < 220_000_000, `${rssBytes} bytes of memory were in use`)
})
