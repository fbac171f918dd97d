/** Runs that wait for their turn: taken oldest first, a few at a time, by whoever has room. */
import assert from 'node:assert/strict'
import { beforeEach, test, type TestContext } from 'node:test'
import { inTransaction, type Pool } from '../../src/db/connect.ts'
import { cancelRun, queueRun } from '../../src/db/run-queue.ts'
import { finishRun, startRun } from '../../src/db/runs.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import { StockyardError } from '../../src/domain/error.ts'
import {
  makeBackgroundRuns,
  type RunControl,
  type RunRequest,
} from '../../src/load/background-runs.ts'
import { makeDatabase } from '../support/database.ts'

let pool: Pool
beforeEach(async (t) => {
  ;({ pool } = await makeDatabase(t as TestContext))
})

const REQUEST: RunRequest = {
  job: 'backfill',
  symbols: ['IBM'],
  intervals: ['1d'],
  provider: null,
  from: 365 * DAY_MS,
  until: null,
  days: null,
  force: false,
  actions: true,
}

async function statuses(): Promise<Record<number, string>> {
  const { rows } = await pool.query<{ id: number; status: string }>(
    'SELECT id, status FROM stockyard.runs ORDER BY id',
  )
  return Object.fromEntries(rows.map(({ id, status }) => [id, status]))
}

type Work = (request: RunRequest, control: RunControl) => Promise<unknown>

function makeServer(t: TestContext, work: Work) {
  const logged: unknown[] = []
  const runs = makeBackgroundRuns({
    pool,
    log: { error: (told: unknown) => void logged.push(told) },
    work,
  })
  t.after(() => runs.close())
  return { runs, logged }
}

/** Work that begins the run that waited for it, and goes on until it is ended. */
function endless(): { work: Work; end: (id: number) => void; requests: RunRequest[] } {
  const ends = new Map<number, () => void>()
  const requests: RunRequest[] = []
  const work: Work = async (request, { signal, takeRunId, onRun }) => {
    requests.push(request)
    const ended = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => ended.resolve())
    const id = await inTransaction(pool, (connection) =>
      startRun(connection, request.job, {}, [], takeRunId()),
    )
    ends.set(id, () => ended.resolve())
    onRun()
    await ended.promise
    await finishRun(pool, id, signal.aborted ? 'interrupted' : 'succeeded')
  }
  return { work, end: (id) => ends.get(id)!(), requests }
}

/** Once the rows are as wanted. */
async function until(wanted: Record<number, string>): Promise<void> {
  for (;;) {
    const found = await statuses()
    if (JSON.stringify(found) === JSON.stringify(wanted)) return
    await new Promise(setImmediate)
  }
}

test('a server that begins to end leaves what waits where it is', async (t) => {
  const { work } = endless()
  const ending = new AbortController()
  const log = { error: () => undefined }
  const runs = makeBackgroundRuns({
    pool,
    log,
    signal: ending.signal,
    work: async (request, control) =>
      work(request, { ...control, signal: AbortSignal.any([control.signal, ending.signal]) }),
  })
  t.after(() => runs.close())
  for (let i = 0; i < 6; i += 1) await runs.start(REQUEST)
  ending.abort()
  const end = { 1: 'interrupted', 2: 'interrupted', 3: 'interrupted', 4: 'interrupted' }
  await until({ ...end, 5: 'queued', 6: 'queued' })
  await runs.fill()
  assert.deepEqual(await statuses(), { ...end, 5: 'queued', 6: 'queued' })
})

test('the fifth run waits until one has ended, in the order of asking', async (t) => {
  const { work, end, requests } = endless()
  const { runs } = makeServer(t, work)
  const ids: number[] = []
  for (let i = 0; i < 6; i += 1) ids.push(await runs.start(REQUEST))
  assert.deepEqual(ids, [1, 2, 3, 4, 5, 6])
  assert.deepEqual(await statuses(), {
    1: 'running',
    2: 'running',
    3: 'running',
    4: 'running',
    5: 'queued',
    6: 'queued',
  })
  // What was asked for came through the store whole.
  assert.deepEqual(requests[0], REQUEST)
  end(3)
  await until({
    1: 'running',
    2: 'running',
    3: 'succeeded',
    4: 'running',
    5: 'running',
    6: 'queued',
  })
})

test('a hundred wait, and one more is refused', async (t) => {
  const { runs } = makeServer(t, endless().work)
  for (let i = 0; i < 104; i += 1) await runs.start(REQUEST)
  await assert.rejects(
    runs.start(REQUEST),
    (error: unknown) =>
      error instanceof StockyardError && error.code === 'RUNS_BUSY' && error.retry === true,
  )
})

test('what waits when a server ends is done by the next one, and no run is done by two', async (t) => {
  const order = { ...REQUEST, from: '2024-01-02' }
  for (let i = 0; i < 3; i += 1) await queueRun(pool, 'fetch', order, 100)
  const done: number[] = []
  const work: Work = async ({ job, from }, { takeRunId, onRun }) => {
    assert.deepEqual([job, from], ['fetch', Date.UTC(2024, 0, 2)])
    const id = takeRunId()!
    // It belongs to the first run of the work alone.
    assert.equal(takeRunId(), null)
    done.push(id)
    onRun()
    await finishRun(pool, id, 'succeeded')
  }
  const servers = [makeServer(t, work), makeServer(t, work)]
  await Promise.all(servers.map(({ runs }) => runs.fill()))
  await until({ 1: 'succeeded', 2: 'succeeded', 3: 'succeeded' })
  assert.deepEqual(done.toSorted(), [1, 2, 3])
})

test('a server that ends interrupts what it does and leaves what waits', async (t) => {
  const { runs } = makeServer(t, endless().work)
  for (let i = 0; i < 5; i += 1) await runs.start(REQUEST)
  await runs.close()
  const ended = { 1: 'interrupted', 2: 'interrupted', 3: 'interrupted', 4: 'interrupted' }
  assert.deepEqual(await statuses(), { ...ended, 5: 'queued' })
})

test('work that has nothing to do succeeds, and work that breaks fails and is told to the log', async (t) => {
  const { runs, logged } = makeServer(t, async ({ force }) => {
    if (force) throw new Error('the store is lost')
  })
  await runs.start(REQUEST)
  assert.deepEqual(await statuses(), { 1: 'succeeded' })
  await runs.start({ ...REQUEST, force: true })
  assert.deepEqual(await statuses(), { 1: 'succeeded', 2: 'failed' })
  assert.deepEqual(
    logged.map((one) => (one as { run: number }).run),
    [2],
  )
})

test('a run that waits is cancelled at once, and one that has ended cannot be', async (t) => {
  const { runs } = makeServer(t, endless().work)
  for (let i = 0; i < 5; i += 1) await runs.start(REQUEST)
  assert.equal(await cancelRun(pool, 5), 'queued')
  assert.equal((await statuses())[5], 'interrupted')
  assert.equal(await cancelRun(pool, 5), null)
  assert.equal(await cancelRun(pool, 1), 'running')
  assert.equal(await cancelRun(pool, 99), null)
})
