/** `stockyard gaps` against the simulated exchange: holes punched with SQL are found, and just they are asked for. */
import assert from 'node:assert/strict'
import { after, describe, it, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, runProcess, type Variables } from './run-stockyard.ts'

const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
after(() => sandbox.close())
const { url, pool } = await makeDatabase()
const env: Variables = {
  DATABASE_URL: url,
  POLYGON_BASE_URL: sandbox.url,
  POLYGON_API_KEY: 'a-key-for-tests',
  POLYGON_BUDGET: 'unlimited',
}
const FEBRUARY = ['--from', '2024-02-05', '--until', '2024-03-02', '-p', 'polygon']

interface GapsAnswer {
  readonly data: {
    symbol: string
    interval: string
    from: string
    until: string
    sessions: number
    state: string
    reasons: string[]
  }[]
}
interface RepairAnswer {
  readonly requests: number
  readonly updated: number
  readonly gaps: unknown[]
}

async function spans() {
  const listed = await run(['gaps', '--json'], env)
  return {
    code: listed.code,
    spans: readJson<GapsAnswer>(listed).data.map(
      ({ symbol, interval, from, until, sessions, state }) =>
        `${symbol} ${interval} ${from}..${until} ${sessions} ${state}`,
    ),
  }
}

async function dump(): Promise<unknown> {
  const { rows } = await pool.query(
    'SELECT * FROM stockyard.bars ORDER BY symbol, interval, ts, session',
  )
  return rows
}

test('holes punched with SQL are all found, just they are asked for, and then the store is as it was', async () => {
  const fetched = await run(['fetch', 'IBM', 'MSFT', '-i', '1d,5m', ...FEBRUARY, '--json'], env)
  assert.equal(fetched.code, 0, fetched.stderr)
  const before = await dump()

  const series = `(SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y
    ON y.instrument_id = s.instrument_id WHERE y.symbol = 'IBM' AND s.interval = '5m')`
  await pool.query(
    `DELETE FROM stockyard.pages WHERE series_id = ${series}
       AND starts_on IN ('2024-02-05', '2024-02-13', '2024-02-16', '2024-02-20', '2024-03-01')`,
  )
  // A bar of a daily page: 2024-02-14 is the 45th day of the year, counted from 0 the 44th.
  await pool.query(
    `UPDATE stockyard.pages p SET bars = bars - 1, ts = array_remove(ts, 44::smallint),
       open = o(open, n), high = o(high, n), low = o(low, n), close = o(close, n),
       volume = volume[:n - 1] || volume[n + 1:], vwap = o(vwap, n), trades = o(trades, n)
     FROM (SELECT series_id, starts_on, array_position(ts, 44::smallint) AS n FROM stockyard.pages) x
     WHERE x.series_id = p.series_id AND x.starts_on = p.starts_on AND p.series_id IN (
       SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y
         ON y.instrument_id = s.instrument_id WHERE y.symbol = 'MSFT' AND s.interval = '1d')`.replaceAll(
      /o\((\w+), n\)/g,
      '$1[:n - 1] || $1[n + 1:]',
    ),
  )
  const gaps = [
    'IBM 5m 2024-02-05..2024-02-06 1 missing',
    'IBM 5m 2024-02-13..2024-02-14 1 missing',
    // Over Presidents' Day and its weekend.
    'IBM 5m 2024-02-16..2024-02-21 2 missing',
    'IBM 5m 2024-03-01..2024-03-02 1 missing',
    'MSFT 1d 2024-02-14..2024-02-15 1 missing',
  ]
  assert.deepEqual(await spans(), { code: 1, spans: gaps })

  const calls = sandbox.calls.count()
  const repaired = await runProcess(['gaps', '--repair', '--json'], env)
  assert.equal(repaired.code, 0, repaired.stderr)
  const { requests, updated, gaps: left } = readJson<RepairAnswer>(repaired)
  assert.deepEqual({ requests, updated, left }, { requests: gaps.length, updated: 0, left: [] })
  const asked = sandbox.calls.list().slice(calls)
  assert.deepEqual(asked.map(({ params }) => `${params['from']}..${params['to']}`).toSorted(), [
    '2024-02-05..2024-02-05',
    '2024-02-13..2024-02-13',
    '2024-02-14..2024-02-14',
    '2024-02-16..2024-02-20',
    '2024-03-01..2024-03-01',
  ])
  assert.deepEqual(await dump(), before)
  assert.deepEqual(await spans(), { code: 0, spans: [] })
})

test('bars cut out of pages are missed, whichever they are and whatever the counts say, and no other is asked for', async () => {
  const before = await dump()
  const series = `(SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y
    ON y.instrument_id = s.instrument_id WHERE y.symbol = 'IBM' AND s.interval = '5m')`
  const columns = ['ts', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'trades']
  const cut = async (day: string, from: string, until: string) => {
    const slices = columns.map((column) => `${column} = ${column}[${from}:${until}]`).join(', ')
    const { rows } = await pool.query<{ before: number; regular: number }>(
      `WITH old AS (SELECT series_id, starts_on, regular_bars FROM stockyard.pages
         WHERE series_id = ${series} AND starts_on = $1)
       UPDATE stockyard.pages p SET ${slices}, bars = cardinality(ts[${from}:${until}]),
         regular_bars = (SELECT count(*) FROM unnest(ts[${from}:${until}]) AS minute
           WHERE minute >= 14 * 60 + 30 AND minute < 21 * 60)
       FROM old WHERE old.series_id = p.series_id AND old.starts_on = p.starts_on
       RETURNING old.regular_bars AS before, p.regular_bars AS regular`,
      [day],
    )
    return rows[0]!.before - rows[0]!.regular
  }
  await pool.query(
    `DELETE FROM stockyard.pages WHERE series_id = ${series} AND starts_on = '2024-02-06'`,
  )
  assert.equal(await cut('2024-02-08', '4', 'bars'), 0, 'from before the opening only')
  assert.ok((await cut('2024-02-15', '1', 'bars - 60')) > 0)
  assert.deepEqual(await spans(), {
    code: 1,
    spans: [
      'IBM 5m 2024-02-06..2024-02-07 1 missing',
      'IBM 5m 2024-02-08..2024-02-09 1 missing',
      'IBM 5m 2024-02-15..2024-02-16 1 missing',
    ],
  })
  const calls = sandbox.calls.count()
  const repaired = await run(['gaps', '--repair', '--json'], env)
  assert.equal(repaired.code, 0, repaired.stderr)
  assert.deepEqual(
    sandbox.calls
      .list()
      .slice(calls)
      .map(({ params }) => `${params['from']}..${params['to']}`)
      .toSorted(),
    ['2024-02-06..2024-02-06', '2024-02-08..2024-02-08', '2024-02-15..2024-02-15'],
  )
  assert.deepEqual(await dump(), before)
})

test('the gaps of a symbol that the store does not know are unknown, and not none', async () => {
  for (const args of [
    ['gaps', 'IBN'],
    ['gaps', 'IBN', '--repair'],
  ]) {
    const { code, stdout, stderr } = await run(args, env)
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /^error: The store has no symbol IBN\.$/m)
  }
})

test('the gaps of a former symbol are those of the listing', async () => {
  const fetched = await run(['fetch', 'NVDA', '-i', '1d', ...FEBRUARY], env)
  assert.equal(fetched.code, 0, fetched.stderr)
  await pool.query(
    `DELETE FROM stockyard.pages WHERE series_id IN (
       SELECT s.id FROM stockyard.series s JOIN stockyard.symbols y USING (instrument_id)
       WHERE y.symbol = 'NVDA')`,
  )
  await run(['symbols', 'rename', 'NVDA', 'NVX', '--on', '2024-07-01'], env)
  const { code, stdout } = await run(['gaps', 'NVDA', '--json'], env)
  assert.equal(code, 1)
  assert.deepEqual(
    (JSON.parse(stdout) as GapsAnswer).data.map(({ symbol }) => symbol),
    ['NVX'],
  )
})

describe('a session with fewer than half of its bars', () => {
  const MARCH = ['--from', '2024-03-04', '--until', '2024-03-08']
  const both = { ...env, ALPHA_VANTAGE_BASE_URL: sandbox.url, ALPHA_VANTAGE_API_KEY: 'a-key' }
  const all = { ...both, ALPHA_VANTAGE_BUDGET: 'unlimited' }

  /** Takes 5-minute bars of a session out of the simulated market. */
  async function remove(day: string, from: number, until: number, symbol = 'SIM3') {
    const open = Date.parse(`${day}T14:30:00Z`)
    for (let bar = from; bar < until; bar += 1) {
      const ts = new Date(open + bar * 300_000).toISOString().replace('.000', '')
      const body = JSON.stringify({ symbol, interval: '5m', ts, removed: true })
      const answer = await fetch(`${sandbox.url}/_sandbox/revisions`, { method: 'POST', body })
      assert.equal(answer.status, 200)
    }
  }

  /** What is left, the exit code and the calls of a command about gaps of SIM3. */
  async function gapsOf(variables: Variables, ...more: string[]) {
    const calls = sandbox.calls.count()
    const { code, stdout, stderr } = await run(['gaps', 'SIM3', ...more, '--json'], variables)
    const answer = JSON.parse(stdout) as { data?: GapsAnswer['data']; gaps?: GapsAnswer['data'] }
    const left = (answer.data ?? answer.gaps)!.map(({ from, state }) => `${from} ${state}`)
    return { code, left, calls: sandbox.calls.count() - calls, stderr }
  }

  it('is whole once the vendor said the same to a repair, and is not asked for again', async () => {
    // Of 78 bars each: around noon, and all but the first five.
    await remove('2024-03-05', 18, 58)
    await remove('2024-03-06', 5, 78)
    const fetched = await run(['fetch', 'SIM3', '-i', '5m', ...MARCH, '-p', 'polygon'], env)
    assert.equal(fetched.code, 0, fetched.stderr)
    assert.deepEqual(await gapsOf(env), {
      code: 1,
      left: ['2024-03-05 partial'],
      calls: 0,
      stderr: '',
    })
    const first = await gapsOf(env, '--repair')
    assert.deepEqual([first.code, first.left, first.calls], [0, [], 1])
    const second = await gapsOf(env, '--repair')
    assert.deepEqual([second.code, second.left, second.calls], [0, [], 0])
  })

  it('is a gap again where the volume of the day speaks against it, and every vendor is asked once', async () => {
    const fetched = await run(['fetch', 'SIM3', '-i', '1d', ...MARCH, '-p', 'polygon'], env)
    assert.equal(fetched.code, 0, fetched.stderr)
    // The other session has more than half of the day's volume.
    assert.deepEqual((await gapsOf(all)).left, ['2024-03-06 partial'])
    const asked = async () => {
      const { code, left, calls } = await gapsOf(all, '--repair', '-p', 'polygon')
      return { code, left, vendors: sandbox.calls.list().slice(-calls || Infinity) }
    }
    const first = await asked()
    assert.deepEqual(
      first.vendors.map(({ vendor }) => vendor),
      ['polygon', 'alpha-vantage'],
    )
    assert.deepEqual([first.code, first.left], [1, ['2024-03-06 partial']])
    assert.deepEqual(await asked(), { code: 1, left: ['2024-03-06 partial'], vendors: [] })
    const { stdout } = await run(['gaps', 'SIM3', '--repair', '-p', 'polygon'], all)
    assert.match(stdout, /^SIMULATED: Nobody was asked: .* --repair --force asks again\.$/m)
  })

  it('is asked for again by --force, and whole as soon as the vendor has its bars', async () => {
    const answer = await fetch(`${sandbox.url}/_sandbox/revisions`, { method: 'DELETE' })
    assert.equal(answer.status, 200)
    const quiet = await gapsOf(env, '--repair', '-p', 'polygon')
    assert.deepEqual([quiet.code, quiet.calls], [1, 0])
    const forced = await gapsOf(env, '--repair', '--force', '-p', 'polygon')
    assert.deepEqual([forced.code, forced.left, forced.calls], [0, [], 1])
  })

  it('is a gap with more of them, too, where they hold little of the volume: asked for once a vendor', async () => {
    // All but the busy hours after the opening and before the close: 40 of 78 bars.
    await remove('2024-03-05', 0, 19, 'SIM4')
    await remove('2024-03-05', 59, 78, 'SIM4')
    const fetched = await run(['fetch', 'SIM4', '-i', '5m,1d', ...MARCH, '-p', 'polygon'], env)
    assert.equal(fetched.code, 0, fetched.stderr)
    const ofSim4 = async (...more: string[]) => {
      const calls = sandbox.calls.count()
      const { code, stdout } = await run(['gaps', 'SIM4', '-p', 'polygon', ...more, '--json'], all)
      const answer = JSON.parse(stdout) as { data?: GapsAnswer['data']; gaps?: GapsAnswer['data'] }
      const left = (answer.data ?? answer.gaps)!
      const vendors = sandbox.calls
        .list()
        .slice(calls)
        .map(({ vendor }) => vendor)
      return { code, left: left.map(({ from, reasons }) => [from, ...reasons]), vendors }
    }
    const found = ['2024-03-05', 'little-volume']
    assert.deepEqual(await ofSim4(), { code: 1, left: [found], vendors: [] })
    const vendors = ['polygon', 'alpha-vantage']
    const left = [[...found, 'said-again']]
    assert.deepEqual(await ofSim4('--repair'), { code: 1, left, vendors })
    assert.deepEqual(await ofSim4('--repair'), { code: 1, left, vendors: [] })
    const { stdout } = await run(['gaps', 'SIM4', '-p', 'polygon'], all)
    assert.match(stdout, /^SIM4 .* 1  partial  little-volume, said-again$/m)
    assert.match(
      stdout,
      /^SIMULATED: 1 gap, 1 session\. The vendors said the same when they were asked again; stockyard gaps --repair --force asks once more\.$/m,
    )
    await fetch(`${sandbox.url}/_sandbox/revisions`, { method: 'DELETE' })
    const forced = await ofSim4('--repair', '--force')
    assert.deepEqual(forced, { code: 0, left: [], vendors: ['polygon'] })
  })

  it('is asked for by a repair alone', async () => {
    const { code, stderr } = await run(['gaps', '--force'], env)
    assert.deepEqual([code, /--force goes with --repair only/.test(stderr)], [2, true])
  })
})
