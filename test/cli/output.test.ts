/** Text for people: tables, spans, prices, progress, files that are written whole. */
import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { writeFileWhole } from '../../src/cli/file-output.ts'
import { makeOutput, OUTPUT_CLOSED, plainText, type Output } from '../../src/cli/output.ts'
import { showProgress } from '../../src/cli/progress.ts'
import { formatPrice, formatSpan, formatTable } from '../../src/cli/table.ts'
import type { StockyardError } from '../../src/domain/error.ts'
import type { TaskProgress } from '../../src/load/fetch-series.ts'

interface Screen {
  readonly output: Output
  text(): string
}

/** An output that keeps what is written to it. */
function makeScreen(isTerminal: boolean, env: Record<string, string> = {}): Screen {
  let written = ''
  const stream = new PassThrough()
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    written += chunk
  })
  const tty = Object.assign(stream, { isTTY: isTerminal, columns: 100 })
  const output = makeOutput(tty as unknown as NodeJS.WriteStream, env)
  return { output, text: () => written }
}

test('a table has numbers on the right, no lines, and no control characters of stored text', () => {
  const { output } = makeScreen(false)
  const rows = [
    { name: 'A', bars: 12 },
    { name: 'B\u001B[31mred\n', bars: 1_234_567 },
  ]
  const text = formatTable(
    output,
    [
      { title: 'name', value: (row) => row.name },
      { title: 'bars', align: 'right', value: (row) => row.bars },
    ],
    rows,
  )
  assert.equal(text, 'name            bars\nA                 12\nB [31mred  1,234,567\n')
})

test('colours are for terminals that want them', () => {
  assert.equal(makeScreen(false).output.paint('red', 'x'), 'x')
  assert.equal(makeScreen(true, { NO_COLOR: '1' }).output.paint('red', 'x'), 'x')
  assert.equal(makeScreen(true, { TERM: 'dumb' }).output.paint('red', 'x'), 'x')
  assert.equal(makeScreen(true).output.paint('red', 'x'), '\u001B[31mx\u001B[39m')
})

test('spans and prices are written for people', () => {
  const spans: [number, string][] = [
    [40, '0.0 s'],
    [9_940, '9.9 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [90_061_000, '1 d 1 h'],
  ]
  for (const [ms, text] of spans) assert.equal(formatSpan(ms), text)
  assert.equal(formatPrice(1234.5), '1,234.50')
  assert.equal(formatPrice(0.123456), '0.123456')
  assert.equal(formatPrice(null), '–')
  assert.equal(plainText('a\r\nb\u0007c'), 'a b c')
})

test('writing after the reader has gone ends with OUTPUT_CLOSED', async () => {
  const { output } = makeScreen(false)
  const stream = new PassThrough()
  const closed = makeOutput(stream as unknown as NodeJS.WriteStream, {})
  stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await assert.rejects(closed.write('x'), OUTPUT_CLOSED)
  await output.write('still fine')
})

const TASK: TaskProgress = {
  number: 1,
  symbol: 'AAPL',
  interval: '1d',
  provider: 'alpha-vantage',
  status: 'running',
  requestsPlanned: 2,
  requestsDone: 0,
  requests: 0,
  fetched: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  rejected: 0,
  watermark: null,
  notes: [],
  passedOver: [],
  error: null,
}

/** A fetch of one series as its progress is told, at one step a second. */
function tellFetch(screen: Screen): void {
  let now = 0
  const clock = { now: () => (now += 1000), sleep: () => Promise.resolve() }
  const progress = showProgress({ output: screen.output, clock, callsLeft: 25, spanMs: () => 0 })
  progress.task(TASK)
  progress.wait({ provider: 'alpha-vantage', ms: 12_000, why: '5 calls a minute are used up' })
  progress.task({ ...TASK, requestsDone: 1, requests: 1, fetched: 100, inserted: 90, updated: 10 })
  progress.task({
    ...TASK,
    status: 'succeeded',
    requestsDone: 2,
    requests: 2,
    fetched: 200,
    inserted: 190,
    updated: 10,
  })
  progress.finish()
}

test('progress off a terminal is a line a step', () => {
  const screen = makeScreen(false)
  tellFetch(screen)
  assert.deepEqual(screen.text().trimEnd().split('\n'), [
    'AAPL 1d: 2 calls planned',
    'waiting 12 s for alpha-vantage: 5 calls a minute are used up',
    'AAPL 1d: 1 of 2 calls, 100 bars, 90 new, 10 changed',
    'AAPL 1d: done: 200 bars, 190 new, 10 changed',
  ])
})

test('an answer is told of once, when it is stored, which can be after its call was done', () => {
  const screen = makeScreen(false)
  const clock = { now: () => 0, sleep: () => Promise.resolve() }
  const progress = showProgress({ output: screen.output, clock, callsLeft: 25, spanMs: () => 0 })
  const steps = [
    [0, 0],
    [0, 100],
    [1, 100],
    [2, 100],
    [2, 200],
    [3, 200],
    [3, 300],
  ] as const
  for (const [requestsDone, fetched] of steps) {
    progress.task({ ...TASK, requestsPlanned: 3, requestsDone, fetched, inserted: fetched })
  }
  assert.deepEqual(screen.text().trimEnd().split('\n'), [
    'AAPL 1d: 3 calls planned',
    'AAPL 1d: 1 of 3 calls, 100 bars, 100 new',
    'AAPL 1d: 2 of 3 calls, 200 bars, 200 new',
    'AAPL 1d: 3 of 3 calls, 300 bars, 300 new',
  ])
})

test('progress on a terminal is a block that is drawn again, with rate, calls left and time to go', () => {
  const screen = makeScreen(true, { NO_COLOR: '1' })
  tellFetch(screen)
  const text = screen.text()
  assert.match(
    text,
    /AAPL {3}1d {2}• █{8}░{8} 1\/2 calls {6}100 bars, 90 new, 10 changed, [\d,]+ bars\/s/,
  )
  assert.match(text, /1\/2 calls {2}100 bars {2}.* {2}24 calls left today {2}about .* to go/)
  assert.match(text, /waiting .* for alpha-vantage: 5 calls a minute are used up/)
  assert.match(text, /✓ █{16} 2\/2 calls/)
  // Each drawing goes up by as many lines as the one before had.
  assert.ok(text.includes('\u001B[3A'))
})

/** Milliseconds that calls take at 5 a minute. */
const spanAtFive = (calls: number) => Math.floor(Math.max(0, calls - 1) / 5) * 60_000

/** The last line of a block after one of some calls, which took a second. */
function totalAfterOne(planned: number, callsLeft: number | null, waitMs: number | null): string {
  const screen = makeScreen(true, { NO_COLOR: '1' })
  let now = 0
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const progress = showProgress({ output: screen.output, clock, callsLeft, spanMs: spanAtFive })
  progress.task({ ...TASK, requestsPlanned: planned })
  now = 1000
  progress.task({ ...TASK, requestsPlanned: planned, requestsDone: 1, requests: 1 })
  if (waitMs !== null) progress.wait({ provider: 'polygon', ms: waitMs, why: 'used up' })
  progress.finish()
  return screen
    .text()
    .split('\n')
    .findLast((line) => line.includes(`1/${planned} calls  `))!
}

test('one call that is left is one call', () => {
  assert.match(totalAfterOne(2, 2, null), / {2}1 call left today {2}/)
  assert.match(totalAfterOne(2, 3, null), / {2}2 calls left today {2}/)
})

test('the time to go has the waiting for the budget in it', () => {
  // Calls 2 to 5 at once, 6 to 10 after a minute, and so on to 21 to 25 after four.
  assert.match(totalAfterOne(25, null, null), /about 4 min to go/)
  // 24 calls after 50 seconds: four minutes between the first and the last of these.
  assert.match(totalAfterOne(25, null, 50_000), /about 4 min 50 s to go/)
  assert.match(totalAfterOne(2, null, 50_000), /about 50 s to go/)
})

test('the time to go is left out where the day has too few calls for the rest', () => {
  assert.match(totalAfterOne(3, 3, null), /2 calls left today {2}about 2\.0 s to go/)
  assert.doesNotMatch(totalAfterOne(4, 3, null), /to go/)
})

async function writeHalf(write: (text: string) => Promise<void>): Promise<void> {
  await write('half of the sec')
  throw new Error('lost')
}

test('a file is written whole or not at all', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stockyard-file-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'bars.csv')
  await writeFileWhole(path, async (write) => {
    await write('first\n')
    assert.ok(!readdirSync(folder).includes('bars.csv'), 'not there before it is whole')
  })
  assert.equal(readFileSync(path, 'utf8'), 'first\n')
  await assert.rejects(writeFileWhole(path, writeHalf), /lost/)
  assert.equal(readFileSync(path, 'utf8'), 'first\n')
  assert.deepEqual(readdirSync(folder), ['bars.csv'])
})

test('a link to a file stays a link, and a device stays a device', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stockyard-file-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'bars.csv')
  writeFileSync(path, 'old')
  symlinkSync(path, join(folder, 'link.csv'))
  await writeFileWhole(join(folder, 'link.csv'), (write) => write('new'))
  assert.equal(readFileSync(path, 'utf8'), 'new')
  await writeFileWhole('/dev/null', (write) => write('gone'))
  assert.equal(readFileSync('/dev/null', 'utf8'), '')
})

test('a link that somebody planted where a file is being written leads nowhere', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stockyard-file-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const secret = join(folder, 'secret')
  writeFileSync(secret, 'untouched')
  // Names that can be guessed in a folder that others may write to, such as /tmp.
  symlinkSync(secret, join(folder, `.bars.csv.${process.pid}.part`))
  symlinkSync(secret, join(folder, '.bars.csv.part'))
  await writeFileWhole(join(folder, 'bars.csv'), async (write) => {
    const own = readdirSync(folder).filter(
      (name) => !lstatSync(join(folder, name)).isSymbolicLink(),
    )
    assert.deepEqual(own.length, 2, 'a neighbour of its own')
    await write('bars')
  })
  assert.equal(readFileSync(secret, 'utf8'), 'untouched')
  assert.equal(readFileSync(join(folder, 'bars.csv'), 'utf8'), 'bars')
})

test('places that cannot be written are named with the reason', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stockyard-file-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const cases: [path: string, reason: RegExp][] = [
    [join(folder, 'none', 'x.csv'), /its folder does not exist/],
    [folder, /it is a folder/],
    ['/dev/null/x.csv', /its folder is a file/],
  ]
  for (const [path, reason] of cases) {
    await assert.rejects(
      writeFileWhole(path, (write) => write('x')),
      (error: StockyardError) => error.code === 'FILE_UNWRITABLE' && reason.test(error.message),
    )
  }
})

test('a full disk is said as such', { skip: process.platform !== 'linux' }, async () => {
  await assert.rejects(
    writeFileWhole('/dev/full', (write) => write('x')),
    (error: StockyardError) => error.code === 'DISK_FULL',
  )
})
