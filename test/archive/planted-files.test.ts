/** What somebody else put into the folder of the archive leads to no other file. */
import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Entry } from '../../src/archive/entry.ts'
import { openFileArchive } from '../../src/archive/file-archive.ts'
import { forEachEntry, readArchivedBody } from '../../src/archive/read-archive.ts'
import { makeLogger } from '../../src/log.ts'

const NOON = Date.parse('2026-03-02T12:00:00Z')

test('lines that name other files, links to files and links to folders are not followed', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'stockyard-planted-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  const root = join(home, 'archive')
  const log = makeLogger({ level: 'silent', format: 'json' })
  const clock = { now: () => NOON }
  const archive = openFileArchive({ root, clock, log, maxBytes: 1e9, maxDays: 365 })
  archive.keep({
    provider: 'alpha-vantage',
    baseUrl: 'https://www.example.com',
    request: { path: '/query', params: { symbol: 'IBM' }, keyParam: 'apikey' },
    bars: null,
    body: { status: 200, bytes: Buffer.from('real'), contentType: 'text/plain', simulated: false },
    receivedAt: NOON,
    outcome: 'data',
  })
  await archive.flush()

  const secret = join(home, 'secret')
  writeFileSync(secret, 'not for you')
  const day = join(root, '2026-03-02')
  const lines = join(day, 'answers.ndjson')
  const line = JSON.parse(readFileSync(lines, 'utf8')) as { readonly sha256: string }
  const plant = (sha256: string) =>
    appendFileSync(lines, `\n${JSON.stringify({ ...line, sha256 })}\n`)
  for (const sha256 of [
    '../../secret',
    `../${'a'.repeat(61)}`,
    '/etc/passwd',
    `${'a'.repeat(64)}\0`,
  ]) {
    plant(sha256)
  }
  const planted = 'b'.repeat(64)
  symlinkSync(secret, join(day, `${planted}.zst`))
  plant(planted)
  symlinkSync(home, join(root, 'elsewhere'))

  const entries: Entry[] = []
  const all = { from: null, until: null }
  assert.equal(await forEachEntry(root, all, (entry) => entries.push(entry)), 4)
  assert.deepEqual(entries.map(({ sha256 }) => sha256).sort(), [line.sha256, planted].sort())
  const bodies = await Promise.all(entries.map((entry) => readArchivedBody(root, entry)))
  const texts = bodies.map((body) =>
    typeof body === 'string' ? body : Buffer.from(body.bytes).toString(),
  )
  assert.deepEqual(texts.sort(), ['damaged', 'real'])
})
