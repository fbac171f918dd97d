/**
 * The coverage ledger at size: how long it takes to tell the states of all sessions of 10,000 series over 20
 * years, and how many bytes the ledger takes beside the bars.
 */
import type { Pool } from '../src/db/connect.ts'
import { settleMsOf } from '../src/providers/registry.ts'
import { readCoverageSummary } from '../src/query/coverage.ts'

const SERIES = 10_000
const YEARS = 20
const BARS_A_YEAR = 252
/** Series whose pages are made in full, to weigh them. */
const WEIGHED = 200

/** Fills a store of heads and of some pages, measures, and empties it again. */
export async function benchCoverage(pool: Pool): Promise<Record<string, number>> {
  await fill(pool)
  const now = Date.parse('2026-01-10T12:00:00-05:00')
  const times: number[] = []
  let sessions = 0
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now()
    const found = await readCoverageSummary(pool, {}, now, settleMsOf)
    times.push(performance.now() - start)
    sessions = found.reduce(
      (sum, one) => sum + Object.values(one.sessions).reduce((all, count) => all + count, 0),
      0,
    )
  }
  const { rows } = await pool.query<{ ledger: number; bars: number }>(
    `SELECT (SELECT avg(pg_column_size(covered) + pg_column_size(span) + pg_column_size(no_trades)
               + pg_column_size(not_offered) + pg_column_size(partial) + 4)::float8
             FROM stockyard.series_heads) AS ledger,
            (SELECT (pg_total_relation_size('stockyard.pages') / $1)::float8) AS bars`,
    [WEIGHED],
  )
  await empty(pool)
  const { ledger, bars } = rows[0]!
  return {
    series: SERIES,
    sessions,
    summaryMs: Math.round(times.toSorted((a, b) => a - b)[2]!),
    ledgerBytesASeries: Math.round(ledger),
    barBytesASeries: Math.round(bars),
    ledgerShareOfBars: Number((ledger / bars).toFixed(5)),
  }
}

/** Every tenth series has a hole and some empty sessions. */
async function fill(pool: Pool): Promise<void> {
  await pool.query(
    `INSERT INTO stockyard.instruments (kind, exchange)
     SELECT 'stock', 'XNYS' FROM generate_series(1, $1)`,
    [SERIES],
  )
  await pool.query(
    `INSERT INTO stockyard.symbols (symbol, instrument_id, valid_from)
     SELECT 'COV' || id, id, '2000-01-01' FROM stockyard.instruments`,
  )
  await pool.query(
    `INSERT INTO stockyard.series (instrument_id, interval, provider, basis)
     SELECT id, '1d', 'polygon', 'raw' FROM stockyard.instruments`,
  )
  await pool.query(
    `INSERT INTO stockyard.series_heads (series_id, covered, span, no_trades, watermark, bars, pages,
       first_bar, last_bar, observed_at)
     SELECT id,
       CASE WHEN id % 10 = 0 THEN '{[2006-01-01,2011-05-03),[2011-05-05,2026-01-10)}'
            ELSE '{[2006-01-01,2026-01-10)}' END::datemultirange,
       '[2006-01-01,2026-01-10)',
       CASE WHEN id % 10 = 0 THEN '{[2012-03-06,2012-03-08),[2019-07-09,2019-07-10)}' ELSE '{}'
            END::datemultirange,
       '2026-01-09', $1, $2, '2006-01-03', '2026-01-09', '2026-01-10'
     FROM stockyard.series`,
    [YEARS * BARS_A_YEAR, YEARS],
  )
  await pool.query(
    `INSERT INTO stockyard.pages (series_id, starts_on, bars, regular_bars, expected_bars, run_id,
       observed_at, valid_from, price_digits, volume_digits, ts, open, high, low, close, volume)
     SELECT s.id, make_date(2005 + year, 1, 1), $3, $3, $3, 1, now(), now(), 2, 0, d.ts,
       d.price, d.price, d.price, d.price, d.volume
     FROM (SELECT id FROM stockyard.series LIMIT $1) s
     CROSS JOIN generate_series(1, $2::integer) AS year
     CROSS JOIN (SELECT array_agg(n::smallint) AS ts, array_agg(10000 + n) AS price,
                   array_agg((1000000 + n)::bigint) AS volume
                 FROM generate_series(1, $3::integer) AS n) d`,
    [WEIGHED, YEARS, BARS_A_YEAR],
  )
  await pool.query('ANALYZE')
}

async function empty(pool: Pool): Promise<void> {
  await pool.query(
    `TRUNCATE stockyard.pages, stockyard.series_heads, stockyard.series, stockyard.symbols,
       stockyard.instruments RESTART IDENTITY CASCADE`,
  )
}
