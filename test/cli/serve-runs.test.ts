/** Runs that a server is asked for, over HTTP, on the simulated exchange. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, start, type Variables } from './run-stockyard.ts'

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
  readonly requests: number
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

function isOver({ status }: Run): boolean {
  return !['queued', 'running'].includes(status)
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

test('a run is started, followed, cancelled from anywhere, and goes on after the server died', async () => {
  const running = start(['serve', '--json'], env)
  const { url } = JSON.parse(await running.says('"simulated"')) as { url: string }
  const runs = `${url}/api/v1/etl/runs`

  const ibm = { symbols: ['ibm', 'IBM'], intervals: ['daily'], actions: true, ...PERIOD }
  const begun = await tell(runs, ibm)
  assert.equal(begun.status, 202, JSON.stringify(begun.body))
  assert.equal(begun.location, `/api/v1/etl/runs/${begun.body.run}`)
  const done = await until(`${url}${begun.location}`, (one) => one.status !== 'running')
  // Monday to Friday.
  assert.deepEqual([done.job, done.status, done.tasks.length], ['fetch', 'succeeded', 1])
  assert.ok(done.inserted >= 5)
  // One call for the bars, one for splits and one for dividends.
  assert.equal(done.requests, 3)
  const actions = await fetch(`${url}/api/v1/stocks/IBM/actions`)
  assert.ok(((await actions.json()) as { data: unknown[] }).data.length > 0)
  const bars = await fetch(`${url}/api/v1/stocks/IBM/prices?from=2024-02-05&until=2024-02-10`)
  assert.equal(((await bars.json()) as { data: unknown[] }).data.length, 5)

  // Nothing is missing, so that there is nothing to do.
  const { status, body } = await tell(runs, { job: 'repair', symbols: ['IBM'], ...PERIOD })
  assert.deepEqual([status, body.job, body.status, body.tasks], [202, 'repair', 'succeeded', []])

  assert.deepEqual(await codeOf(`${runs}/${done.run}/cancel`, {}), [409, 'RUN_OVER'])
  assert.deepEqual(await codeOf(runs, { provider: 'polygon' }), [409, 'KEY_MISSING'])
  assert.deepEqual(await codeOf(runs, { days: 3, from: '2024-01-02' }), [400, 'PARAMETER_INVALID'])
  assert.deepEqual(await codeOf(runs, { sybols: ['A'] }), [400, 'BODY_INVALID'])

  sandbox.faults.add({ fault: 'stall', match: { symbol: 'MSFT' } })
  const order = { job: 'backfill', symbols: ['MSFT', 'AAPL'], intervals: ['1d'], ...PERIOD }
  const stalled = await tell(runs, order)
  const stalledUrl = `${url}${stalled.location}`
  await until(stalledUrl, ({ tasks }) => tasks[0]?.status === 'running')
  // Another process says so.
  const cancelled = await run(['runs', 'cancel', String(stalled.body.run)], env)
  assert.equal(cancelled.stdout, `Run ${stalled.body.run} is about to end.\n`)
  const ended = await until(stalledUrl, (one) => one.status !== 'running')
  assert.deepEqual([ended.job, ended.status], ['backfill', 'interrupted'])
  assert.deepEqual(
    ended.tasks.map((task) => task.status),
    ['skipped', 'skipped'],
  )

  sandbox.faults.add({ fault: 'stall', match: { symbol: 'NVDA' } })
  const nvda = { symbols: ['NVDA'], intervals: ['1d'], ...PERIOD }
  const [left] = await Promise.all(Array.from({ length: 4 }, () => tell(runs, nvda)))
  await until(`${url}${left!.location}`, ({ tasks }) => tasks[0]?.status === 'running')
  const waits = await tell(runs, { ...nvda, symbols: ['AAPL'] })
  const given = await tell(runs, { ...nvda, symbols: ['KO'] })
  assert.deepEqual([waits.body.status, given.body.status], ['queued', 'queued'])
  const taken = await tell(`${runs}/${given.body.run}/cancel`, {})
  assert.deepEqual([taken.status, taken.body.status], [202, 'interrupted'])
  running.child.kill('SIGKILL')
  await running.ended
  const again = start(['serve', '--json'], env)
  const second = JSON.parse(await again.says('"simulated"')) as { url: string }
  const found = await tell(`${second.url}${left!.location}`)
  assert.equal(found.body.status, 'interrupted')
  const resumed = await until(`${second.url}${waits.location}`, isOver)
  assert.deepEqual([resumed.status, resumed.inserted >= 5], ['succeeded', true])
  const tooLate = await run(['runs', 'cancel', String(resumed.run), '--json'], env)
  assert.equal(tooLate.code, 1)
  assert.equal(readJson<{ error: { code: string } }>(tooLate).error.code, 'RUN_OVER')
  again.child.kill('SIGTERM')
  assert.equal((await again.ended).code, 0)
})

async function codeOf(url: string, body: object): Promise<[number, string | undefined]> {
  const told = await tell(url, body)
  return [told.status, told.body.code]
}
