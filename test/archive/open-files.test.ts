/** What the archive has open: nothing, once it is flushed. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { pino } from 'pino'
import { LINES, openFileArchive } from '../../src/archive/file-archive.ts'

const NOON = Date.parse('2026-03-02T12:00:00Z')

/** The files below a folder that this process has open; Linux tells. */
function openBelow(folder: string): string[] {
  const paths = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // The one by which the folder was read is closed again.
      return ''
    }
  })
  return paths.filter((path) => path.startsWith(folder))
}

const skip = process.platform !== 'linux'

test('no file stays open, also where one cannot be written', { skip }, async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'stockyard-archive-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  const root = join(home, 'archive')
  const archive = openFileArchive({
    root,
    clock: { now: () => NOON },
    log: pino({ level: 'silent' }),
    maxBytes: 1e9,
    maxDays: 365,
  })
  const keep = (text: string) =>
    archive.keep({
      provider: 'alpha-vantage',
      baseUrl: 'https://www.example.com',
      request: { path: '/query', params: { symbol: 'IBM' }, keyParam: 'apikey' },
      bars: null,
      body: { status: 200, bytes: Buffer.from(text), contentType: '', simulated: false },
      receivedAt: NOON,
      outcome: 'data',
    })
  keep('first')
  await archive.flush()
  assert.deepEqual([openBelow(home), archive.lost()], [[], 0])
  const lines = join(root, '2026-03-02', LINES)
  rmSync(lines)
  mkdirSync(lines)
  keep('second')
  assert.equal(await archive.kept!(), false)
  await archive.flush()
  assert.deepEqual([openBelow(home), archive.lost()], [[], 1])
})
