/**
 * A program for tests that fetches one series and kills itself with SIGKILL at a statement: nothing of it
 * gets to finish. The first argument says what to fetch and when to die; see FetchAndDie.
 */
import pg from 'pg'
import { withClosures } from '../../src/domain/calendar/make-calendar.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { openPool } from '../../src/db/connect.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { repairGaps } from '../../src/load/repair.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'

export interface FetchAndDie {
  readonly databaseUrl: string
  readonly baseUrl: string
  readonly now: number
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly closures: readonly number[]
  readonly job: 'fetch' | 'repair'
  readonly from: number
  readonly until: number
  /** The statement to die at, from 1; and whether the server still gets it. */
  readonly statement: number
  readonly isSent: boolean
}

const given = JSON.parse(process.argv[2]!) as FetchAndDie

let statements = 0
const query = pg.Client.prototype.query as (...args: unknown[]) => unknown
Object.assign(pg.Client.prototype, {
  query(this: pg.Client, ...args: unknown[]): unknown {
    statements += 1
    if (statements < given.statement) return query.apply(this, args)
    if (given.isSent) query.apply(this, args)
    process.kill(process.pid, 'SIGKILL')
    // The signal comes before anything else is done.
    return new Promise(() => {})
  },
})

const { symbol, interval, from, until, now } = given
const provider = getProvider(given.provider)
const clock = { now: () => now, sleep: () => Promise.resolve() }
const log = makeLogger({ level: 'silent', format: 'json' })
const client = makeHttpClient({ clock, log, retries: 0 })
const pool = openPool(given.databaseUrl, { max: 4, applicationName: 'fetch and die' })
const calendar = withClosures(getCalendar('XNYS'), given.closures)
const context = {
  pool,
  client,
  clock,
  log,
  calendarOf: () => calendar,
  configs: { [provider.id]: { key: 'a-key', baseUrl: given.baseUrl, budget: 'unlimited' } },
}
const series = { symbols: [symbol], intervals: [interval] }
if (given.job === 'repair') await repairGaps(context, { ...series, from, until }, [provider])
else {
  const wish = { ...series, providers: [provider], from, until, force: false, defaultDays: 1 }
  await fetchAll(context, wish)
}
await client.close()
await pool.end()
