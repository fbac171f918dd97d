/** What Prometheus reads: every line by its grammar, figures that the store and the requests bear out. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeApp } from '../../src/api/app.ts'
import { createKey } from '../../src/api/keys.ts'
import { LOOPBACK_SECURITY } from '../../src/api/security.ts'
import { expositionOf } from '../../src/api/exposition.ts'
import { openPool } from '../../src/db/connect.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY } from '../support/filled-store.ts'
import { ask, contextOf } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const app = await makeApp(contextOf(pool))
after(() => app.close())

/** Samples by their name with labels. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.trimEnd().split('\n')) {
    if (/^# (HELP|TYPE) [a-z_]+ \S/.test(line)) continue
    const [, name, value] =
      /^([a-z_]+(?:\{[a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*\})?) (\S+)$/.exec(
        line,
      ) ?? assert.fail(line)
    assert.ok(!samples.has(name!), `${name} is there twice`)
    samples.set(name!, Number(value))
  }
  return samples
}

describe('/metrics', () => {
  it('tells what the store holds', async () => {
    const { status, headers, text } = await ask(app, '/metrics')
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    const samples = samplesOf(text)
    const { rows } = await pool.query<{ bars: number }>(
      'SELECT count(*) AS bars FROM stockyard.bars',
    )
    assert.equal(samples.get('stockyard_bars'), rows[0]!.bars)
    assert.equal(samples.get('stockyard_database_up'), 1)
    assert.equal(samples.get('stockyard_symbols'), 3)
    assert.equal(samples.get('stockyard_runs{job="fetch",status="partial"}'), 1)
    assert.equal(
      samples.get('stockyard_budget_calls_left{provider="alpha-vantage",window="day"}'),
      25,
    )
  })

  it('counts requests by the pattern of their route, never by their path', async () => {
    await ask(app, '/api/v1/stocks/AAPL')
    await ask(app, '/api/v1/stocks/NOSUCH')
    await ask(app, '/no/such/path')
    const { text } = await ask(app, '/metrics')
    const samples = samplesOf(text)
    const total = (route: string, status: number) =>
      samples.get(`stockyard_http_requests_total{method="GET",route="${route}",status="${status}"}`)
    assert.deepEqual(
      [total('/api/v1/stocks/:symbol', 200), total('/api/v1/stocks/:symbol', 404)],
      [1, 1],
    )
    assert.doesNotMatch(text, /NOSUCH|no\/such/)
    const duration = 'stockyard_http_request_duration_seconds'
    const route = 'route="/api/v1/stocks/:symbol"'
    assert.equal(samples.get(`${duration}_bucket{${route},le="+Inf"}`), 2)
    assert.equal(samples.get(`${duration}_count{${route}}`), 2)
  })

  it('takes a key where others than this machine can ask', async () => {
    const security = { ...LOOPBACK_SECURITY, bind: 'wide', rateLimit: null } as const
    const wide = await makeApp(contextOf(pool, { security }))
    after(() => wide.close())
    assert.equal((await ask(wide, '/metrics')).status, 401)
    const wanted = { role: 'read', name: null, expiresAt: null } as const
    const { key } = await createKey(pool, wanted, { actor: 'test', now: FRIDAY })
    const headers = { authorization: `Bearer ${key}` }
    assert.equal((await ask(wide, '/metrics', { headers })).status, 200)
  })

  it('says that the database is away, and how the process is all the same', async () => {
    const away = openPool('postgres://nobody@127.0.0.1:9/none')
    after(() => away.end())
    const lonely = await makeApp(contextOf(away))
    after(() => lonely.close())
    const { status, text } = await ask(lonely, '/metrics')
    const samples = samplesOf(text)
    assert.deepEqual([status, samples.get('stockyard_database_up')], [200, 0])
    assert.ok(samples.get('stockyard_resident_memory_bytes')! > 1e7)
    assert.doesNotMatch(text, /stockyard_bars/)
  })
})

describe('the text of a metric', () => {
  it('keeps quotes, backslashes and line ends of a label inside it', () => {
    const samples = [{ labels: { provider: 'a"b\\c\nd' }, value: Number.POSITIVE_INFINITY }]
    assert.equal(
      expositionOf([{ name: 'x', kind: 'gauge', help: 'X.', samples }]),
      '# HELP x X.\n# TYPE x gauge\nx{provider="a\\"b\\\\c\\nd"} +Inf\n',
    )
  })
})
