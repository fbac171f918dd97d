/** An exchange that closes unannounced: one alert, from the evening on, and none once it is recorded or explained. */
import assert from 'node:assert/strict'
import { after, beforeEach, it } from 'node:test'
import type { TestContext } from 'node:test'
import { parseDay } from '../../src/domain/date.ts'
import type { Pool } from '../../src/db/connect.ts'
import { putClosure } from '../../src/db/closures.ts'
import { listAlerts } from '../../src/load/closure-alert.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { listGaps } from '../../src/load/list-gaps.ts'
import { openCalendars } from '../../src/load/open-calendars.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

const HOME = '/nowhere'
/** A Tuesday that every calendar expects to be an ordinary one. */
const CLOSED = parseDay('2024-06-18')
const log = makeLogger({ level: 'silent', format: 'json' })
let now = 0
const sandbox = await startSandbox({ port: 0, clock: () => now })
after(() => sandbox.close())

let pool: Pool
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
  sandbox.market.events.forget('closures')
})

async function fetchAt(instant: string, vendor: string, symbols = ['IBM', 'MSFT', 'AAPL']) {
  now = Date.parse(instant)
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const config = { key: 'a-key', baseUrl: sandbox.url, budget: 'unlimited' }
  const calendarOf = await openCalendars(pool, HOME)
  try {
    return await fetchAll(
      { pool, client, clock, log, calendarOf, configs: { [vendor]: config } },
      {
        symbols,
        intervals: ['1d'],
        providers: [getProvider(vendor)],
        from: parseDay('2024-06-03'),
        until: null,
        force: false,
        defaultDays: 30,
      },
    )
  } finally {
    await client.close()
  }
}

async function alerts(): Promise<string[]> {
  const found = await listAlerts(pool, await openCalendars(pool, HOME))
  return found.map(({ exchange, session, symbols }) => `${exchange} ${session} ${symbols}`)
}

for (const vendor of ['alpha-vantage', 'polygon', 'yahoo']) {
  it(`is one alert and no gap at ${vendor}, until the closure is recorded`, async () => {
    await fetchAt('2024-06-17T23:00:00-04:00', vendor)
    assert.deepEqual(await alerts(), [])
    sandbox.market.events.close(CLOSED)
    await fetchAt('2024-06-19T12:00:00-04:00', vendor)
    const first = await alerts()
    await fetchAt('2024-06-21T23:30:00-04:00', vendor)
    assert.deepEqual(await alerts(), ['XNYS 2024-06-18 3'])
    assert.deepEqual(first, ['XNYS 2024-06-18 3'], 'on the day after')
    const calendarOf = await openCalendars(pool, HOME)
    assert.deepEqual(await listGaps(pool, { from: null, until: null }, calendarOf, now), [])
    const { rows } = await pool.query<{ notes: string[] }>(
      "SELECT notes FROM stockyard.tasks WHERE notes::text LIKE '%unscheduled closure%'",
    )
    assert.equal(rows.length, 1)
    await putClosure(pool, { exchange: 'XNYS', day: CLOSED, closed: true, reason: 'Power cut' })
    assert.deepEqual(await alerts(), [])
  })
}

it('is none for two symbols, whose silence proves little', async () => {
  await fetchAt('2024-06-17T23:00:00-04:00', 'alpha-vantage', ['IBM', 'MSFT'])
  sandbox.market.events.close(CLOSED)
  await fetchAt('2024-06-21T23:30:00-04:00', 'alpha-vantage', ['IBM', 'MSFT'])
  assert.deepEqual(await alerts(), [])
})

it('is resolved when the bars come after all', async () => {
  await fetchAt('2024-06-17T23:00:00-04:00', 'polygon')
  sandbox.market.events.close(CLOSED)
  await fetchAt('2024-06-19T12:00:00-04:00', 'polygon')
  assert.equal((await alerts()).length, 1)
  sandbox.market.events.forget('closures')
  await fetchAt('2024-06-19T13:00:00-04:00', 'polygon')
  assert.deepEqual(await alerts(), [])
})
