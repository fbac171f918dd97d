/**
 * Recordings of Alpha Vantage, sent over real HTTP and taken the whole way into the store: each row is
 * there once, digit for digit, or was refused; each error body ends the task for the right reason.
 * The recordings are not part of the project: STOCKYARD_RECORDINGS names the folder that has them.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { monthStart, weekStart } from '../../src/domain/date.ts'
import { isIntraday, type Interval } from '../../src/domain/interval.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { findHead } from '../../src/db/series.ts'
import { fetchAll, type FetchSummary } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeDatabase } from '../support/database.ts'

const folder = process.env['STOCKYARD_RECORDINGS']
const skip = folder === undefined ? 'STOCKYARD_RECORDINGS names no folder' : false

const { pool } = await makeDatabase()
const log = makeLogger({ level: 'silent', format: 'json' })
let body: Buffer = Buffer.alloc(0)
const server = createServer((_request, response) => response.end(body))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

/** A wait is over as soon as it begins: what the vendor asked to be left alone for has passed. */
async function sleep(): Promise<void> {
  await forgetRefusals()
}

/** What a recorded refusal taught must not hold back the next recording. */
async function forgetRefusals(): Promise<void> {
  for (const table of ['budget_pauses', 'budget_ceilings', 'plan_limits']) {
    await pool.query(`DELETE FROM stockyard.${table}`)
  }
}

/** Serves a recording as the answer to one call and fetches by it. */
async function replay(
  file: string,
  symbol: string,
  interval: Interval,
  now: string,
): Promise<FetchSummary> {
  body = readFileSync(join(folder!, 'alpha-vantage', file))
  const instant = Date.parse(now)
  const clock = { now: () => instant, sleep }
  const client = makeHttpClient({ clock, log })
  try {
    return await fetchAll(
      {
        pool,
        client,
        clock,
        log,
        configs: { 'alpha-vantage': { key: 'replay-key', baseUrl, budget: 'unlimited' } },
      },
      {
        symbols: [symbol],
        intervals: [interval],
        providers: [alphaVantage],
        from: null,
        until: null,
        force: false,
        // Within one call of every function, so that the recording answers all that is asked.
        defaultDays: isIntraday(interval) ? 20 : 90,
      },
    )
  } finally {
    await client.close()
  }
}

type Row = readonly [
  ts: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
]

/** The rows of a recording, read without the code under test: label, and the texts of five values. */
function textRows(file: string): [string, ...string[]][] {
  const text = readFileSync(join(folder!, 'alpha-vantage', file), 'utf8').replace(/^\uFEFF/, '')
  if (text.startsWith('{')) {
    const document = JSON.parse(text) as Record<string, Record<string, Record<string, string>>>
    const name = Object.keys(document).find((key) => key.includes('Time Series'))!
    return Object.entries(document[name]!).map(([label, fields]) => {
      const field = (word: string) =>
        Object.entries(fields).find(([key]) => key.replace(/^\d+\. /, '') === word)![1]
      return [label, field('open'), field('high'), field('low'), field('close'), field('volume')]
    })
  }
  const [header, ...lines] = text.trim().split(/\r?\n/)
  const names = header!.split(',')
  const order = ['open', 'high', 'low', 'close', 'volume'].map((name) => names.indexOf(name))
  return lines.map((line) => {
    const cells = line.split(',')
    return [cells[0]!, ...order.map((index) => cells[index]!)] as [string, ...string[]]
  })
}

/** Wall-clock time in New York as an instant, by the platform's own zone data. */
function newYork(label: string): number {
  const asUtc = Date.parse(`${label.replace(' ', 'T')}Z`)
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/New_York',
    timeZoneName: 'longOffset',
  })
  const offset = format.formatToParts(asUtc).find((part) => part.type === 'timeZoneName')!.value
  const [, sign, hours] = /GMT([+-])(\d\d)/.exec(offset)!
  return asUtc - (sign === '-' ? -1 : 1) * Number(hours) * 3_600_000
}

function keyOf(label: string, interval: Interval, shiftMs: number): number {
  if (isIntraday(interval)) return newYork(label) - shiftMs
  const day = Date.parse(label)
  if (interval === '1wk') return weekStart(day)
  return interval === '1mo' ? monthStart(day) : day
}

async function storedRows(symbol: string, interval: Interval): Promise<Row[]> {
  const head = await findHead(pool, { symbol, interval, provider: 'alpha-vantage', basis: 'raw' })
  const pages = await readPageRange(pool, head!.seriesId, {
    interval,
    from: Date.UTC(1900, 0, 1),
    until: Date.UTC(2100, 0, 1),
    order: 'asc',
    limit: 100_000,
  })
  return pages.flatMap(({ bars }) =>
    Array.from(bars.ts, (ts, i): Row => [
      ts,
      bars.open[i]!,
      bars.high[i]!,
      bars.low[i]!,
      bars.close[i]!,
      bars.volume[i]!,
    ]),
  )
}

interface Recording {
  readonly file: string
  readonly symbol: string
  readonly interval: Interval
  /** A moment after the answer was recorded. */
  readonly now: string
  /** The label side that the recording has, found by looking at it; see docs/providers.md. */
  readonly labels?: 'end'
  /** Labels of rows that must be refused, by rule. */
  readonly refused?: Readonly<Record<string, readonly string[]>>
}

const RECORDINGS: readonly Recording[] = [
  {
    file: 'daily-IBM-compact-2026-05-15.csv',
    symbol: 'IBM',
    interval: '1d',
    now: '2026-05-17T17:12:00Z',
  },
  {
    file: 'daily-IBM-midsession-2020-05-08.json',
    symbol: 'IBM',
    interval: '1d',
    now: '2020-05-08T18:07:05Z',
  },
  {
    file: 'daily-MSFT-compact-2018-08-16.json',
    symbol: 'MSFT',
    interval: '1d',
    now: '2018-08-17T06:00:00Z',
  },
  {
    file: 'daily-adjusted-IBM-compact-2026-05-15.csv',
    symbol: 'IBM',
    interval: '1d',
    now: '2026-05-17T17:12:00Z',
  },
  {
    file: 'daily-adjusted-IBM-midsession-2020-05-08.json',
    symbol: 'IBM',
    interval: '1d',
    now: '2020-05-08T18:08:00Z',
  },
  {
    file: 'daily-adjusted-MSFT-full-2019-11-29.json',
    symbol: 'MSFT',
    interval: '1d',
    now: '2019-11-30T12:00:00Z',
  },
  {
    file: 'weekly-MSFT-2019-11-29.json',
    symbol: 'MSFT',
    interval: '1wk',
    now: '2019-11-30T12:00:00Z',
  },
  {
    file: 'weekly-IBM-midsession-2020-05-08.json',
    symbol: 'IBM',
    interval: '1wk',
    now: '2020-05-08T18:08:00Z',
  },
  {
    file: 'weekly-adjusted-IBM-2026-05.csv',
    symbol: 'IBM',
    interval: '1wk',
    now: '2026-05-17T17:12:00Z',
  },
  {
    file: 'weekly-adjusted-IBM-midsession-2020-05-08.json',
    symbol: 'IBM',
    interval: '1wk',
    now: '2020-05-08T18:09:00Z',
  },
  { file: 'monthly-IBM-2026-05.csv', symbol: 'IBM', interval: '1mo', now: '2026-05-17T17:12:00Z' },
  {
    file: 'monthly-IBM-midsession-2020-05-08.json',
    symbol: 'IBM',
    interval: '1mo',
    now: '2020-05-08T18:10:00Z',
  },
  {
    file: 'monthly-MSFT-2019-11.json',
    symbol: 'MSFT',
    interval: '1mo',
    now: '2019-11-30T12:00:00Z',
  },
  {
    file: 'monthly-adjusted-MSFT-2018.json',
    symbol: 'MSFT',
    interval: '1mo',
    now: '2018-08-21T06:00:00Z',
  },
  {
    file: 'monthly-adjusted-MSFT-2019-11.json',
    symbol: 'MSFT',
    interval: '1mo',
    now: '2019-11-30T12:00:00Z',
  },
  {
    file: 'intraday-5min-IBM-compact-2026-05-15.csv',
    symbol: 'IBM',
    interval: '5m',
    now: '2026-05-17T17:12:00Z',
  },
  {
    file: 'intraday-5min-IBM-full-2022-06-08.json',
    symbol: 'IBM',
    interval: '5m',
    now: '2022-06-09T01:00:00Z',
    labels: 'end',
  },
  {
    file: 'intraday-1min-MSFT-compact-midsession-2017-12-18.json',
    symbol: 'MSFT',
    interval: '1m',
    now: '2017-12-18T19:56:30Z',
  },
  {
    file: 'intraday-15min-MSFT-full-trimmed-2018-04-11.json',
    symbol: 'MSFT',
    interval: '15m',
    now: '2018-04-11T20:00:00Z',
  },
  {
    file: 'intraday-extended-1min-slice-2020-11-23-to-2020-12-18.csv',
    symbol: 'MSFT',
    interval: '1m',
    now: '2020-12-19T12:00:00Z',
    labels: 'end',
  },
]

describe('a recorded answer', { skip }, () => {
  RECORDINGS.forEach((recording, index) => {
    it(`is stored row by row: ${recording.file}`, async () => {
      // Recordings of one company over each other would be revisions: each gets a company of its own.
      await pool.query(
        "UPDATE stockyard.symbols SET symbol = symbol || '.was' || $1 WHERE symbol = $2",
        [index, recording.symbol],
      )
      const { file, symbol, interval, now } = recording
      const summary = await replay(file, symbol, interval, now)
      const rows = textRows(file)
      assert.deepEqual(summary.tasks[0]!.error, null)
      assert.equal(summary.fetched, rows.length)
      const shiftMs = recording.labels === 'end' ? intervalLength[interval]! : 0
      const { rows: rejects } = await pool.query<{ rule: string; raw: string }>(
        'SELECT rule, raw FROM stockyard.rejects WHERE run_id = $1',
        [summary.run],
      )
      const refused = new Set(
        rejects.map(({ raw }) => /\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?/.exec(raw)![0]),
      )
      const expected = rows
        .filter(([label]) => !refused.has(label))
        .map(([label, ...values]): Row => [
          keyOf(label, interval, shiftMs),
          ...(values.map(Number) as [number, number, number, number, number]),
        ])
        .sort((a, b) => a[0] - b[0])
      assert.deepEqual(await storedRows(symbol, interval), expected)
      const byRule: Record<string, string[]> = {}
      for (const { rule, raw } of rejects) {
        ;(byRule[rule] ??= []).push(/\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?/.exec(raw)![0])
      }
      assert.deepEqual(byRule, recording.refused ?? {})
    })
  })
})

const intervalLength: Partial<Record<Interval, number>> = {
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
}

describe('a recorded refusal', { skip }, () => {
  for (const [file, code] of [
    ['error-information-25-per-day.json', 'BUDGET_EXHAUSTED'],
    ['error-information-burst-1-per-second-2026.json', 'RATE_LIMITED'],
    ['error-information-demo-key.json', 'KEY_REFUSED'],
    ['error-message-invalid-api-call.json', 'REQUEST_REFUSED'],
    ['error-note-5-per-minute.json', 'RATE_LIMITED'],
    ['empty-object.json', 'NO_DATA'],
    ['symbol-search-BA.json', 'ANSWER_MALFORMED'],
    ['overview-IBM-2026-05.json', 'ANSWER_MALFORMED'],
    ['listing-status-small.csv', 'ANSWER_MALFORMED'],
  ] as const) {
    it(`fails the task with ${code} and stores nothing: ${file}`, async () => {
      await forgetRefusals()
      const summary = await replay(file, 'ZZZZ', '1d', '2026-05-17T17:12:00Z')
      await forgetRefusals()
      assert.equal(summary.status, 'failed')
      assert.equal(summary.tasks[0]!.error?.code, code)
      assert.equal(summary.fetched, 0)
      assert.equal(
        await findHead(pool, {
          symbol: 'ZZZZ',
          interval: '1d',
          provider: 'alpha-vantage',
          basis: 'raw',
        }),
        null,
      )
    })
  }
})
