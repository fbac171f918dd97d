/** The binary way to the ledgers of all series tells what the textual way tells. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  readCoverageFacts,
  type CoverageFacts,
  type FactsFilter,
} from '../../src/db/coverage-facts.ts'
import { readCoverageHeads } from '../../src/db/coverage-heads.ts'
import { formatCoverage, type DayRange } from '../../src/domain/coverage.ts'
import { DAY_MS, formatDate } from '../../src/domain/date.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()

/** From 1880 to 2060, so that days lie on both sides of the days that the format counts from. */
const day = fc.integer({ min: -32_872, max: 32_900 }).map((days) => days * DAY_MS)
const coverage = fc.uniqueArray(day, { maxLength: 8 }).map((days) => {
  const sorted = days.toSorted((a, b) => a - b)
  const ranges: DayRange[] = []
  for (let i = 0; i + 1 < sorted.length; i += 2) {
    ranges.push({ from: sorted[i]!, until: sorted[i + 1]! })
  }
  return ranges
})
const orNull = { nil: null, freq: 3 }
const minute = fc.integer({ min: -40_000_000, max: 40_000_000 }).map((minutes) => minutes * 60_000)
const series = fc.record({
  symbol: fc.constantFrom<string>('A', 'AA', 'A.B', 'Ä', 'Z', '^X', '0700.HK'),
  interval: fc.constantFrom('1m', '1d', '1wk'),
  provider: fc.constantFrom('polygon', 'yahoo', "o'neill\\"),
  span: fc.option(coverage, orNull),
  covered: coverage,
  noTrades: coverage,
  notOffered: coverage,
  partial: coverage,
  firstBar: fc.option(minute, orNull),
  lastBar: fc.option(minute, orNull),
  listedDay: fc.option(day, orNull),
  delistedDay: fc.option(day, orNull),
})

async function store(all: readonly (typeof series extends fc.Arbitrary<infer T> ? T : never)[]) {
  await pool.query(`TRUNCATE stockyard.series_heads, stockyard.series, stockyard.symbols,
    stockyard.instruments RESTART IDENTITY CASCADE`)
  for (const one of all) {
    const { rows } = await pool.query<{ id: number }>(
      'INSERT INTO stockyard.instruments (exchange, listed_on, delisted_on) VALUES ($1, $2, $3) RETURNING id',
      ['XNYS', dateOf(one.listedDay), dateOf(one.delistedDay)],
    )
    const { id } = rows[0]!
    await pool.query(
      'INSERT INTO stockyard.symbols (symbol, instrument_id, valid_from) VALUES ($1, $2, $3)',
      [one.symbol, id, '2000-01-01'],
    )
    await pool.query(
      `WITH made AS (INSERT INTO stockyard.series (instrument_id, interval, provider, basis)
         VALUES ($1, $2, $3, 'raw') RETURNING id)
       INSERT INTO stockyard.series_heads (series_id, span, covered, no_trades, not_offered, partial,
         first_bar, last_bar, observed_at)
       SELECT id, $4, $5, $6, $7, $8, $9, $10, now() FROM made`,
      [
        id,
        one.interval,
        one.provider,
        one.span === null || one.span.length === 0
          ? null
          : formatCoverage(one.span.slice(0, 1)).slice(1, -1),
        formatCoverage(one.covered),
        formatCoverage(one.noTrades),
        formatCoverage(one.notOffered),
        formatCoverage(one.partial),
        one.firstBar === null ? null : new Date(one.firstBar),
        one.lastBar === null ? null : new Date(one.lastBar),
      ],
    )
  }
}

function dateOf(of: number | null): string | null {
  return of === null ? null : formatDate(of)
}

async function symbolsOf(filter: FactsFilter): Promise<string[]> {
  return (await readCoverageFacts(pool, filter)).map(({ symbol }) => symbol)
}

describe('the facts of all series', () => {
  it('are what their heads say, in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(series, { maxLength: 5, selector: ({ symbol }) => symbol }),
        async (all) => {
          await store(all)
          const heads = await readCoverageHeads(pool, {})
          const facts = await readCoverageFacts(pool, {})
          assert.equal(facts.length, all.length)
          const names = Object.keys(facts[0] ?? {}) as (keyof CoverageFacts)[]
          const told = heads.map((head) =>
            Object.fromEntries(names.map((name) => [name, head[name]])),
          )
          assert.deepEqual(facts, told)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('are those of an interval and of a vendor only, whatever its name', async () => {
    const one = {
      span: null,
      covered: [],
      noTrades: [],
      notOffered: [],
      partial: [],
      firstBar: null,
      lastBar: null,
      listedDay: null,
      delistedDay: null,
    }
    await store([
      { ...one, symbol: 'A', interval: '1d', provider: 'polygon' },
      { ...one, symbol: 'B', interval: '1d', provider: "o'neill\\" },
      { ...one, symbol: 'C', interval: '1m', provider: "o'neill\\" },
    ])
    assert.deepEqual(await symbolsOf({}), ['A', 'B', 'C'])
    assert.deepEqual(await symbolsOf({ interval: '1d' }), ['A', 'B'])
    assert.deepEqual(await symbolsOf({ provider: "o'neill\\" }), ['B', 'C'])
    assert.deepEqual(await symbolsOf({ interval: '1m', provider: 'polygon' }), [])
  })
})
