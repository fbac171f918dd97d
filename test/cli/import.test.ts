/** Files of bars come into the store the way of any answer: own exports, and what others write. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import polars from 'nodejs-polars'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { folder, readJson, run, runProcess } from './run-stockyard.ts'

const RECORDINGS = process.env['STOCKYARD_RECORDINGS']
const skip = RECORDINGS === undefined ? 'STOCKYARD_RECORDINGS is not set' : false

interface Summary {
  readonly fetched: number
  readonly inserted: number
  readonly updated: number
  readonly unchanged: number
  readonly rejected: number
  readonly skipped: number
  readonly tasks: readonly { readonly symbol: string; readonly inserted: number }[]
}

const source = await makeDatabase()
await fillStore(source.pool)
const target = await makeDatabase()
const env = { DATABASE_URL: target.url }

async function imported(args: readonly string[], code = 0): Promise<Summary> {
  const ended = await run(['import', ...args, '--json'], env)
  assert.equal(ended.code, code, ended.stderr)
  return readJson<Summary>(ended)
}

/** Bars of a symbol as SQL reads them. */
async function stored(symbol: string, interval: string, provider = 'manual') {
  const { rows } = await target.pool.query<{ key: string; open: number; close: number }>(
    `SELECT coalesce(b.session::text, b.ts::text) AS key, b.open, b.close, b.volume
     FROM stockyard.bars($1, $2, '1900-01-01', '2100-01-01') b WHERE b.provider = $3 ORDER BY b.ts`,
    [symbol, interval, provider],
  )
  return rows
}

function given(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

test('what export wrote comes back whole from every format, once', async () => {
  for (const [index, format] of ['csv', 'ndjson', 'parquet', 'arrow'].entries()) {
    for (const interval of format === 'parquet' ? ['1d', '1m'] : ['1d']) {
      const path = join(folder, `own-${interval}.${format}`)
      const args = ['export', '-s', 'AAPL', '-i', interval, '-f', format, '-o', path]
      const out = await run(args, { DATABASE_URL: source.url })
      assert.equal(out.code, 0, out.stderr)
      const { fetched, inserted, unchanged, rejected } = await imported([path])
      assert.ok(fetched > 300)
      const isNew = index === 0 || interval === '1m'
      const expected = isNew ? [fetched, 0, 0] : [0, fetched, 0]
      assert.deepEqual([inserted, unchanged, rejected], expected, `${format} ${interval}`)
    }
  }
  const { rows } = await source.pool.query<{ sum: number; count: number }>(
    `SELECT sum(close) AS sum, count(*)::int AS count
     FROM stockyard.bars('AAPL', '1d', '1900-01-01', '2100-01-01') b WHERE b.state = 'final'`,
  )
  const daily = await stored('AAPL', '1d')
  assert.equal(daily.length, rows[0]!.count)
  const sum = daily.reduce((total, { close }) => total + close, 0)
  assert.ok(Math.abs(sum - rows[0]!.sum) < 1e-6)
})

test('an export of days and minutes in one file comes back, line by line as each is keyed', async () => {
  for (const format of ['csv', 'ndjson']) {
    const path = join(folder, `mixed.${format}`)
    const args = ['export', '-s', 'AAPL', '-i', '1d', '-i', '1m', '-f', format, '-o', path]
    const out = await run(args, { DATABASE_URL: source.url })
    assert.equal(out.code, 0, out.stderr)
    const { fetched, inserted, unchanged, rejected } = await imported([path])
    assert.deepEqual([inserted, unchanged, rejected], [0, fetched, 0], format)
  }
})

test('a line that is no JSON is refused among the bars before it, and a field may come later', async () => {
  const path = given(
    'lines.ndjson',
    '{"symbol":"LINES","interval":"1d","session":"2024-01-02","open":10,"high":12,"low":9,"close":11,"volume":5}\n' +
      'not a bar\n' +
      '{"symbol":"LINES","interval":"1d","session":"2024-01-03","open":10,"high":12,"low":9,"close":11,"volume":5,"vwap":10.5}\n',
  )
  const { inserted, rejected } = await imported([path], 1)
  assert.deepEqual([inserted, rejected], [2, 1])
  const { rows } = await target.pool.query<{ raw: string; symbol: string; vwap: number }>(
    `SELECT r.raw, y.symbol, b.vwap FROM stockyard.rejects r
     JOIN stockyard.series s ON s.id = r.series_id JOIN stockyard.symbols y USING (instrument_id),
     stockyard.bars('LINES', '1d', '2024-01-03', '2024-01-04') b WHERE r.raw = 'not a bar'`,
  )
  assert.deepEqual(rows, [{ raw: 'not a bar', symbol: 'LINES', vwap: 10.5 }])
})

test('a file that was changed since its manifest was written is refused', async () => {
  const path = join(folder, 'own-1d.csv')
  writeFileSync(path, readFileSync(path, 'utf8').replace(',final\n', ',final\n\n'))
  const { code, stderr } = await runProcess(['import', path], env)
  assert.equal(code, 2)
  assert.match(stderr, /code: MANIFEST_MISMATCH/)
})

test('rows that are no bars are kept as rejects, with their text; the others go in', async () => {
  const path = given(
    'some.csv',
    'Date;Open;High;Low;Close;Volume\n' +
      '2024-01-02;10;12;9;11;"1,000"\n' +
      '2024-01-03;10;9;8;11;1000\n' +
      '2024-01-04;10;12;9;eleven;1000\n' +
      'yesterday;10;12;9;11;1000\n' +
      '2024-01-06;10;12;9;11;1000\n' +
      '2024-01-08;11;12;9;11.5;2000\n',
  )
  const summary = await imported([path, '-s', 'SOME', '-i', '1d'], 1)
  assert.deepEqual([summary.fetched, summary.inserted, summary.rejected], [6, 2, 4])
  const again = await imported([path, '-s', 'SOME', '-i', '1d'], 1)
  assert.deepEqual([again.inserted, again.updated, again.unchanged], [0, 0, 2])
  const { rows } = await target.pool.query<{ rule: string; raw: string }>(
    `SELECT r.rule, r.raw FROM stockyard.rejects r JOIN stockyard.series s ON s.id = r.series_id
     JOIN stockyard.symbols y USING (instrument_id) WHERE y.symbol = 'SOME' ORDER BY r.raw`,
  )
  assert.deepEqual(rows, [
    { rule: 'price-order', raw: '2024-01-03;10;9;8;11;1000' },
    { rule: 'unreadable', raw: '2024-01-04;10;12;9;eleven;1000' },
    { rule: 'session', raw: '2024-01-06;10;12;9;11;1000' },
    { rule: 'unreadable', raw: 'yesterday;10;12;9;11;1000' },
  ])
})

// A session is covered with the days before it on which there is none, as the turn of the year.
test('days of which a file has nothing are not covered by it', async () => {
  const { rows } = await target.pool.query<{ covered: string }>(
    `SELECT h.covered::text AS covered FROM stockyard.series_heads h
     JOIN stockyard.series s ON s.id = h.series_id JOIN stockyard.symbols y USING (instrument_id)
     WHERE y.symbol = 'SOME'`,
  )
  assert.equal(rows[0]!.covered, '{[2023-12-30,2024-01-03),[2024-01-08,2024-01-09)}')
})

test('minutes are read on the clock that is named, and by the end of the bar that is named', async () => {
  const header = 'timestamp,o,h,l,c,v\n'
  const local = given('local.csv', `${header}2024-01-02 09:31:00,10,12,9,11,100\n`)
  await imported([local, '-s', 'LOCAL', '-i', '1m', '--label', 'end'])
  const utc = given('utc.csv', `${header}2024-01-02 14:30,10,12,9,11,100\n`)
  await imported([utc, '-s', 'LOCAL', '-i', '1m', '--zone', 'UTC', '-p', 'polygon'])
  const epoch = given('epoch.csv', `${header}1704205800,10,12,9,11,100\n`)
  assert.equal((await imported([epoch, '-s', 'LOCAL', '-i', '1m'])).unchanged, 1)
  const offset = given('offset.csv', `${header}2024-01-02T09:30:00-05:00,10,12,9,11,100\n`)
  assert.equal((await imported([offset, '-s', 'LOCAL', '-i', '1m'])).unchanged, 1)
  const { rows } = await target.pool.query<{ provider: string; ts: Date }>(
    `SELECT provider, ts FROM stockyard.bars('LOCAL', '1m', '2024-01-01', '2025-01-01')
     ORDER BY provider`,
  )
  assert.deepEqual(
    rows.map(({ provider, ts }) => [provider, ts.toISOString()]),
    [
      ['manual', '2024-01-02T14:30:00.000Z'],
      ['polygon', '2024-01-02T14:30:00.000Z'],
    ],
  )
})

test('Parquet and Arrow of other programs come in, with their names and types', async () => {
  const frame = polars.DataFrame({
    Ticker: ['POLARS', 'POLARS'],
    Date: [new Date('2024-01-02T14:30:00Z'), new Date('2024-01-02T14:31:00Z')],
    Open: [10, 11],
    High: [12, 12],
    Low: [9, 10],
    Close: [11.5, 11.25],
    Volume: [100, null],
  })
  const parquet = join(folder, 'theirs.parquet')
  const feather = join(folder, 'theirs.feather')
  frame.writeParquet(parquet)
  frame.writeIPC(feather)
  const first = await imported([parquet, '-i', '1m'], 1)
  assert.deepEqual([first.inserted, first.rejected], [1, 1], 'a stock’s bar without its volume')
  const again = await imported([feather, '-i', '1m'], 1)
  assert.deepEqual([again.inserted, again.unchanged], [0, 1])
  assert.deepEqual(
    (await stored('POLARS', '1m')).map(({ close }) => close),
    [11.5],
  )
})

test('what is missing or cannot be read is said before anything is stored', async () => {
  const bare = given('bare.csv', 'a,b\n1,2\n')
  const nameless = given('nameless.csv', 'date,open,high,low,close\n2024-01-02,1,1,1,1\n')
  const adjusted = given('adjusted.csv', 'date,open,high,low,close\n2024-01-02,1,1,1,1\n')
  given('adjusted.csv.manifest.json', JSON.stringify({ adjust: 'all' }))
  const cases: readonly [string[], string][] = [
    [[bare], 'COLUMNS_INVALID'],
    [[nameless], 'COLUMNS_INVALID'],
    [[nameless, '-s', 'X', '-i', '1d', '--columns', 'close=Nowhere'], 'COLUMNS_INVALID'],
    [[nameless, '-s', 'X', '-i', '1d', '-p', 'nobody'], 'PROVIDER_UNKNOWN'],
    [[nameless, '-s', 'X', '-i', '1d', '--zone', 'Mars/Olympus'], 'ZONE_UNKNOWN'],
    [[join(folder, 'none.csv'), '-s', 'X', '-i', '1d'], 'FILE_UNREADABLE'],
    [[nameless, '-f', 'parquet'], 'FILE_UNREADABLE'],
    [[join(folder, 'none.arrow')], 'FILE_UNREADABLE'],
    [[given('empty.arrow', '')], 'FILE_UNREADABLE'],
    [[given('text.arrow', 'hello\n')], 'FILE_UNREADABLE'],
    [[adjusted, '-s', 'X', '-i', '1d'], 'FILE_ADJUSTED'],
    [[given('bars.xls', '')], 'FILE_FORMAT_UNKNOWN'],
  ]
  for (const [args, code] of cases) {
    const ended = await run(['import', ...args], env)
    assert.equal(ended.code, 2, `${args.join(' ')}: ${ended.stderr}`)
    assert.match(ended.stderr, new RegExp(`code: ${code}`))
  }
  const gone = await run(['import', join(folder, 'none.csv')], env)
  assert.match(gone.stderr, /none\.csv cannot be read: there is no such file\.$/m)
})

const file = (name: string) => join(RECORDINGS!, 'ohlcv', name)

test('recordings of other programs come in', { skip }, async () => {
  const apple = await imported([
    file('plotly-finance-charts-apple.csv'),
    '-s',
    'PLOTLY',
    '-i',
    '1d',
  ])
  assert.deepEqual([apple.inserted, apple.rejected], [506, 0])
  assert.deepEqual((await stored('PLOTLY', '1d'))[0], {
    key: '2015-02-17',
    open: 127.489998,
    close: 127.830002,
    volume: 63152400,
  })
  const args = ['-s', 'ZIPLINE', '-i', '1d', '--basis', 'split']
  const zipline = await imported([file('zipline-csvdir-AAPL-1day-2012-2014.csv'), ...args])
  assert.deepEqual([zipline.inserted, zipline.rejected], [754, 0])
  const wiki = file('zipline-quandl-wiki-AAPL-BRKA-MSFT-ZEN-2014.csv')
  const several = await imported([wiki, '-i', '1d', '-p', 'yahoo'])
  assert.deepEqual(several.tasks.map(({ symbol }) => symbol).sort(), [
    'AAPL',
    'BRK_A',
    'MSFT',
    'ZEN',
  ])
  const price = 'open=price,high=price,low=price,close=price'
  const months = await imported([file('vega-stocks-monthly.csv'), '-i', '1mo', '--columns', price])
  assert.deepEqual([months.inserted, months.rejected], [560, 0])
})
