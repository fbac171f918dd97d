/** One call a vendor on the simulated exchange, which behaves as the vendors do, and then as they did not. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { readCanaries } from '../../src/db/canaries.ts'
import type { Pool } from '../../src/db/connect.ts'
import { runCanary, type CanaryReport } from '../../src/load/canary.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { answer, startFaultServer } from '../support/fault-server.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const SATURDAY = Date.parse('2026-06-06T12:00:00-04:00')
const DAY = 86_400_000

let pool: Pool
let sandbox: Sandbox
let now = SATURDAY
before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => now })
})
after(() => sandbox.close())
beforeEach(async (t) => {
  pool = (await makeDatabase(t as never)).pool
  now = SATURDAY
  sandbox.faults.clear()
})

async function probe(provider: Provider, baseUrl = sandbox.url): Promise<CanaryReport> {
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, deadlineMs: 5000 })
  const config = { key: 'test-key', baseUrl, budget: 'unlimited' }
  try {
    const report = await runCanary({ pool, client, clock, log, config, requests: 0 }, provider)
    return report ?? assert.fail('no report')
  } finally {
    await client.close()
  }
}

function statuses(report: CanaryReport): Record<string, string> {
  return Object.fromEntries(report.checks.map(({ check, status }) => [check, status]))
}

function found(report: CanaryReport, check: string): string {
  return report.checks.find((one) => one.check === check)?.found ?? assert.fail(check)
}

/** A vendor whose answers are those of the simulated exchange, changed as text. */
async function changed(
  t: Parameters<typeof startFaultServer>[0],
  provider: Provider,
  change: (text: string) => string,
): Promise<CanaryReport> {
  let text = ''
  await probe({
    ...provider,
    parseBars: (body, ...rest) => {
      text = Buffer.from(body.bytes).toString()
      return provider.parseBars(body, ...rest)
    },
  })
  const other = change(text)
  assert.notEqual(other, text)
  const server = await startFaultServer(t, [answer(200, other)])
  return await probe(provider, server.url)
}

const AS_BUILT = { labels: 'ok', basis: 'ok', fields: 'ok', rows: 'ok', errors: 'unseen' }

describe('a vendor that behaves as its adapter was built for', () => {
  for (const [provider, zone] of [
    [alphaVantage, 'ok'],
    [polygon, 'unseen'],
    [yahoo, 'ok'],
  ] as const) {
    test(`${provider.name} is found so, by one call`, async () => {
      const calls = sandbox.calls.count()
      const report = await probe(provider)
      assert.equal(sandbox.calls.count() - calls, 1)
      assert.deepEqual(statuses(report), { ...AS_BUILT, zone }, JSON.stringify(report.checks))
      assert.deepEqual([report.status, report.error, report.simulated], ['ok', null, true])
      const stored = (await readCanaries(pool)).get(provider.id)
      assert.deepEqual(stored, {
        provider: provider.id,
        checkedAt: SATURDAY,
        status: 'ok',
        nextProbe: 0,
      })
    })
  }
})

describe('a vendor that changed', () => {
  test('labels at the end of bars are seen, though the adapter could read them', async () => {
    sandbox.faults.add({ fault: 'end-labels' })
    const report = await probe(alphaVantage)
    assert.equal(report.status, 'changed')
    assert.deepEqual(statuses(report), { ...AS_BUILT, zone: 'ok', labels: 'changed' })
    assert.match(found(report, 'labels'), /^END: a bar at the end of extended hours in \d+ of 21/)
    assert.match(found(report, 'rows'), /label/)
    assert.equal((await readCanaries(pool)).get('alpha-vantage')?.status, 'changed')
  })

  test('so are those of a vendor that has few bars in extended hours', async () => {
    sandbox.faults.add({ fault: 'end-labels' })
    const report = await probe(polygon)
    assert.equal(statuses(report)['labels'], 'changed')
    assert.match(found(report, 'labels'), /^END: the first bar's end in each of 2 sessions/)
  })

  test('another zone is seen', async (t) => {
    const report = await changed(t as never, yahoo, (text) =>
      text.replaceAll('"America/New_York"', '"America/Chicago"'),
    )
    assert.equal(statuses(report)['zone'], 'changed')
    assert.equal(found(report, 'zone'), 'America/Chicago')
  })

  test('a field under another name is seen', async (t) => {
    const report = await changed(t as never, polygon, (text) => text.replaceAll('"vw"', '"avg"'))
    assert.equal(statuses(report)['fields'], 'changed')
    assert.equal(found(report, 'fields'), 'without results/*/vw')
  })

  test('prices on another basis are seen by the jump at a split', async (t) => {
    const report = await changed(t as never, yahoo, (text) => {
      // Back to the prices as they were traded: those before the split times four.
      const document = JSON.parse(text) as {
        chart: {
          result: [{ timestamp: number[]; indicators: { quote: [Record<string, number[]>] } }]
        }
      }
      const [{ timestamp, indicators }] = document.chart.result
      for (const name of ['open', 'high', 'low', 'close']) {
        const column = indicators.quote[0][name]!
        indicators.quote[0][name] = column.map((price, i) =>
          timestamp[i]! * 1000 < Date.parse('2020-08-31') ? price * 4 : price,
        )
      }
      return JSON.stringify(document)
    })
    assert.equal(statuses(report)['basis'], 'changed')
    assert.match(found(report, 'basis'), /^raw: close /)
  })

  test('a claim that raw prices are adjusted is seen', async (t) => {
    const report = await changed(t as never, polygon, (text) =>
      text.replace(/"adjusted": ?false/, '"adjusted":true'),
    )
    assert.equal(statuses(report)['basis'], 'changed')
    assert.match(found(report, 'basis'), /the answer says split$/)
  })

  test('a refusal in words that nobody knows is seen', async (t) => {
    const server = await startFaultServer(t as never, [
      answer(200, '{"Notice":"Our terms have changed."}'),
    ])
    const report = await probe(alphaVantage, server.url)
    assert.deepEqual(
      [report.status, statuses(report)['errors'], server.requests.length],
      ['changed', 'changed', 1],
    )
    assert.match(found(report, 'errors'), /^not understood: /)
  })
})

describe('a vendor that brings no bars', () => {
  test('what the plan lacks is a known refusal; the next canary makes a lesser call', async () => {
    sandbox.faults.add({ fault: 'information-premium', match: { interval: '5min' } })
    const refused = await probe(alphaVantage)
    assert.deepEqual([refused.status, refused.error?.code], ['refused', 'PLAN_LACKS'])
    assert.equal(statuses(refused)['errors'], 'ok')
    const calls = sandbox.calls.count()
    const lesser = await probe(alphaVantage)
    assert.equal(sandbox.calls.count() - calls, 1)
    assert.equal(lesser.call, 'AAPL 1wk 2020-08-24 to 2020-09-06')
    assert.deepEqual(statuses(lesser), { ...AS_BUILT, zone: 'ok', labels: 'unseen' })
    now += 31 * DAY
    assert.match((await probe(alphaVantage)).call, /^AAPL 5m /)
  })

  test('an outage is one call and no change', async (t) => {
    const server = await startFaultServer(t as never, [answer(503, 'down'), answer(200, '{}')])
    const report = await probe(yahoo, server.url)
    assert.deepEqual([report.status, server.requests.length], ['unreachable', 1])
    assert.equal((await readCanaries(pool)).get('yahoo')?.status, 'unreachable')
  })

  test('a vendor without written habits has no canary', async () => {
    const { canary: _canary, ...bare } = yahoo
    const clock = { now: () => now, sleep: () => Promise.resolve() }
    const client = makeHttpClient({ clock, log })
    const config = { key: undefined, baseUrl: sandbox.url, budget: undefined }
    const asking = { pool, client, clock, log, config, requests: 0 }
    assert.equal(await runCanary(asking, bare), null)
    await client.close()
  })
})
