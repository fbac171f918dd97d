/**
 * `npm run bench`: measures every claim on one embedded database and prints one JSON document.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../src/db/open.ts'
import { makeLogger } from '../src/log.ts'
import { benchLoadPath } from './load-path.ts'

const home = await mkdtemp(join(tmpdir(), 'stockyard-bench-'))
const log = makeLogger({ level: 'warn', format: undefined })
const database = await openDatabase({ databaseUrl: undefined, home, log, applicationName: 'bench' })
try {
  await database.migrate()
  const loadPath = await benchLoadPath(database.pool, database.url)
  console.log(
    JSON.stringify({ node: process.version, cpus: availableParallelism(), loadPath }, null, 2),
  )
} finally {
  await database.close()
  await rm(home, { recursive: true, force: true })
}
