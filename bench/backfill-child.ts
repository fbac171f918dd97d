/**
 * One measured backfill in a process of its own, with the archive as commands have it, so that its memory
 * is its own. Prints one line of JSON. Usage: backfill-child.ts DATABASE_URL VENDOR_URL FOLDER SYMBOLS
 */
import { openFileArchive } from '../src/archive/file-archive.ts'
import { systemClock } from '../src/clock.ts'
import { openPool } from '../src/db/connect.ts'
import { fetchAll } from '../src/load/fetch-series.ts'
import { makeLogger } from '../src/log.ts'
import { makeHttpClient } from '../src/providers/fetch.ts'
import { getProvider } from '../src/providers/registry.ts'
import { FROM, NOW, UNTIL } from './load-plan.ts'

const SAMPLE_MS = 100
const SAMPLES_SHOWN = 10

const [databaseUrl, vendorUrl, folder, symbols] = process.argv.slice(2)
const pool = openPool(databaseUrl!, { max: 8, applicationName: 'bench' })
const log = makeLogger({ level: 'warn', format: 'json' })
const clock = { now: () => NOW, sleep: systemClock.sleep }
const client = makeHttpClient({ clock, log })
const archive = openFileArchive({ root: folder!, clock, log, maxBytes: 1e12, maxDays: 90 })
const memoryMb: number[] = []
const sampler = setInterval(() => memoryMb.push(rssMb()), SAMPLE_MS)
const start = performance.now()
const summary = await fetchAll(
  {
    pool,
    client,
    clock,
    log,
    archive,
    lane: 'backfill',
    configs: { 'alpha-vantage': { key: 'bench-key', baseUrl: vendorUrl, budget: 'unlimited' } },
  },
  {
    job: 'backfill',
    // As the command does: one call under way.
    parallel: 1,
    finalOnly: true,
    symbols: Array.from({ length: Number(symbols) }, (_, i) => `FILL${i + 1}`),
    intervals: ['1m'],
    providers: [getProvider('alpha-vantage')],
    from: FROM,
    until: UNTIL,
    force: false,
    defaultDays: 90,
  },
)
await archive.flush()
const seconds = (performance.now() - start) / 1000
clearInterval(sampler)
await client.close()
await pool.end()
if (summary.status !== 'succeeded') throw new Error(JSON.stringify(summary.tasks[0]))
console.log(
  JSON.stringify({
    bars: summary.inserted,
    calls: summary.requests,
    seconds,
    answersNotKept: archive.lost(),
    // Evenly over the whole time.
    memoryMb: Array.from(
      { length: SAMPLES_SHOWN },
      (_, i) => memoryMb[Math.floor(((i + 0.5) * memoryMb.length) / SAMPLES_SHOWN)] ?? rssMb(),
    ),
    peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
)

function rssMb(): number {
  return Math.round(process.memoryUsage.rss() / 1_048_576)
}
