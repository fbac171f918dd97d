/** Sessions that are there in part, or not at all against the day's volume: what each vendor says of them to repairs, and who is asked again. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, beforeEach, describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { joinBatches, takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { Pool } from '../../src/db/connect.ts'
import { explainGaps } from '../../src/load/explain-gaps.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { listGaps } from '../../src/load/list-gaps.ts'
import { repairGaps } from '../../src/load/repair.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import type { Provider, VendorFailure } from '../../src/providers/provider.ts'
import { calendar, dailyBars, minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries } from '../support/loaded-series.ts'
import { vendorOf } from '../support/given-vendor.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const NOW = Date.parse('2026-06-06T12:00:00-04:00')
const FROM = parseDay('2026-06-01')
const UNTIL = parseDay('2026-06-06')
/** A Wednesday, of which few bars come. */
const THIN = parseDay('2026-06-03')
const SEARCH = { symbols: ['IBM'], from: null, until: null }

// What it answers does not matter: the vendors below say themselves what an answer means.
const server = createServer((_request, response) => response.end('{}'))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

let pool: Pool
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
})

type Said = BarBatch | VendorFailure['failure']

const STEP_MS = 300_000
const WEEK = minuteBars(FROM, UNTIL)
/** 5-minute bars of a week of which Wednesday has four. */
const FEW = takeBars(
  WEEK,
  [...WEEK.ts.keys()].filter(
    (i) =>
      WEEK.ts[i]! % STEP_MS === 0 &&
      (calendar.localDay(WEEK.ts[i]!) !== THIN ||
        WEEK.ts[i]! < calendar.session(THIN)!.open + 4 * STEP_MS),
  ),
)
const NONE = takeBars(
  FEW,
  [...FEW.ts.keys()].filter((i) => calendar.localDay(FEW.ts[i]!) !== THIN),
)
const WHOLE = takeBars(
  WEEK,
  [...WEEK.ts.keys()].filter((i) => WEEK.ts[i]! % STEP_MS === 0),
)
/** The same as the few with one more row of Wednesday that cannot be right. */
const REFUSED = withBadRow()

function withBadRow(): BarBatch {
  const place = WEEK.ts.indexOf(calendar.session(THIN)!.open + 10 * STEP_MS)
  const bad = takeBars(WEEK, [place])
  bad.low[0] = bad.high[0]! + 1
  const all = joinBatches([FEW, bad])
  return takeBars(
    all,
    [...all.ts.keys()].toSorted((a, b) => all.ts[a]! - all.ts[b]!),
  )
}

/** A vendor of 5-minute bars that says one thing after the other, the last for ever. */
function saying(id: string, things: readonly Said[], onAnswer?: () => void) {
  let asked = 0
  const vendor: Provider = {
    ...vendorOf(id, []),
    intervals: ['5m'],
    planBars: ({ from, until }) => {
      const days = { from: from ?? FROM, until }
      const params = { vendor: id, from: String(days.from), until: String(days.until) }
      const request = { path: '/query', params }
      return [{ request, symbol: 'IBM', interval: '5m', asked: days, covers: days, fallback: null }]
    },
    parseBars: (_body, { asked: days }) => {
      const said = things[Math.min(asked, things.length - 1)]!
      asked += 1
      onAnswer?.()
      if (typeof said === 'string') {
        return { ok: false, failure: said, message: 'No.' }
      }
      const isAsked = (i: number) => {
        const day = calendar.localDay(said.ts[i]!)
        return day >= days!.from && day < days!.until
      }
      const batch = takeBars(said, [...said.ts.keys()].filter(isAsked))
      const rawAt = (index: number) => `row of ${batch.ts[index]}`
      return { ok: true, symbol: 'IBM', batch, rawAt, unreadable: [], notes: [] }
    },
  }
  return { vendor, asked: () => asked }
}

async function withVendors<T>(
  providers: readonly Provider[],
  signal: AbortSignal | undefined,
  work: (context: Parameters<typeof fetchAll>[0]) => Promise<T>,
): Promise<T> {
  const clock = { now: () => NOW, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const configs = Object.fromEntries(
    providers.map(({ id }) => [id, { key: undefined, baseUrl, budget: 'unlimited' }]),
  )
  try {
    return await work({ pool, client, clock, log, configs, ...(signal && { signal }) })
  } finally {
    await client.close()
  }
}

async function fetchWeek(provider: Provider): Promise<void> {
  const wish = { symbols: ['IBM'], intervals: ['5m' as const], from: FROM, until: UNTIL }
  await withVendors([provider], undefined, (context) =>
    fetchAll(context, { ...wish, providers: [provider], force: false, defaultDays: 1 }),
  )
}

/** What gaps a repair leaves. */
async function repair(providers: readonly Provider[], signal?: AbortSignal, force = false) {
  const { gaps } = await withVendors(providers, signal, (context) =>
    repairGaps(context, SEARCH, providers, { force }),
  )
  return gaps.map(({ provider, from, sessions, state }) => [provider, from, sessions, state])
}

/** Asks its own vendor once more and another one once, however often it is repaired, and stays in part. */
async function assertAskedOnce(things: readonly Said[]): Promise<void> {
  const own = saying('own', things)
  const other = saying('other', ['no-data'])
  await fetchWeek(own.vendor)
  for (let time = 0; time < 2; time += 1) {
    assert.deepEqual(await repair([own.vendor, other.vendor]), [LEFT])
    assert.deepEqual([own.asked(), other.asked()], [2, 1])
  }
}

const LEFT = ['own', THIN, 1, 'partial']

describe('a session that is there in part', () => {
  it('is whole once its vendor says that it has nothing of it: the bars that came were all', async () => {
    const own = saying('own', [FEW, 'no-data'])
    await fetchWeek(own.vendor)
    assert.deepEqual(await repair([own.vendor]), [])
    assert.equal(own.asked(), 2)
  })

  it('stays so where a row of it was refused; the others are asked once, and then nobody', async () => {
    await assertAskedOnce([REFUSED, REFUSED])
  })

  it('stays so, too, where its vendor then has nothing of it', async () => {
    await assertAskedOnce([REFUSED, 'no-data'])
  })

  it('is asked for again, of all, where another vendor was out of order', async () => {
    const own = saying('own', [REFUSED])
    await fetchWeek(own.vendor)
    assert.deepEqual(await repair([own.vendor, saying('other', ['outage']).vendor]), [LEFT])
    assert.equal(own.asked(), 2)
    const other = saying('other', ['no-data'])
    const vendors = [own.vendor, other.vendor]
    assert.deepEqual(await repair(vendors), [LEFT])
    assert.deepEqual([own.asked(), other.asked()], [3, 1])
    assert.deepEqual(await repair(vendors), [LEFT])
    assert.deepEqual([own.asked(), other.asked()], [3, 1])
  })

  it('is asked for again where its own vendor was out of order', async () => {
    await fetchWeek(saying('own', [FEW]).vendor)
    assert.deepEqual(await repair([saying('own', ['outage']).vendor]), [LEFT])
    const own = saying('own', [FEW])
    assert.deepEqual(await repair([own.vendor]), [])
    assert.equal(own.asked(), 1)
  })

  it('is asked for again where the run was interrupted before the others were asked', async () => {
    const interruption = new AbortController()
    const own = saying('own', [REFUSED], () => {
      if (own.asked() === 2) interruption.abort()
    })
    const other = saying('other', ['no-data'])
    await fetchWeek(own.vendor)
    const vendors = [own.vendor, other.vendor]
    assert.deepEqual(await repair(vendors, interruption.signal), [LEFT])
    assert.deepEqual([own.asked(), other.asked()], [2, 0])
    assert.deepEqual(await repair(vendors), [LEFT])
    assert.deepEqual([own.asked(), other.asked()], [3, 1])
    assert.deepEqual(await repair(vendors), [LEFT])
    assert.deepEqual([own.asked(), other.asked()], [3, 1])
  })

  it('is asked of the others, once, where the plan no longer has it', async () => {
    await assertAskedOnce([REFUSED, 'entitlement'])
  })

  it('is asked of the others, once, where its vendor has nothing of so long ago', async () => {
    const own = saying('own', [REFUSED])
    const other = saying('other', ['no-data'])
    await fetchWeek(own.vendor)
    const later = { ...own.vendor, planBars: () => [] }
    assert.deepEqual(await repair([later, other.vendor]), [LEFT])
    assert.deepEqual([own.asked(), other.asked()], [1, 1])
    assert.deepEqual(await repair([later, other.vendor]), [LEFT])
    assert.deepEqual([own.asked(), other.asked()], [1, 1])
  })

  it('is got from another vendor where that one has it, as that one’s series', async () => {
    const own = saying('own', [REFUSED])
    const other = saying('other', [WHOLE])
    await fetchWeek(own.vendor)
    assert.deepEqual(await repair([own.vendor, other.vendor]), [LEFT])
    const { rows } = await pool.query<{ provider: string; starts_on: string; bars: number }>(
      `SELECT provider, starts_on::text, bars FROM stockyard.pages JOIN stockyard.series s ON s.id = series_id
       WHERE starts_on = '2026-06-03' ORDER BY provider`,
    )
    assert.deepEqual(
      rows.map(({ provider, bars }) => [provider, bars]),
      [
        ['other', 78],
        ['own', 4],
      ],
    )
    assert.equal(other.asked(), 1)
  })
})

/** The daily bars of the week, all with a volume. */
async function loadDays(): Promise<void> {
  const series = { symbol: 'IBM', interval: '1d', provider: 'own', basis: 'raw' } as const
  await loadSeries(pool, series, dailyBars(FROM, UNTIL), NOW)
}

/** Why each gap is one. */
async function reasons() {
  const gaps = await listGaps(pool, SEARCH, getCalendar, NOW)
  return await explainGaps(pool, gaps, getCalendar)
}

const MISSING = ['own', THIN, 1, 'missing']

describe('a session without a bar, of a day that has a volume', () => {
  beforeEach(async () => {
    await fetchWeek(saying('own', [NONE]).vendor)
    await loadDays()
  })

  it('is asked for once of all vendors where none has it, and stays missing', async () => {
    const own = saying('own', ['no-data'])
    const other = saying('other', ['no-data'])
    assert.deepEqual(await reasons(), [[]])
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(await repair([own.vendor, other.vendor]), [MISSING])
      assert.deepEqual([own.asked(), other.asked()], [1, 1])
      assert.deepEqual(await reasons(), [['said-again']])
    }
    assert.deepEqual(await repair([own.vendor, other.vendor], undefined, true), [MISSING])
    assert.deepEqual([own.asked(), other.asked()], [2, 2])
  })

  it('is asked for again where a vendor was out of order', async () => {
    const own = saying('own', ['no-data'])
    assert.deepEqual(await repair([own.vendor, saying('other', ['outage']).vendor]), [MISSING])
    assert.deepEqual(await repair([saying('own', ['outage']).vendor]), [MISSING])
    assert.deepEqual(await reasons(), [[]])
    assert.deepEqual(await repair([own.vendor]), [MISSING])
    assert.deepEqual(await repair([own.vendor]), [MISSING])
    assert.equal(own.asked(), 2)
  })

  it('is asked for again once the day has no volume any more, and had no trades then', async () => {
    const own = saying('own', ['no-data'])
    assert.deepEqual(await repair([own.vendor]), [MISSING])
    await pool.query(
      `UPDATE stockyard.pages SET volume = array_fill(0::double precision, ARRAY[bars])
       WHERE series_id = (SELECT id FROM stockyard.series WHERE interval = '1d')`,
    )
    assert.deepEqual(await reasons(), [[]])
    assert.deepEqual(await repair([own.vendor]), [])
    assert.equal(own.asked(), 2)
  })

  it('is asked for again where bars that came since were taken out by hand', async () => {
    const own = saying('own', ['no-data', WHOLE])
    assert.deepEqual(await repair([own.vendor]), [MISSING])
    assert.deepEqual(await repair([own.vendor], undefined, true), [])
    await pool.query(`DELETE FROM stockyard.pages WHERE starts_on = '2026-06-03'`)
    assert.deepEqual(await reasons(), [[]])
    assert.deepEqual(await repair([own.vendor]), [])
    assert.equal(own.asked(), 3)
  })
})
