/**
 * The API in a process of its own, as `serve` runs it. Prints its URL; on each empty line that it is sent it
 * prints how late its event loop has been since the one before, on a line `VENDOR_URL FOLDER SYMBOLS` it begins
 * with a backfill, as a server does that is asked for a run. Usage: api-server.ts DATABASE_URL
 */
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { makeLatestCache } from '../src/api/latest-cache.ts'
import { serve } from '../src/api/serve.ts'
import { systemClock } from '../src/clock.ts'
import { openPool } from '../src/db/connect.ts'
import { makeLogger } from '../src/log.ts'
import { watchEventLoop } from './event-loop.ts'
import { backfillOnce } from './one-backfill.ts'

const pool = openPool(process.argv[2]!, { applicationName: 'bench api' })
const readPool = openPool(process.argv[2]!, { applicationName: 'bench api reads' })
const log = makeLogger({ level: 'warn', format: 'json' })
const latest = makeLatestCache(pool, { log, elapsedMs: () => performance.now() })
const server = await serve(
  {
    pool,
    readPool,
    options: { defaultPageSize: 50, maxPageSize: 5000, simulated: false },
    log,
    latest,
    clock: systemClock,
    version: 'bench',
    providers: [],
    etlEnabled: false,
    home: tmpdir(),
  },
  { host: '127.0.0.1', port: 0 },
)
const delayOf = watchEventLoop()
console.log(server.url)
for await (const line of createInterface(process.stdin)) {
  if (line === '') console.log(JSON.stringify(delayOf()))
  else {
    const [vendorUrl, folder, symbols] = line.split(' ')
    const place = { pool, vendorUrl: vendorUrl!, folder: folder!, symbols: Number(symbols) }
    // It ends with the process, before it is done.
    void backfillOnce(place)
  }
}
await server.close()
await latest.close()
await readPool.end()
await pool.end()
