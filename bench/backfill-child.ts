/**
 * One measured backfill in a process of its own, with the archive as commands have it, so that its memory
 * is its own. Prints one line of JSON. Usage: backfill-child.ts DATABASE_URL VENDOR_URL FOLDER SYMBOLS
 */
import { openPool } from '../src/db/connect.ts'
import { expectShortLivedMemory } from '../src/load/short-lived-memory.ts'
import { backfillOnce } from './one-backfill.ts'

const SAMPLE_MS = 100
const SAMPLES_SHOWN = 10

const [databaseUrl, vendorUrl, folder, symbols] = process.argv.slice(2)
const pool = openPool(databaseUrl!, { max: 8, applicationName: 'bench' })
const memoryMb: number[] = []
const sampler = setInterval(() => memoryMb.push(rssMb()), SAMPLE_MS)
// As the command does.
expectShortLivedMemory()
const place = { pool, vendorUrl: vendorUrl!, folder: folder! }
// What a process does once, such as loading what sends calls and opening connections, is told apart.
const began = performance.now()
const warmed = await backfillOnce({ ...place, symbols: 1, prefix: 'WARM' })
const start = performance.now()
const { summary, answersNotKept } = await backfillOnce({ ...place, symbols: Number(symbols) })
const end = performance.now()
const bars = warmed.summary.inserted + summary.inserted
clearInterval(sampler)
await pool.end()
console.log(
  JSON.stringify({
    bars: summary.inserted,
    calls: summary.requests,
    seconds: (end - start) / 1000,
    fromStart: { bars, seconds: (end - began) / 1000 },
    answersNotKept: warmed.answersNotKept + answersNotKept,
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
