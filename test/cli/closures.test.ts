/** Closures that nobody announced: recorded by a command or a file, seen by every command at once. */
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openDatabase } from '../../src/db/open.ts'
import { parseDay } from '../../src/domain/date.ts'
import { makeLogger } from '../../src/log.ts'
import { readCoverage } from '../../src/query/coverage.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { folder, readJson, run, runProcess, type Variables } from './run-stockyard.ts'

const FILE = join(folder, 'home', 'closures.csv')
/** Thursday 11 July 2024, an ordinary day. */
const DAY = '2024-07-11'
const REASON = ['--reason', 'Power cut, all day']
const database = await makeDatabase()
const server: Variables = { DATABASE_URL: database.url }

async function hours(env: Variables = {}, exchange = 'XNYS'): Promise<[string, string] | null> {
  const args = ['market', 'sessions', '--from', DAY, '--until', '2024-07-12', '--json']
  const found = readJson<{ open: string; close: string }[]>(
    await run([...args, '--exchange', exchange], env),
  )
  return found[0] === undefined ? null : [found[0].open, found[0].close]
}

const AS_USUAL = ['2024-07-11T13:30:00Z', '2024-07-11T20:00:00Z']

for (const [where, env] of [
  ['in the home', {}],
  ['in the store', server],
] as const) {
  test(`${where}: a closure is recorded, seen at once, and taken back`, async () => {
    assert.deepEqual(await hours(env), AS_USUAL)
    const closed = await runProcess(['market', 'close', DAY, ...REASON], env)
    assert.equal(closed.code, 0, closed.stderr)
    assert.match(closed.stdout, /^XNYS is closed on .*2024-07-11/)
    assert.equal(await hours(env), null)
    assert.equal((await run(['market', 'is-open', '--at', DAY], env)).code, 1)
    const next = await run(['market', 'next', '--at', `${DAY}T00:00:00Z`, '--json'], env)
    assert.equal(readJson<{ session: string }>(next).session, '2024-07-12')
    assert.deepEqual(await hours(env, 'XLON'), ['2024-07-11T07:00:00Z', '2024-07-11T15:30:00Z'])
    const opened = await run(['market', 'open', DAY], env)
    assert.match(opened.stdout, /open from 09:30 to 16:00 America\/New_York/)
    assert.deepEqual(await hours(env), AS_USUAL)
  })

  test(`${where}: a late opening and an early close add up`, async () => {
    await run(['market', 'open', DAY, '--at', '10:30', '--reason', 'Late start'], env)
    const closed = await run(['market', 'close', DAY, '--at', '13:00', ...REASON, '--json'], env)
    assert.deepEqual(readJson(closed), {
      exchange: 'XNYS',
      session: DAY,
      open: '2024-07-11T14:30:00Z',
      close: '2024-07-11T17:00:00Z',
    })
    assert.deepEqual(await hours(env), ['2024-07-11T14:30:00Z', '2024-07-11T17:00:00Z'])
    await run(['market', 'open', DAY], env)
    assert.deepEqual(await hours(env), AS_USUAL)
  })
}

test('a file of closures is read, its other lines stay, and a wrong line is named', async () => {
  const others = '# ours\nXLON,2024-07-11,closed,Ours too\n'
  writeFileSync(FILE, others)
  assert.equal(await hours({}, 'XLON'), null)
  await run(['market', 'close', DAY, ...REASON])
  assert.equal(readFileSync(FILE, 'utf8'), `${others}XNYS,${DAY},closed,Power cut, all day\n`)
  await run(['market', 'open', DAY])
  assert.equal(readFileSync(FILE, 'utf8'), others)
  writeFileSync(FILE, 'XNYS,2024-07-11,shut,What\n')
  const { code, stderr } = await run(['market', 'next'])
  assert.equal(code, 3)
  assert.match(stderr, /closures\.csv cannot be read: Line 1: "shut"/)
  rmSync(FILE)
})

test('a file of closures may be one that Windows wrote', async () => {
  writeFileSync(FILE, `\uFEFF# ours\r\nXNYS,${DAY},close 13:00,Power cut\r\n`)
  assert.deepEqual(await hours(), ['2024-07-11T13:30:00Z', '2024-07-11T17:00:00Z'])
  await run(['market', 'close', DAY, ...REASON])
  assert.equal(readFileSync(FILE, 'utf8'), `# ours\nXNYS,${DAY},closed,Power cut, all day\n`)
  rmSync(FILE)
})

test('a server that does not answer is told of, and the built-in calendar still speaks', async () => {
  const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' }
  const { code, stdout, stderr } = await run(['market', 'is-open', '--at', DAY], env)
  assert.equal(code, 0)
  assert.match(stdout, /^XNYS open/)
  assert.match(stderr, /^Closures of the store are not known: /m)
})

for (const [what, args] of [
  ['a close without a reason', ['close', DAY]],
  ['a time that is none', ['close', DAY, '--at', '25:00', ...REASON]],
  ['a date that is none', ['close', '2024-02-30', ...REASON]],
  ['a close before the open', ['close', DAY, '--at', '09:00', ...REASON]],
  ['a holiday opened without hours', ['open', '2024-07-04']],
] as const) {
  test(`${what} is wrong usage`, async () => {
    const { code, stderr } = await run(['market', ...args])
    assert.equal(code, 2, stderr)
    assert.match(stderr, /^hint: /m)
  })
}

test('a session on a holiday is one, with the hours that were given', async () => {
  const opened = await run(['market', 'open', '2024-07-04', '--at', '09:30', '--json'])
  assert.equal(readJson<{ open: string }>(opened).open, '2024-07-04T13:30:00Z')
  rmSync(FILE)
})

test('a fetch does not ask for a day on which the exchange was closed after all', async (t) => {
  const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
  t.after(() => sandbox.close())
  const env: Variables = {
    ...server,
    ALPHA_VANTAGE_BASE_URL: sandbox.url,
    ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
    ALPHA_VANTAGE_BUDGET: 'unlimited',
  }
  await run(['market', 'close', DAY, ...REASON], env)
  const period = ['--from', DAY, '--until', '2024-07-12', '-p', 'alpha-vantage', '--json']
  const fetched = await run(['fetch', 'IBM', ...period], env)
  assert.equal(readJson<{ requests: number }>(fetched).requests, 0)
  await run(['market', 'open', DAY], env)
  const again = await run(['fetch', 'IBM', ...period], env)
  assert.equal(readJson<{ requests: number }>(again).requests, 1)
})

test('what a file says by hand is known of by whoever reads the store alone', async () => {
  const week = { symbol: 'IBM', from: parseDay('2024-07-08'), until: parseDay('2024-07-13') }
  const question = { ...week, closed: true, now: Date.now(), settleMsOf: () => 0 }
  const states = async () => {
    const { data } = await readCoverage(database.pool, question)
    return data.map(({ from, until, state }) => `${from}..${until} ${state}`)
  }
  assert.deepEqual(await states(), ['2024-07-08..2024-07-13 available'])
  writeFileSync(FILE, `XNYS,${DAY},closed,Power cut\n`)
  await run(['gaps'], server)
  assert.deepEqual(await states(), [
    '2024-07-08..2024-07-11 available',
    '2024-07-11..2024-07-12 closed',
    '2024-07-12..2024-07-13 available',
  ])
  // The store's word on a day holds, where others have it too.
  writeFileSync(FILE, `XNYS,${DAY},close 13:00,Power cut\n`)
  await run(['gaps'], server)
  assert.equal((await states())[1], '2024-07-11..2024-07-12 closed')
  rmSync(FILE)
})

test('the embedded database learns of a closure with the file, of what was there before it, and of its end', async (t) => {
  writeFileSync(FILE, 'XLON,2024-07-12,closed,Before there was a database\n')
  assert.equal((await run(['init'])).code, 0)
  const log = makeLogger({ level: 'silent', format: 'json' })
  const home = join(folder, 'home')
  const options = { databaseUrl: undefined, home, log, applicationName: 'test' }
  const embedded = await openDatabase(options)
  t.after(() => embedded.close())
  const stored = async () => {
    const { rows } = await embedded.pool.query<{ line: string }>(
      `SELECT concat_ws(',', exchange, day, closed, closes) AS line FROM stockyard.closures ORDER BY 1`,
    )
    return rows.map(({ line }) => line)
  }
  assert.deepEqual(await stored(), ['XLON,2024-07-12,t'])
  await run(['market', 'close', DAY, ...REASON])
  assert.deepEqual(await stored(), ['XLON,2024-07-12,t', `XNYS,${DAY},t`])
  writeFileSync(FILE, `XNYS,${DAY},close 13:00,In the end\n`)
  await run(['gaps'])
  assert.deepEqual(await stored(), ['XLON,2024-07-12,t', `XNYS,${DAY},f,13:00`])
  await run(['market', 'open', DAY])
  await run(['market', 'open', '2024-07-12', '--exchange', 'XLON'])
  assert.deepEqual(await stored(), [])
})

after(() => rmSync(FILE, { force: true }))
