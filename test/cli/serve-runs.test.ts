/** Runs that a server is asked for, over HTTP, on the simulated exchange. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { start, type Variables } from './run-stockyard.ts'

const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
after(() => sandbox.close())
const database = await makeDatabase()
const env: Variables = {
  DATABASE_URL: database.url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  API_PORT: '0',
}
const PERIOD = { from: '2024-02-05', until: '2024-02-10' }

interface Run {
  readonly run: number | null
  readonly job: string
  readonly status: string
  readonly inserted: number
  readonly tasks: readonly { readonly symbol: string; readonly status: string }[]
}

interface Told {
  readonly status: number
  readonly location: string | null
  readonly body: Run & { readonly code?: string }
}

async function tell(url: string, body?: object): Promise<Told> {
  const sent = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
  const answer = await fetch(url, body === undefined ? {} : sent)
  const { status, headers } = answer
  return { status, location: headers.get('location'), body: (await answer.json()) as Told['body'] }
}

/** The run once it is as wanted. */
async function until(url: string, isSo: (run: Run) => boolean): Promise<Run> {
  for (;;) {
    const { body } = await tell(url)
    if (isSo(body)) return body
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}

test('a run is started, followed, repeated, cancelled, and marked where the server dies', async () => {
  const running = start(['serve', '--json'], env)
  const { url } = JSON.parse(await running.says('"simulated"')) as { url: string }
  const runs = `${url}/api/v1/etl/runs`

  const begun = await tell(runs, { symbols: ['ibm', 'IBM'], intervals: ['daily'], ...PERIOD })
  assert.equal(begun.status, 202, JSON.stringify(begun.body))
  assert.equal(begun.location, `/api/v1/etl/runs/${begun.body.run}`)
  const done = await until(`${url}${begun.location}`, ({ status }) => status !== 'running')
  // Monday to Friday.
  assert.deepEqual([done.job, done.status, done.tasks.length], ['fetch', 'succeeded', 1])
  assert.ok(done.inserted >= 5)
  const bars = await fetch(`${url}/api/v1/stocks/IBM/prices?from=2024-02-05&until=2024-02-10`)
  assert.equal(((await bars.json()) as { data: unknown[] }).data.length, 5)

  // Nothing is missing, so that there is no run.
  const repair = await tell(runs, { job: 'repair', symbols: ['IBM'], ...PERIOD })
  assert.deepEqual([repair.status, repair.body.run], [200, null])

  assert.deepEqual(await codeOf(`${runs}/${done.run}/cancel`, {}), [409, 'RUN_OVER'])
  assert.deepEqual(await codeOf(runs, { provider: 'polygon' }), [409, 'KEY_MISSING'])
  assert.deepEqual(await codeOf(runs, { days: 3, from: '2024-01-02' }), [400, 'PARAMETER_INVALID'])
  assert.deepEqual(await codeOf(runs, { sybols: ['A'] }), [400, 'BODY_INVALID'])

  sandbox.faults.add({ fault: 'stall', match: { symbol: 'MSFT' } })
  const order = { job: 'backfill', symbols: ['MSFT', 'AAPL'], intervals: ['1d'], ...PERIOD }
  const stalled = await tell(runs, order)
  const stalledUrl = `${url}${stalled.location}`
  await until(stalledUrl, ({ tasks }) => tasks[0]?.status === 'running')
  const cancelled = await tell(`${runs}/${stalled.body.run}/cancel`, {})
  assert.equal(cancelled.status, 202)
  const ended = await until(stalledUrl, ({ status }) => status !== 'running')
  assert.deepEqual([ended.job, ended.status], ['backfill', 'interrupted'])
  assert.deepEqual(
    ended.tasks.map(({ status }) => status),
    ['skipped', 'skipped'],
  )

  sandbox.faults.add({ fault: 'stall', match: { symbol: 'NVDA' } })
  const left = await tell(runs, { symbols: ['NVDA'], intervals: ['1d'], ...PERIOD })
  await until(`${url}${left.location}`, ({ tasks }) => tasks[0]?.status === 'running')
  running.child.kill('SIGKILL')
  await running.ended
  const again = start(['serve', '--json'], env)
  const second = JSON.parse(await again.says('"simulated"')) as { url: string }
  const found = await tell(`${second.url}${left.location}`)
  assert.equal(found.body.status, 'interrupted')
  again.child.kill('SIGTERM')
  assert.equal((await again.ended).code, 0)
})

async function codeOf(url: string, body: object): Promise<[number, string | undefined]> {
  const told = await tell(url, body)
  return [told.status, told.body.code]
}
