/**
 * The API in a process of its own, as `serve` runs it. Prints its URL; on each line that it is sent it
 * prints how late its event loop has been since the line before. Usage: api-server.ts DATABASE_URL
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { makeLatestCache } from '../src/api/latest-cache.ts'
import { serve } from '../src/api/serve.ts'
import { systemClock } from '../src/clock.ts'
import { openPool } from '../src/db/connect.ts'
import { makeLogger } from '../src/log.ts'

const pool = openPool(process.argv[2]!, { applicationName: 'bench api' })
const log = makeLogger({ level: 'warn', format: 'json' })
const latest = makeLatestCache(pool, { log, elapsedMs: () => performance.now() })
const server = await serve(
  {
    pool,
    readPool: pool,
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
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
console.log(server.url)
for await (const _line of createInterface(process.stdin)) {
  console.log(
    JSON.stringify({
      p50: delay.percentile(50) / 1e6,
      p99: delay.percentile(99) / 1e6,
      max: delay.max / 1e6,
    }),
  )
  delay.reset()
}
await server.close()
await latest.close()
await pool.end()
