/** One backfill of the loading benchmark's bars, with the archive as commands have it. */
import { openFileArchive } from '../src/archive/file-archive.ts'
import { systemClock } from '../src/clock.ts'
import type { Pool } from '../src/db/connect.ts'
import { fetchAll } from '../src/load/fetch-series.ts'
import { makeLogger } from '../src/log.ts'
import { makeHttpClient } from '../src/providers/fetch.ts'
import { getProvider } from '../src/providers/registry.ts'
import { FROM, NOW, UNTIL } from './load-plan.ts'

export interface BackfillPlace {
  readonly pool: Pool
  readonly vendorUrl: string
  /** Of the archive. */
  readonly folder: string
  readonly symbols: number
  /** What the symbols begin with; left out: FILL. */
  readonly prefix?: string
}

/** Loads the bars; answers with what became of them and how many answers were not archived. */
export async function backfillOnce({
  pool,
  vendorUrl,
  folder,
  symbols,
  prefix = 'FILL',
}: BackfillPlace) {
  const log = makeLogger({ level: 'warn', format: 'json' })
  const clock = { now: () => NOW, sleep: systemClock.sleep }
  const client = makeHttpClient({ clock, log })
  const archive = openFileArchive({ root: folder, clock, log, maxBytes: 1e12, maxDays: 90 })
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
      symbols: Array.from({ length: symbols }, (_, i) => `${prefix}${i + 1}`),
      intervals: ['1m'],
      providers: [getProvider('alpha-vantage')],
      from: FROM,
      until: UNTIL,
      force: false,
      defaultDays: 90,
    },
  )
  await archive.flush()
  await client.close()
  if (summary.status !== 'succeeded') throw new Error(JSON.stringify(summary.tasks[0]))
  return { summary, answersNotKept: archive.lost() }
}
