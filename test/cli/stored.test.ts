/** The commands that fetch and read, against the simulated exchange and a real database. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ExportManifest } from '../../src/cli/export-manifest.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { keepDayFromEnding } from '../support/steady-day.ts'
import { folder, readJson, run, runProcess, start, type Variables } from './run-stockyard.ts'

/** Long past, so that all of it is final: 19 sessions, without Presidents' Day on 2024-02-19. */
const FEBRUARY = ['--from', '2024-02-05', '--until', '2024-03-02']
const SESSIONS = 19

interface Summary {
  readonly run: number
  readonly status: string
  readonly requests: number
  readonly inserted: number
  readonly updated: number
  readonly tasks: { symbol: string; status: string; watermark: string | null; error: unknown }[]
}

interface BarLine {
  readonly session: string
  readonly close: number
}

/** The market stands still: while a session is on, its bar would be another one at each call. */
const began = Date.now()
const sandbox = await startSandbox({ port: 0, clock: () => began })
after(() => sandbox.close())
const database = await makeDatabase()
await keepDayFromEnding(database.url)
const env: Variables = {
  DATABASE_URL: database.url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
}

test('fetch --json ends with the summary; the second time nothing is asked', async () => {
  const first = await runProcess(['fetch', 'ibm', 'MSFT', ...FEBRUARY, '--json'], env)
  assert.equal(first.code, 0, first.stderr)
  assert.equal(first.stdout.split('\n').length, 2, 'one line')
  const summary = readJson<Summary>(first)
  assert.deepEqual(Object.keys(summary), [
    'run',
    'status',
    'symbols',
    'requests',
    'fetched',
    'inserted',
    'updated',
    'unchanged',
    'rejected',
    'tasks',
  ])
  assert.equal(summary.status, 'succeeded')
  assert.ok(summary.inserted >= 2 * SESSIONS)
  assert.deepEqual(
    summary.tasks.map(({ symbol, status, error }) => ({ symbol, status, error })),
    ['IBM', 'MSFT'].map((symbol) => ({ symbol, status: 'succeeded', error: null })),
  )
  assert.match(first.stderr, /^IBM 1d: 1 call planned$/m)
  assert.match(first.stderr, /^IBM 1d: done: /m)
  const second = await run(['fetch', 'IBM', 'MSFT', ...FEBRUARY, '--json'], env)
  const { requests, inserted, updated } = readJson<Summary>(second)
  assert.deepEqual({ requests, inserted, updated }, { requests: 0, inserted: 0, updated: 0 })
  assert.match(second.stderr, /IBM 1d: up to date, nothing to ask/)
})

test('the first run into an empty store of simulated data says so, and bars by hand can be asked for', async () => {
  const other = await makeDatabase()
  const first = await run(['fetch', 'IBM', ...FEBRUARY], { ...env, DATABASE_URL: other.url })
  assert.match(first.stdout, /^SIMULATED Run 1 succeeded, /m)
  const none = await run(['bars', 'IBM', '-p', 'Manual', '--json'], env)
  assert.equal(none.code, 1, none.stderr)
  assert.equal(readJson<{ error: { code: string } }>(none).error.code, 'BARS_NONE')
})

test('a table of many pages has one header, and says whose the bars are', async () => {
  const period = ['--from', '2024-02-05', '--until', '2024-02-08', '-i', '1h']
  await run(['fetch', 'IBM', ...period], env)
  const all = await run(['bars', 'IBM', '-i', '1h', '--all'], env)
  assert.equal(all.stdout.match(/^start \(UTC\) /gm)?.length, 1, all.stdout)
  assert.match(all.stderr, /^SIMULATED: IBM 1h from alpha-vantage$/m)
  const then = await run(['bars', 'IBM', '--as-of', '2024-02-20'], env)
  assert.equal(then.code, 1)
  assert.match(then.stderr, /leave --as-of out/)
})

test('bars --json streams the rows of the REST API with symbol and interval', async () => {
  const { code, stdout } = await runProcess(['bars', 'ibm', ...FEBRUARY, '--json'], env)
  assert.equal(code, 0)
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as BarLine)
  assert.equal(rows.length, SESSIONS)
  assert.deepEqual(Object.keys(rows[0]), [
    'symbol',
    'interval',
    'session',
    'open',
    'high',
    'low',
    'close',
    'volume',
    'vwap',
    'trades',
    'provider',
    'state',
  ])
  assert.equal(rows[0].session, '2024-02-05')
  assert.equal(rows.at(-1)?.session, '2024-03-01')
  const truthUrl = `${sandbox.url}/_sandbox/truth?symbol=IBM&interval=1d&from=2024-02-05&until=2024-03-02`
  const truth = JSON.stringify(await (await fetch(truthUrl)).json())
  assert.ok(truth.includes(`"close":${rows[0].close}`), 'the true close')
})

test('bars as a table shows the newest, oldest of them first', async () => {
  const args = ['bars', 'IBM', '--until', '2024-03-02', '--limit', '3']
  const { stdout, stderr } = await run(args, env)
  const lines = stdout.trimEnd().split('\n')
  assert.match(lines[0], /^session +open +high +low +close +volume +state$/)
  assert.deepEqual(
    lines.slice(1).map((line) => line.split(' ')[0]),
    ['2024-02-28', '2024-02-29', '2024-03-01'],
  )
  assert.match(stderr, /IBM 1d from alpha-vantage; the newest 3, --all shows every bar/)
})

test('export writes the same bars as CSV and as NDJSON, to a file or to standard output', async () => {
  const args = ['export', '-s', 'IBM,MSFT', ...FEBRUARY]
  const csv = await run(args, env)
  const lines = csv.stdout.trimEnd().split('\n')
  assert.equal(lines[0], 'symbol,interval,ts,open,high,low,close,volume,vwap,trades,provider,state')
  assert.equal(lines.length, 1 + 2 * SESSIONS)
  assert.match(
    lines[1],
    /^IBM,1d,2024-02-05,[\d.]+,[\d.]+,[\d.]+,[\d.]+,\d+,,,alpha-vantage,final$/,
  )
  const path = join(folder, 'bars.ndjson')
  const ndjson = await run([...args, '--format', 'ndjson', '-o', path, '--json'], env)
  const { file, format, rows: count, missing, simulated } = readJson<ExportManifest>(ndjson)
  assert.deepEqual([file, format, missing, simulated], [path, 'ndjson', [], true])
  assert.equal(count, 2 * SESSIONS)
  const rows = readFileSync(path, 'utf8').trimEnd().split('\n')
  const closes = rows.map((row) => String((JSON.parse(row) as BarLine).close))
  assert.deepEqual(
    closes,
    lines.slice(1).map((line) => line.split(',')[6]),
  )
})

test('export names what is not stored, and ends with 1', async () => {
  const { code, stderr } = await run(['export', '-s', 'IBM', '-i', '1d,5m', ...FEBRUARY], env)
  assert.equal(code, 1)
  assert.match(stderr, /Nothing is stored for this of IBM 5m/)
  const path = join(folder, 'unknown.csv')
  const unknown = await run(['export', '-s', 'NOSUCH', '-o', path], env)
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /code: SYMBOL_UNKNOWN/)
  assert.ok(!existsSync(path), 'no half file stays')
})

test('a row that fails a check is told by rejects with its raw text; a changed one by revisions', async () => {
  sandbox.faults.add({ fault: 'absurd-rows', match: { symbol: 'AMZN' } })
  const fetched = await run(['fetch', 'AMZN', ...FEBRUARY], env)
  sandbox.faults.clear()
  const rejects = await run(['rejects', 'amzn', '--json'], env)
  const { data } = readJson<{ data: { rule: string; raw: string }[] }>(rejects)
  assert.ok(data.length > 0, fetched.stdout)
  assert.ok(data.every(({ rule, raw }) => rule !== '' && raw !== ''))
  const day = Date.UTC(2024, 1, 8)
  const before = await run(
    ['bars', 'IBM', '--from', '2024-02-08', '--until', '2024-02-09', '--json'],
    env,
  )
  const { close } = readJson<BarLine>(before)
  sandbox.market.revise('IBM', '1d', day, { volume: 12_345 })
  const again = await run(['fetch', 'IBM', ...FEBRUARY, '--force', '--json'], env)
  assert.equal(readJson<Summary>(again).updated, 1)
  const table = await runProcess(['revisions', 'IBM'], env)
  assert.match(table.stdout, /^2024-02-08 +1d +alpha-vantage +volume +\d+ +12345 /m)
  const revisions = readJson<{ data: { session: string; old: { close: number } }[] }>(
    await run(['revisions', 'IBM', '--json'], env),
  )
  assert.equal(revisions.data[0].session, '2024-02-08')
  assert.equal(revisions.data[0].old.close, close)
})

test('a refused row is judged again out of the archive, dropped, and shown with who did it', async () => {
  const { data } = readJson<{ data: { id: number; rule: string }[] }>(
    await run(['rejects', 'list', 'AMZN', '--rule', 'price-order', '--json'], env),
  )
  const id = String(data[0]!.id)
  const judged = await run(['rejects', 'revalidate', id, '--json'], env)
  assert.equal(judged.code, 1, judged.stderr)
  const { verdicts } = readJson<{ verdicts: { verdict: string; rule: string }[] }>(judged)
  assert.deepEqual(
    verdicts.map(({ verdict, rule }) => [verdict, rule]),
    [['refused', 'price-order']],
  )
  // Its high is below its low, which no eye can have seen.
  const accepted = await run(['rejects', 'accept', id, '--reason', 'seen by eye'], env)
  assert.match(accepted.stderr, /REJECT_NO_BAR/)
  const dropped = await run(['rejects', 'drop', id, '--reason', 'noise'], env)
  assert.equal(dropped.code, 0, dropped.stderr)
  const shown = await runProcess(['rejects', 'show', id], env)
  assert.match(shown.stdout, /dropped by .+: noise/)
})

test('one symbol’s failure leaves the others done: exit 1, and runs says what and why', async () => {
  sandbox.faults.add({ fault: 'error-message', match: { symbol: 'TSLA' } })
  const { code, stdout } = await runProcess(['fetch', 'TSLA', 'NVDA', ...FEBRUARY, '--json'], env)
  sandbox.faults.clear()
  assert.equal(code, 1)
  const summary = JSON.parse(stdout) as Summary
  assert.equal(summary.status, 'partial')
  assert.deepEqual(
    summary.tasks.map(({ symbol, status }) => `${symbol} ${status}`),
    ['TSLA failed', 'NVDA succeeded'],
  )
  const details = await runProcess(['runs', String(summary.run)], env)
  assert.match(details.stdout, /^TSLA 1d: Alpha Vantage .*\(REQUEST_REFUSED\)$/m)
  const list = readJson<{ data: { run: number; status: string; failed: number }[] }>(
    await run(['runs', '--json'], env),
  )
  assert.equal(list.data[0].run, summary.run)
  assert.equal(list.data[0].failed, 1)
})

test('nothing to be done says why by the exit code: key 3, budget 5, unknown symbol 1', async () => {
  const refused = await runProcess(['fetch', 'GOOGL'], {
    ...env,
    ALPHA_VANTAGE_API_KEY: 'invalid',
  })
  assert.equal(refused.code, 3, refused.stderr)
  const unknown = await run(['fetch', 'NOSUCH'], env)
  assert.equal(unknown.code, 1, unknown.stderr)
  sandbox.faults.add({ fault: 'information-day', times: 1 })
  const exhausted = await runProcess(['fetch', 'GOOGL', '--json'], env)
  sandbox.faults.clear()
  assert.equal(exhausted.code, 5, exhausted.stderr)
  assert.match(exhausted.stdout, /"code":"BUDGET_EXHAUSTED"/)
  const providers = await run(['providers'], env)
  assert.match(providers.stdout, /alpha-vantage takes no calls before \d{4}-/)
  // Zero calls go out from now on, so that what is final can still be read and nothing else asked.
  const { requests } = readJson<Summary>(await run(['fetch', 'IBM', ...FEBRUARY, '--json'], env))
  assert.equal(requests, 0)
})

test('the watch list: add, list, show, remove; bars stay', async () => {
  await run(['symbols', 'add', 'ibm,META'], env)
  const list = readJson<{ data: { symbol: string }[] }>(
    await run(['symbols', 'list', '--json'], env),
  )
  assert.deepEqual(
    list.data.map(({ symbol }) => symbol),
    ['IBM', 'META'],
  )
  assert.equal((await run(['symbols', 'remove', 'IBM'], env)).code, 0)
  const shown = readJson<{ watched: boolean; series: { interval: string; bars: number }[] }>(
    await run(['symbols', 'show', 'ibm', '--json'], env),
  )
  assert.equal(shown.watched, false)
  assert.equal(shown.series[0].interval, '1d')
  assert.ok(shown.series[0].bars >= SESSIONS)
  assert.equal((await run(['symbols', 'remove', 'NOSUCH'], env)).code, 1)
})

test('a symbol is added by the calendar of an exchange, or set to one, but not to one that there is not', async () => {
  const exchangeOf = async (symbol: string) =>
    readJson<{ exchange: string; series: unknown }>(
      await run(['symbols', 'show', symbol, '--json'], env),
    ).exchange
  await run(['symbols', 'add', 'KEN.TA', 'SAP.DE'], env)
  assert.deepEqual([await exchangeOf('KEN.TA'), await exchangeOf('SAP.DE')], ['XNYS', 'XETR'])
  const wrong = await run(['symbols', 'add', 'KEN.TA', 'NEW.TA', '--exchange', 'XTAE'], env)
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /no calendar for the exchange "XTAE"/)
  assert.equal((await run(['symbols', 'show', 'NEW.TA'], env)).code, 1)
  const set = await run(['symbols', 'add', 'KEN.TA', 'NEW.TA', '--exchange', '24/7'], env)
  assert.equal(set.code, 0, set.stderr)
  assert.deepEqual([await exchangeOf('KEN.TA'), await exchangeOf('NEW.TA')], ['24/7', '24/7'])
  await run(['symbols', 'remove', 'KEN.TA', 'SAP.DE', 'NEW.TA'], env)
})

test('quote and status read the store; an unknown symbol among known ones is named', async () => {
  const quote = await run(['quote', 'IBM', 'NOSUCH', '--json'], env)
  assert.equal(quote.code, 1)
  const { data } = readJson<{ data: { symbol: string; price: number }[] }>(quote)
  assert.equal(data[0].symbol, 'IBM')
  assert.match(quote.stderr, /no symbol NOSUCH/)
  const status = readJson<{ simulated: boolean; data: { symbol: string; price: number }[] }>(
    await runProcess(['status', 'IBM', '--json'], env),
  )
  assert.equal(status.simulated, true)
  assert.equal(status.data[0].price, data[0].price)
})

test('a reader who stops reading ends the command quietly', async () => {
  const args = ['export', '-s', 'IBM', '--format', 'ndjson']
  const { child, ended } = start(args, env)
  child.stdout?.once('data', () => child.stdout?.destroy())
  const { code, stderr } = await ended
  assert.equal(code, 0)
  assert.doesNotMatch(stderr, /EPIPE|error/)
})

test('doctor says what is well, and what to do', async () => {
  const well = await run(['doctor', '--online', '--json'], {
    ...env,
    YAHOO_BASE_URL: sandbox.url,
  })
  assert.equal(well.code, 0, well.stdout)
  const { ok, checks } = readJson<{ ok: boolean; checks: { name: string; status: string }[] }>(well)
  assert.equal(ok, true)
  assert.deepEqual(
    checks.map(({ name }) => name),
    [
      'node',
      'configuration',
      'home',
      'disk',
      'database',
      'schema',
      'data',
      'alpha-vantage',
      'polygon',
      'yahoo',
      'alpha-vantage online',
      'yahoo online',
    ],
  )
  assert.doesNotMatch(well.stdout, /a-key-for-tests/)
  const ill = await runProcess(['doctor'], {
    ...env,
    DATABASE_URL: 'postgres://u:hunter22@127.0.0.1:9/x',
  })
  assert.equal(ill.code, 4)
  assert.match(ill.stdout, /^fail +database +.*127\.0\.0\.1:9/m)
  assert.doesNotMatch(ill.stdout, /hunter22/)
})

test('init makes the schema, and is harmless when repeated', async (t) => {
  const { url } = await makeDatabase(t, { migrated: false })
  const first = readJson<{ version: number; applied: string[]; embedded: boolean }>(
    await runProcess(['init', '--json'], { DATABASE_URL: url }),
  )
  assert.equal(first.applied.length, first.version)
  assert.equal(first.embedded, false)
  const second = await run(['init', '--json'], { DATABASE_URL: url })
  assert.deepEqual(readJson(second), { ...first, applied: [], simulated: false })
})

test('an empty list of symbols says which list it is', async () => {
  await run(['symbols', 'remove', 'IBM', 'META'], env)
  const { stdout } = await run(['symbols', 'list'], env)
  assert.match(stdout, /^No symbol is on the watch list\. .*symbols list --all$/m)
  const none = await run(['symbols', 'list', '--all', '--text', 'zz'], env)
  assert.equal(none.stdout, 'No symbol in the store matches "zz".\n')
})
