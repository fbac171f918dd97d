/**
 * Serves a database over HTTP in a process of its own until its input ends. Prints its URL.
 * Usage: latest-server.ts DATABASE_URL
 */
import { serve } from '../../src/api/serve.ts'
import { makeLatestCache } from '../../src/api/latest-cache.ts'
import { openPool } from '../../src/db/connect.ts'
import { contextOf } from '../api/app-under-test.ts'

const pool = openPool(process.argv[2]!, { max: 4, applicationName: 'test child' })
const context = contextOf(pool)
const elapsedMs = () => performance.now()
const latest = makeLatestCache(pool, { log: context.log, elapsedMs })
const server = await serve({ ...context, latest }, { host: '127.0.0.1', port: 0 })
console.log(server.url)
process.stdin.resume()
process.stdin.on('end', () => {
  void (async () => {
    await server.close()
    await latest.close()
    await pool.end()
  })()
})
