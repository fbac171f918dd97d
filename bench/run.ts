/**
 * `npm run bench [NAME…] [-- --long]`: measures every claim, or those named, on one embedded database and
 * prints one JSON document. `--long` takes the full size where there is a smaller one.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Pool } from '../src/db/connect.ts'
import { openDatabase } from '../src/db/open.ts'
import { makeLogger } from '../src/log.ts'
import { benchFiles, benchTableSize } from './api-at-size.ts'
import { benchBesideBackfill } from './api-beside-backfill.ts'
import { benchBars, benchLatest } from './api-beside-fastapi.ts'
import { benchAsOf } from './as-of.ts'
import { benchBackfill } from './backfill.ts'
import { benchCoverage } from './coverage.ts'
import { benchLoadPath } from './load-path.ts'
import { benchLocalTime } from './local-time.ts'

type Bench = (pool: Pool, databaseUrl: string, isLong: boolean) => Promise<unknown>

const BENCHES: Readonly<Record<string, Bench>> = {
  localTime: () => Promise.resolve(benchLocalTime()),
  coverage: (pool) => benchCoverage(pool),
  asOf: (pool) => benchAsOf(pool),
  loadPath: benchLoadPath,
  backfill: benchBackfill,
  'api-latest': benchLatest,
  'api-bars': benchBars,
  'api-files': benchFiles,
  'api-beside-backfill': benchBesideBackfill,
  'api-table-size': benchTableSize,
}

const { values, positionals } = parseArgs({
  options: { long: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name))
if (unknown.length > 0) {
  throw new Error(
    `no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`,
  )
}
const home = await mkdtemp(join(tmpdir(), 'stockyard-bench-'))
const log = makeLogger({ level: 'warn', format: undefined })
const database = await openDatabase({ databaseUrl: undefined, home, log, applicationName: 'bench' })
try {
  await database.migrate()
  const measured: Record<string, unknown> = {
    node: process.version,
    cpus: availableParallelism(),
  }
  for (const [name, measure] of Object.entries(BENCHES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue
    measured[name] = await measure(database.pool, database.url, values.long)
  }
  console.log(JSON.stringify(measured, null, 2))
} finally {
  await database.close()
  await rm(home, { recursive: true, force: true })
}
