/** The archive over a real folder: what is kept, what is not, how large it gets, and what may break. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { appendFileSync, existsSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import { pino } from 'pino'
import type { Answer } from '../../src/archive/archived-answer.ts'
import type { Entry } from '../../src/archive/entry.ts'
import { openFileArchive, type FileArchiveOptions } from '../../src/archive/file-archive.ts'
import { forEachEntry, readArchivedBody } from '../../src/archive/read-archive.ts'
import { bodyWithoutKeys } from '../../src/archive/redact-answer.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import { registerSecret } from '../../src/log.ts'

const NOON = Date.parse('2026-03-02T12:00:00Z')
const KEY = 'K3YTHATNOBODYMAYSEE'
registerSecret(KEY)

interface Bench {
  readonly root: string
  readonly warnings: string[]
  now: number
  open(options?: Partial<FileArchiveOptions>): ReturnType<typeof openFileArchive>
}

function makeBench(t: TestContext): Bench {
  const home = mkdtempSync(join(tmpdir(), 'stockyard-archive-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  const warnings: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) })
  const bench: Bench = {
    root: join(home, 'archive'),
    warnings,
    now: NOON,
    open: (options = {}) =>
      openFileArchive({
        root: bench.root,
        clock: { now: () => bench.now },
        log,
        maxBytes: 1e9,
        maxDays: 365,
        ...options,
      }),
  }
  return bench
}

function answer(bench: Bench, text: string, change: Partial<Answer> = {}): Answer {
  return {
    provider: 'alpha-vantage',
    baseUrl: 'https://www.example.com',
    request: { path: '/query', params: { symbol: 'IBM' }, keyParam: 'apikey' },
    bars: { symbol: 'IBM', interval: '1d', asked: null, covers: null },
    body: {
      status: 200,
      bytes: Buffer.from(text),
      contentType: 'application/json',
      simulated: false,
    },
    receivedAt: bench.now,
    outcome: 'data',
    ...change,
  }
}

async function entriesIn(root: string): Promise<Entry[]> {
  const entries: Entry[] = []
  await forEachEntry(root, { from: null, until: null }, (entry) => entries.push(entry))
  return entries
}

async function textOf(root: string, entry: Entry): Promise<string> {
  const body = await readArchivedBody(root, entry)
  return typeof body === 'string' ? body : Buffer.from(body.bytes).toString()
}

function bodyFiles(root: string): string[] {
  return readdirSync(join(root, 'bodies')).toSorted()
}

/** Text that does not get smaller: hashes of numbers. */
function noise(seed: number, length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i += 1) {
    text += createHash('sha512').update(`${seed} ${i}`).digest('base64')
  }
  return text.slice(0, length)
}

test('an answer comes back as it was, with all that was asked', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open()
  const bars = {
    symbol: 'BRK.B',
    interval: '5m',
    asked: { from: Date.UTC(2026, 1, 1), until: Date.UTC(2026, 2, 1) },
    covers: { from: Date.UTC(2026, 1, 1), until: Date.UTC(2026, 1, 28) },
  } as const
  archive.keep(answer(bench, '{"a":1}', { bars, outcome: 'malformed' }))
  await archive.flush()
  const [entry] = await entriesIn(bench.root)
  assert.deepEqual(entry, {
    folder: '2026-03-02',
    provider: 'alpha-vantage',
    baseUrl: 'https://www.example.com',
    path: '/query',
    params: { symbol: 'IBM' },
    bars,
    status: 200,
    contentType: 'application/json',
    simulated: false,
    outcome: 'malformed',
    receivedAt: NOON,
    // `printf '{"a":1}' | sha256sum`
    sha256: '015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862',
    length: 7,
  })
  assert.equal(await textOf(bench.root, entry!), '{"a":1}')
  assert.equal(archive.lost(), 0)
})

test('bytes that are no text come back as they were', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open()
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  const body = { status: 500, bytes, contentType: '', simulated: true }
  archive.keep(answer(bench, '', { body, bars: null }))
  await archive.flush()
  const [entry] = await entriesIn(bench.root)
  assert.deepEqual([entry!.bars, entry!.simulated], [null, true])
  assert.deepEqual(await readArchivedBody(bench.root, entry!), { bytes: Buffer.from(bytes) })
})

test('no key is in any file, wherever the vendor put it', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open()
  const text = `We have detected your API key as ${KEY}, see https://x.test/?apiKey=${KEY}&a=1`
  archive.keep(answer(bench, text, { outcome: 'day' }))
  archive.keep(
    answer(bench, 'our detected your API key as UNREGISTERED99 and "apiKey": "OTHER12345"'),
  )
  archive.keep(
    answer(bench, 'x', {
      baseUrl: `http://user:${KEY}@proxy.test`,
      request: { path: `/a/${KEY}`, params: { apikey: KEY, q: `see ${KEY}`, token: 'abcdef' } },
    }),
  )
  await archive.flush()
  const files = readdirSync(join(bench.root, '2026-03-02')).map((name) => {
    const bytes = readFileSync(join(bench.root, '2026-03-02', name))
    return (name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString()
  })
  assert.equal(files.length, 4)
  const all = files.join('\n')
  assert.doesNotMatch(all, new RegExp(`${KEY}|UNREGISTERED99|OTHER12345|abcdef`))
  assert.match(all, /We have detected your API key as \[redacted\], see/)
})

test('the same body is stored once, on one day and on several', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open()
  for (let day = 0; day < 3; day += 1) {
    archive.keep(answer(bench, 'the same'))
    archive.keep(answer(bench, 'the same', { provider: 'yahoo' }))
    await archive.flush()
    bench.now += DAY_MS
  }
  const entries = await entriesIn(bench.root)
  assert.equal(entries.length, 6)
  const inodes = entries.map(
    ({ folder, sha256 }) => statSync(join(bench.root, folder, `${sha256}.zst`)).ino,
  )
  assert.equal(new Set(inodes).size, 1)
  assert.equal(bodyFiles(bench.root).length, 1)
})

test('folders are for their owner only', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open()
  archive.keep(answer(bench, 'x'))
  await archive.flush()
  const modes = readdirSync(bench.root, { recursive: true, encoding: 'utf8' }).map((name) => {
    const found = statSync(join(bench.root, name))
    return [found.isDirectory(), (found.mode & 0o777).toString(8)].join(' ')
  })
  assert.equal(statSync(bench.root).mode & 0o777, 0o700)
  assert.deepEqual([...new Set(modes)].toSorted(), ['false 600', 'true 700'])
})

test('days that are too old go with the first answer of a new day; shared bodies stay', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open({ maxDays: 10 })
  archive.keep(answer(bench, 'only on the first day'))
  archive.keep(answer(bench, 'on both days'))
  await archive.flush()
  bench.now += 11 * DAY_MS
  archive.keep(answer(bench, 'on both days'))
  await archive.flush()
  const entries = await entriesIn(bench.root)
  assert.deepEqual(
    entries.map(({ folder }) => folder),
    ['2026-03-13'],
  )
  assert.equal(await textOf(bench.root, entries[0]!), 'on both days')
  assert.deepEqual(bodyFiles(bench.root), [`${entries[0]!.sha256}.zst`])
})

test('what is too large loses its oldest days first', async (t) => {
  const bench = makeBench(t)
  const maxBytes = 400_000
  for (let day = 0; day < 10; day += 1) {
    const archive = bench.open({ maxBytes })
    archive.keep(answer(bench, noise(day, 100_000)))
    await archive.flush()
    bench.now += DAY_MS
  }
  const entries = await entriesIn(bench.root)
  assert.ok(entries.length >= 3 && entries.length <= 5, `${entries.length} days are left`)
  assert.equal(entries.at(-1)!.folder, '2026-03-11')
  assert.equal(bodyFiles(bench.root).length, entries.length)
})

test('one day that is too large loses its oldest bodies', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open({ maxBytes: 400_000 })
  for (let i = 0; i < 12; i += 1) {
    bench.now += 1000
    archive.keep(answer(bench, noise(i, 100_000)))
    await archive.flush()
    const [newest] = (await entriesIn(bench.root)).slice(-1)
    // Files of one test are too close in time for some file systems.
    const path = join(bench.root, newest!.folder, `${newest!.sha256}.zst`)
    if (existsSync(path)) utimesSync(path, i, i)
  }
  const entries = await entriesIn(bench.root)
  const bodies = await Promise.all(entries.map((entry) => textOf(bench.root, entry)))
  const kept = bodies.map((body) => body !== 'gone')
  assert.equal(entries.length, 12)
  assert.equal(kept[0], false)
  assert.equal(kept.at(-1), true)
  const bytes = bodyFiles(bench.root).reduce(
    (sum, name) => sum + statSync(join(bench.root, 'bodies', name)).size,
    0,
  )
  assert.ok(bytes > 100_000 && bytes <= 400_000, `${bytes} bytes are left`)
})

test('a folder that cannot be written costs the answers, one warning, and nothing else', async (t) => {
  const bench = makeBench(t)
  // A file stands where the folder should be: that also stops root, who may write everywhere.
  writeFileSync(bench.root, 'in the way')
  const archive = bench.open()
  for (let i = 0; i < 3; i += 1) archive.keep(answer(bench, `number ${i}`))
  await archive.flush()
  assert.equal(archive.lost(), 3)
  assert.equal(bench.warnings.length, 1)
  assert.match(bench.warnings[0]!, /could not be archived, and the work goes on/)
  assert.equal(readFileSync(bench.root, 'utf8'), 'in the way')
})

test('a disk that comes back is written to again', async (t) => {
  const bench = makeBench(t)
  writeFileSync(bench.root, 'in the way')
  const archive = bench.open()
  archive.keep(answer(bench, 'lost'))
  await archive.flush()
  rmSync(bench.root)
  archive.keep(answer(bench, 'kept'))
  await archive.flush()
  assert.equal(archive.lost(), 1)
  assert.equal((await entriesIn(bench.root)).length, 1)
})

test('a key is taken out of a body however it is spelled', () => {
  registerSecret('s3cret/word')
  const bodies = [
    'your API key as ABCDEFGH1 has',
    '{"apiKEY": "ABCDEFGH1"}',
    'Api_Key=ABCDEFGH1',
    'password=hunter22',
    'http://me:hunter22@host/',
    'of s3cret/word and',
    'of s3cret%2Fword and',
  ]
  for (const text of bodies) {
    const clean = Buffer.from(bodyWithoutKeys(Buffer.from(text))).toString()
    assert.doesNotMatch(clean, /ABCDEFGH1|hunter22|s3cret/, text)
    assert.match(clean, /\[redacted\]/, text)
  }
  const bars = Buffer.from('{"1. open": "150.1000"}')
  assert.equal(bodyWithoutKeys(bars), bars)
})

test('what waits to be written is bounded', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open({ maxWaitingBytes: 250 })
  for (let i = 0; i < 4; i += 1) archive.keep(answer(bench, String(i).repeat(100)))
  await archive.flush()
  assert.equal(archive.lost(), 2)
  assert.equal((await entriesIn(bench.root)).length, 2)
})

test('whoever waits for room loses nothing, however fast answers come', async (t) => {
  const bench = makeBench(t)
  const megabyte = 'x'.repeat(1_000_000)
  const bounds = { maxWaitingBytes: 12_000_000 }
  const hasty = bench.open(bounds)
  for (let i = 0; i < 20; i += 1) hasty.keep(answer(bench, `${i} ${megabyte}`))
  await hasty.flush()
  assert.ok(hasty.lost() > 0, 'they came too fast to be kept')
  const patient = bench.open(bounds)
  for (let i = 0; i < 20; i += 1) {
    await patient.room?.()
    patient.keep(answer(bench, `${i} ${megabyte}`))
  }
  await patient.flush()
  assert.equal(patient.lost(), 0)
})

test('a line that a crash cut off costs that line only', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open()
  archive.keep(answer(bench, 'before'))
  await archive.flush()
  appendFileSync(join(bench.root, '2026-03-02/answers.ndjson'), '\n{"received_at":"2026-03-0')
  archive.keep(answer(bench, 'after'))
  await archive.flush()
  const entries: Entry[] = []
  const damaged = await forEachEntry(bench.root, { from: null, until: null }, (entry) =>
    entries.push(entry),
  )
  assert.equal(damaged, 1)
  const bodies = await Promise.all(entries.map((entry) => textOf(bench.root, entry)))
  assert.deepEqual(bodies, ['before', 'after'])
})

test('a body that is not what was written is said to be damaged', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open()
  archive.keep(answer(bench, 'a body long enough to be cut'))
  await archive.flush()
  const [entry] = await entriesIn(bench.root)
  truncateSync(join(bench.root, entry!.folder, `${entry!.sha256}.zst`), 9)
  assert.equal(await readArchivedBody(bench.root, entry!), 'damaged')
})

test('entries come oldest first, cut to the instants of receipt', async (t) => {
  const bench = makeBench(t)
  const archive = bench.open()
  for (const offset of [2 * DAY_MS, 60_000, 0, DAY_MS]) {
    archive.keep(answer(bench, `at ${offset}`, { receivedAt: NOON + offset }))
  }
  await archive.flush()
  const read = async (from: number | null, until: number | null) => {
    const found: number[] = []
    await forEachEntry(bench.root, { from, until }, (entry) => found.push(entry.receivedAt - NOON))
    return found
  }
  assert.deepEqual(await read(null, null), [0, 60_000, DAY_MS, 2 * DAY_MS])
  assert.deepEqual(await read(NOON + 60_000, NOON + 2 * DAY_MS), [60_000, DAY_MS])
})

test('an archive that is not there has no entries', async (t) => {
  const bench = makeBench(t)
  assert.deepEqual(await entriesIn(bench.root), [])
})

test('two processes that write at once lose nothing', async (t) => {
  const bench = makeBench(t)
  const archives = [bench.open(), bench.open()]
  for (let i = 0; i < 50; i += 1) {
    for (const archive of archives) archive.keep(answer(bench, `number ${i}`))
  }
  await Promise.all(archives.map((archive) => archive.flush()))
  assert.deepEqual(
    archives.map((archive) => archive.lost()),
    [0, 0],
  )
  assert.equal((await entriesIn(bench.root)).length, 100)
  assert.equal(bodyFiles(bench.root).length, 50)
})
