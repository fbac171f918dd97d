/** Vendors held against each other, on the simulated exchange, and what a person decides about it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { storeActions } from '../../src/db/actions.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, runProcess, type Variables } from './run-stockyard.ts'

const NOW = Date.parse('2024-12-02T14:00:00Z')
const sandbox = await startSandbox({ port: 0, clock: () => NOW })
after(() => sandbox.close())
const { url, pool } = await makeDatabase()
const home = await mkdtemp(join(tmpdir(), 'stockyard-verify-'))
after(() => rm(home, { recursive: true, force: true }))
const env: Variables = {
  STOCKYARD_HOME: home,
  DATABASE_URL: url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  POLYGON_BASE_URL: sandbox.url,
  POLYGON_API_KEY: 'another-key',
  POLYGON_BUDGET: 'unlimited',
  YAHOO_BASE_URL: sandbox.url,
  YAHOO_BUDGET: 'unlimited',
  // What a person set for himself is no name for a decision.
  USER: 'jo',
}

interface Report {
  readonly data: {
    readonly symbol: string
    readonly compared: { left: string; right: string; overlap: number; differing: number }[]
    readonly adjusted: { provider: string; sessions: number; greatest_error: number }[]
    readonly findings: { id: number; rule: string; status: string; message: string }[]
  }[]
  readonly open: number
}

async function verify(): Promise<{ code: number | null; report: Report }> {
  const found = await run(['verify', 'AAPL', '--json'], env)
  return { code: found.code, report: readJson<Report>(found) }
}

test('vendors that agree have nothing open; what is told is what was compared', async () => {
  for (const provider of ['polygon', 'yahoo']) {
    const fetched = await run(
      ['fetch', 'AAPL', '--provider', provider, '--from', '2024-01-02', '--until', '2024-11-01'],
      env,
    )
    assert.equal(fetched.code, 0, fetched.stderr)
  }
  const { code, report } = await verify()
  assert.deepEqual(report.data[0]!.findings, [])
  assert.equal(code, 0)
  const [pair] = report.data[0]!.compared
  // Sessions of 2024 before November: 252 less 20 and 21.
  assert.deepEqual([pair!.left, pair!.right, pair!.overlap], ['polygon', 'yahoo', 211])
  assert.equal(pair!.differing, 0)
  // Yahoo's own adjusted closes came with the bars, and are in the archive.
  const [adjusted] = report.data[0]!.adjusted
  assert.deepEqual([adjusted!.provider, adjusted!.sessions], ['yahoo', 211])
  assert.ok(adjusted!.greatest_error < 1e-4, String(adjusted!.greatest_error))
})

test('an unknown symbol among others is named, and the others are shown', async () => {
  const told = await run(['verify', 'AAPL', 'NOSUCH'], env)
  assert.equal(told.code, 1)
  assert.match(told.stdout, /^(?:SIMULATED: )?AAPL: actions: /m)
  assert.match(told.stderr, /^NOSUCH: The store has no symbol NOSUCH\. /m)
  const asJson = await run(['verify', 'NOSUCH', 'AAPL', '--json'], env)
  assert.equal(asJson.code, 1)
  const { data, errors } = JSON.parse(asJson.stdout) as {
    data: { symbol: string }[]
    errors: { symbol: string; code: string }[]
  }
  assert.deepEqual(
    [data.map(({ symbol }) => symbol), errors.map(({ symbol, code }) => [symbol, code])],
    [['AAPL'], [['NOSUCH', 'SYMBOL_UNKNOWN']]],
  )
})

test('where none of several symbols is known, nothing is said of what is open', async () => {
  const { code, stdout, stderr } = await run(['verify', 'NOSUCH', 'NORTHIS'], env)
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^NOSUCH: .*\nNORTHIS: The store has no symbol NORTHIS\. /m)
})

test('a close that one vendor has wrong is found, decided, and found again once that is undone', async () => {
  await pool.query(
    `UPDATE stockyard.pages p SET close[50] = close[50] * 1.02, high[50] = high[50] * 1.03
     FROM stockyard.series s WHERE s.id = p.series_id AND s.provider = 'polygon' AND s.interval = '1d'`,
  )
  const { code, report } = await verify()
  assert.equal(code, 1)
  const [found] = report.data[0]!.findings
  assert.deepEqual([found!.rule, found!.status, report.open], ['vendors-disagree', 'open', 1])
  const id = String(found!.id)
  const mergedProvider = async () => {
    const [date] = /\d{4}-\d\d-\d\d/.exec(found!.message)!
    const next = new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)
    const args = ['bars', 'AAPL', '--adjust', 'splits', '--from', date, '--until', next, '--json']
    return (JSON.parse((await run(args, env)).stdout.split('\n')[0]!) as { provider: string })
      .provider
  }
  assert.equal(await mergedProvider(), 'polygon')
  const wrong = await run(['verify', 'accept', id, '--side', 'manual', '--reason', 'x'], env)
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /polygon, yahoo/)
  const accepted = await run(
    ['verify', 'accept', id, '--side', 'yahoo', '--reason', 'the tape agrees', '--json'],
    env,
  )
  const { decision } = readJson<{ decision: number }>(accepted)
  assert.equal((await verify()).code, 0)
  assert.equal(await mergedProvider(), 'yahoo')
  const decisions = await runProcess(['verify', 'decisions', '--json'], env)
  const [row] = readJson<{ data: Record<string, unknown>[] }>(decisions).data
  assert.deepEqual(
    [row!['verdict'], row!['provider'], row!['reason'], row!['decided_by']],
    ['prefer', 'yahoo', 'the tape agrees', userInfo().username],
  )
  assert.equal((await run(['verify', 'undo', String(decision)], env)).code, 0)
  assert.equal((await verify()).code, 1)
  const muted = await run(
    ['verify', 'mute', '--rule', 'vendors-disagree', '--reason', 'noise'],
    env,
  )
  assert.equal(muted.code, 0, muted.stderr)
  assert.equal((await verify()).code, 0)
  assert.match((await run(['verify', 'list', '--all'], env)).stdout, /muted/)
})

test('a rule that there is not is neither muted nor listed', async () => {
  for (const command of ['mute', 'list']) {
    const reason = command === 'mute' ? ['--reason', 'x'] : []
    const wrong = await run(['verify', command, '--rule', 'vendors-disagre', ...reason], env)
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /vendors-disagre' is invalid.*vendors-disagree/)
  }
})

test('a split that no price shows is left out of adjusted prices until a person says that it is one', async () => {
  const { id } = await getInstrument(pool, 'AAPL')
  const split = { day: Date.parse('2024-05-15'), newShares: 3, oldShares: 1 }
  await inTransaction(pool, (connection) =>
    storeActions(
      connection,
      { instrumentId: id, provider: 'polygon', runId: null, observedAt: NOW },
      { splits: [split], dividends: [] },
    ),
  )
  const { code, report } = await verify()
  assert.equal(code, 1)
  const found = report.data[0]!.findings.find(({ rule }) => rule === 'action-no-jump')!
  assert.match(found.message, /split of 3 for 1 on 2024-05-15/)
  const bars = [
    'bars',
    'AAPL',
    '--provider',
    'polygon',
    '--from',
    '2024-05-13',
    '--until',
    '2024-05-14',
  ]
  const close = async () => {
    const shown = await run([...bars, '--adjust', 'splits', '--json'], env)
    return (JSON.parse(shown.stdout.split('\n')[0]!) as { close: number }).close
  }
  const before = await close()
  const args = ['verify', 'accept', String(found.id), '--side', 'polygon', '--reason', 'true']
  assert.equal((await run(args, env)).code, 0)
  assert.ok(Math.abs((await close()) - before / 3) < 1e-9)
})

test('a priority is set for a kind and an interval, shown, and cleared', async () => {
  const set = ['providers', 'priority', 'yahoo,polygon', '--kind', 'stock', '-i', '1d', '--json']
  const shown = readJson<{ data: Record<string, unknown>[] }>(await run(set, env))
  assert.deepEqual(shown.data[0]!['providers'], ['yahoo', 'polygon'])
  const nobody = await run(['providers', 'priority', 'nobody'], env)
  assert.equal(nobody.code, 2)
  const cleared = ['providers', 'priority', '--kind', 'stock', '-i', '1d', '--clear', '--json']
  assert.deepEqual(readJson<{ data: unknown[] }>(await run(cleared, env)).data, [])
})
