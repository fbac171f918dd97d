/** Calls backwards from the newest, and which days are then said not to be offered. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { holdsDay } from '../../src/domain/coverage.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import { StockyardError } from '../../src/domain/error.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { ensureSeries, findHead, type SeriesKey } from '../../src/db/series.ts'
import { fetchBackwards } from '../../src/load/earlier-history.ts'
import type { BarRequest } from '../../src/providers/provider.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
const calendar = getCalendar('XNYS')
const nothing = new StockyardError('not-found', 'NO_DATA', 'There is nothing.', {
  hint: 'None.',
})
const MONTHS = ['2022-10', '2022-11', '2022-12', '2023-01', '2023-02', '2023-03', '2023-04']

const firstOf = (month: number) => parseDay(`${MONTHS[month]!}-01`)

function requestOf(month: number): BarRequest {
  const days = { from: firstOf(month), until: firstOf(month + 1) }
  const request = { path: '/', params: {} }
  return { symbol: 'IBM', interval: '1d', asked: days, covers: days, request, fallback: null }
}

/**
 * Of a series with the bars of January 2023: what is asked, and what is not offered then.
 * @param since first day that was answered for: before January there was nothing
 */
async function story(
  provider: string,
  months: readonly number[],
  refused: readonly number[],
  since = '2023-01-01',
) {
  const series: SeriesKey = { symbol: 'IBM', interval: '1d', provider, basis: 'raw' }
  await inTransaction(pool, (connection) => ensureSeries(connection, series))
  await pool.query(
    `UPDATE stockyard.series_heads
     SET covered = datemultirange(daterange($2, '2023-02-01')),
       no_trades = datemultirange(daterange($2, '2023-01-01')), first_bar = '2023-01-03',
       observed_at = '2023-02-01'
     WHERE series_id IN (SELECT id FROM stockyard.series WHERE provider = $1)`,
    [provider, since],
  )
  const head = await findHead(pool, series)
  assert.equal(head!.coverage.length, 1)
  const asked: number[] = []
  const requests = months.map(requestOf)
  const run = async (request: BarRequest) => {
    const month = months[requests.indexOf(request)]!
    asked.push(month)
    if (refused.includes(month)) throw nothing
  }
  const said = await fetchBackwards(pool, series, requests, nothing, head, calendar, run).catch(
    (error: unknown) => error,
  )
  const { coverage, noTrades } = (await findHead(pool, series))!
  for (const { from } of noTrades) assert.ok(holdsDay(coverage, from))
  const ranges = noTrades.map(({ from, until }) => `${formatDate(from)} ${formatDate(until)}`)
  if (said instanceof Error && said !== nothing) throw said
  return { asked, said, ranges }
}

test('a refused call before the known bars ends it, and all before them is not offered', async () => {
  const { asked, ranges } = await story('a', [0, 1, 2, 4], [2])
  assert.deepEqual(asked, [4, 2])
  assert.deepEqual(ranges, ['2022-10-01 2023-01-01'])
})

test('a refused call after the known bars says nothing of the days before them, which are asked for', async () => {
  const { asked, ranges } = await story('b', [0, 1, 2, 4], [4])
  assert.deepEqual(asked, [4, 2, 1])
  assert.deepEqual(ranges, ['2022-10-01 2022-11-01'])
})

test('a refused call for days apart from the known bars proves nothing', async () => {
  const { asked, said, ranges } = await story('c', [0], [])
  assert.deepEqual([asked, said, ranges], [[], nothing, []])
})

test('a refused call after the known bars fails also where history is known to begin with them', async () => {
  const { asked, said, ranges } = await story('d', [4], [], '2022-12-01')
  assert.deepEqual([asked, said, ranges], [[], nothing, ['2022-12-01 2023-01-01']])
})
