/** `fetch` archives by default, and `replay` reads it again; as people run them. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import type { ReplaySummary } from '../../src/load/replay.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { keepDayFromEnding } from '../support/steady-day.ts'
import { folder, readJson, run, runProcess, type Variables } from './run-stockyard.ts'

const KEY = 'a-key-for-tests'
const FEBRUARY = ['--from', '2024-02-05', '--until', '2024-03-02']
const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
after(() => sandbox.close())
const database = await makeDatabase()
await keepDayFromEnding(database.url)
const env: Variables = {
  DATABASE_URL: database.url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: KEY,
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  STOCKYARD_HOME: join(folder, 'new-home'),
}
const archive = join(folder, 'new-home', 'archive')
const fetch = ['fetch', 'IBM', '-p', 'alpha-vantage', ...FEBRUARY]

test('replay says so where nothing is archived', async () => {
  const { code, stdout } = await run(['replay'], env)
  assert.deepEqual([code, stdout], [0, 'Nothing that is wanted is archived.\n'])
})

test('nothing is archived where either bound is 0', async () => {
  for (const off of [{ ARCHIVE_MAX_MB: '0' }, { ARCHIVE_DAYS: '0' }]) {
    const { code } = await run([...fetch, '--force'], { ...env, ...off })
    assert.equal(code, 0)
    assert.equal(existsSync(archive), false)
  }
})

test('an archive that cannot be written is one warning, and the fetch is done', async () => {
  const home = join(folder, 'home-in-the-way')
  mkdirSync(home)
  writeFileSync(join(home, 'archive'), '')
  // What the log says is asked for.
  const { code, stderr } = await runProcess([...fetch, '--force'], { ...env, STOCKYARD_HOME: home })
  assert.equal(code, 0)
  assert.equal(stderr.match(/could not be archived/g)?.length, 1)
})

test('fetch archives what came, without the key, and replay finds it all stored', async () => {
  assert.equal((await run([...fetch, '--force'], env)).code, 0)
  sandbox.faults.add({ fault: 'key-echo', times: 1 })
  // The vendor's word for the day: nothing more is asked of it here.
  assert.equal((await run([...fetch, '--force'], env)).code, 5)
  const files = readdirSync(archive, { recursive: true, encoding: 'utf8' })
    .map((name) => join(archive, name))
    .filter((path) => path.endsWith('.zst') || path.endsWith('.ndjson'))
  const texts = files.map((path) => {
    const bytes = readFileSync(path)
    return (path.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString()
  })
  assert.ok(texts.some((text) => text.includes('detected your API key as [redacted]')))
  assert.ok(texts.every((text) => !text.includes(KEY)))
  const calls = sandbox.calls.count()
  const ended = await runProcess(['replay', 'ibm', '--json'], env)
  const summary = readJson<ReplaySummary>(ended)
  assert.deepEqual(
    [ended.code, summary.status, summary.requests, summary.inserted, summary.updated],
    [0, 'succeeded', 0, 0, 0],
  )
  assert.ok(summary.answers.loaded >= 1 && summary.fetched > 0)
  assert.deepEqual(
    summary.silent.map(({ failure }) => failure),
    ['day'],
  )
  assert.equal(sandbox.calls.count(), calls)
  assert.match(ended.stderr, /^IBM 1d alpha-vantage: \d+ of \d+ archived answers hold bars$/m)
})

test('a dry run opens no run, and the text lists what brought nothing', async () => {
  const { code, stdout } = await run(['replay', '--dry-run'], env)
  assert.equal(code, 0)
  assert.match(stdout, /Nothing was stored: this was a dry run\.\n.* IBM 1d alpha-vantage: day: /)
})

test('bounds of receipt are checked', async () => {
  const { code, stderr } = await run(
    ['replay', '--from', '2024-03-02', '--until', '2024-02-05'],
    env,
  )
  assert.equal(code, 2)
  assert.match(stderr, /PERIOD_EMPTY/)
})
