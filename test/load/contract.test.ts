/**
 * What every provider of the registry promises of its samples in the store: wherever a series had come to
 * when an answer comes, it has the same bars afterwards, each once.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inTransaction } from '../../src/db/connect.ts'
import { readPageRange } from '../../src/db/pages.ts'
import { startRun } from '../../src/db/runs.ts'
import { findHead, type SeriesKey } from '../../src/db/series.ts'
import { sliceBatch } from '../../src/domain/bar-batch.ts'
import { formatCoverage } from '../../src/domain/coverage.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import { isIntraday, type Interval } from '../../src/domain/interval.ts'
import type { AskedBars } from '../../src/load/ask.ts'
import { checkAnswer, loadAnswer } from '../../src/load/load-answer.ts'
import type { BarRequest, Provider } from '../../src/providers/provider.ts'
import { PROVIDERS } from '../../src/providers/registry.ts'
import { calendar } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()

interface Sample {
  readonly file: string
  readonly kind: string
  readonly symbol: string
  readonly interval: Interval
  readonly status: number
  readonly expect: string
}

function samplesOf(provider: Provider): { sample: Sample; bytes: Uint8Array }[] {
  const folder = join(import.meta.dirname, '../../src/providers', provider.id, 'samples')
  const samples = JSON.parse(readFileSync(join(folder, 'samples.json'), 'utf8')) as Sample[]
  return samples
    .filter(({ kind, expect }) => kind === 'bars' && expect === 'ok')
    .map((sample) => ({ sample, bytes: new Uint8Array(readFileSync(join(folder, sample.file))) }))
}

/** A sample as the answer to a call for all of its days, long after they were over. */
function answerOf(provider: Provider, { sample, bytes }: ReturnType<typeof samplesOf>[0]) {
  const { symbol, interval, status } = sample
  const request: BarRequest = {
    request: provider.requestQuote(symbol),
    symbol,
    interval,
    asked: null,
    covers: null,
    fallback: null,
  }
  const receivedAt = Date.UTC(2026, 4, 20, 15)
  const body = { status, bytes, contentType: '' }
  const answer = provider.parseBars(body, request, { calendar, receivedAt })
  assert.ok(answer.ok)
  const days = answer.batch.ts.map((ts) => (isIntraday(interval) ? calendar.localDay(ts) : ts))
  const covers = { from: days[0]!, until: days.at(-1)! + DAY_MS }
  // Splits of a restated series would have it begun anew.
  const { actions: _, next: __, ...bars } = answer
  return { ...bars, request: { ...request, covers }, receivedAt, simulated: false }
}

/** The first rows of an answer, as an earlier one would have had them. */
function untilRow(answer: AskedBars, length: number): AskedBars {
  const { batch, request } = answer
  const { interval } = request
  const last = batch.ts[length - 1]!
  const until = (isIntraday(interval) ? calendar.localDay(last) : last) + DAY_MS
  const covers = { from: request.covers!.from, until }
  return { ...answer, batch: sliceBatch(batch, 0, length), request: { ...request, covers } }
}

async function load(provider: Provider, series: SeriesKey, answer: AskedBars) {
  const runId = await inTransaction(pool, (connection) =>
    startRun(connection, 'fetch', {}, [series]),
  )
  const to = { series, provider, calendar, runId, taskNumber: 1 }
  return await loadAnswer(pool, answer, checkAnswer(answer, to), to)
}

/** What is stored once the answer came again, since a row that is refused is asked for once more. */
async function endOf(provider: Provider, series: SeriesKey, answer: AskedBars) {
  const { inserted, updated } = await load(provider, series, answer)
  assert.deepEqual([inserted, updated], [0, 0])
  return await stateOf(series)
}

async function stateOf(series: SeriesKey) {
  const head = (await findHead(pool, series))!
  const range = { interval: series.interval, from: -8e12, until: 4e12, order: 'asc' } as const
  const pages = await readPageRange(pool, head.seriesId, { ...range, limit: 1000 })
  const bars = pages.flatMap(({ bars: { ts, open, high, low, close, volume } }) =>
    Array.from(ts, (at, i) => [at, open[i], high[i], low[i], close[i], volume[i]]),
  )
  return { bars, watermark: head.watermark, covered: formatCoverage(head.coverage) }
}

let count = 0
const newSeries = (provider: Provider, interval: Interval): SeriesKey => {
  count += 1
  return { symbol: `W${count}`, interval, provider: provider.id, basis: provider.basis }
}

for (const provider of PROVIDERS) {
  describe(provider.id, () => {
    for (const given of samplesOf(provider)) {
      const { file, interval } = given.sample
      it(`brings ${file} as ${interval} bars to the same end from every watermark`, async () => {
        const answer = answerOf(provider, given)
        const whole = newSeries(provider, interval)
        const fresh = await load(provider, whole, answer)
        const expected = await endOf(provider, whole, answer)
        assert.equal(fresh.inserted, expected.bars.length)
        for (let rows = 1; rows <= answer.batch.length; rows += 1) {
          const series = newSeries(provider, interval)
          const { inserted: earlier } = await load(provider, series, untilRow(answer, rows))
          const { inserted, updated, unchanged } = await load(provider, series, answer)
          assert.deepEqual(
            [inserted, updated, unchanged],
            [fresh.inserted - earlier, 0, earlier],
            `after ${rows} rows`,
          )
          assert.deepEqual(await endOf(provider, series, answer), expected, `after ${rows} rows`)
        }
      })
    }
  })
}
