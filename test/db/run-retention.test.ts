/** Tasks of old runs are dropped; what a run came to is told for ever. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inTransaction } from '../../src/db/connect.ts'
import { readRunRows, readTaskRows, sumVendorRequests } from '../../src/db/read-runs.ts'
import { dropOldTasks } from '../../src/db/run-retention.ts'
import { finishRun, finishTask, startRun, type TaskStatus } from '../../src/db/runs.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()

interface Ended {
  readonly symbol: string
  readonly provider: string
  readonly status: TaskStatus
  readonly requests: number
}

/** A run that began so many days ago. */
async function addRun(daysAgo: number, tasks: readonly Ended[], isOver = true): Promise<number> {
  const planned = tasks.map((task) => ({ ...task, interval: '1d' }))
  const id = await inTransaction(pool, (connection) => startRun(connection, 'fetch', {}, planned))
  for (const [i, { status, provider, requests }] of tasks.entries()) {
    const end = { status, provider, requests, watermark: null, notes: [], error: null }
    await finishTask(pool, id, i + 1, end)
  }
  await pool.query(
    'UPDATE stockyard.tasks SET fetched = 10, inserted = 4, unchanged = 6 WHERE run_id = $1',
    [id],
  )
  if (isOver) await finishRun(pool, id, 'succeeded')
  await pool.query(
    "UPDATE stockyard.runs SET started_at = now() - $2 * interval '1 day' WHERE id = $1",
    [id, daysAgo],
  )
  return id
}

it('keeps the sums of a run whose tasks it drops after 400 days, and the calls of all time', async () => {
  const two: readonly Ended[] = [
    { symbol: 'AAPL', provider: 'yahoo', status: 'succeeded', requests: 3 },
    { symbol: 'MSFT', provider: 'polygon', status: 'failed', requests: 2 },
  ]
  const old = await addRun(401, two)
  const empty = await addRun(401, [])
  const young = await addRun(399, two)
  const endless = await addRun(401, two, false)
  const before = await readRunRows(pool, { limit: 10 })
  const calls = [
    { provider: 'polygon', requests: 6 },
    { provider: 'yahoo', requests: 9 },
  ]
  assert.deepEqual(await sumVendorRequests(pool), calls)
  await dropOldTasks(pool)
  await dropOldTasks(pool)
  assert.deepEqual(await readRunRows(pool, { limit: 10 }), before)
  const { failed, symbols, requests, fetched, inserted } = before.find(({ id }) => id === old)!
  assert.deepEqual([failed, symbols, requests, fetched, inserted], [1, 2, 5, 20, 8])
  assert.deepEqual(await sumVendorRequests(pool), calls)
  const left = async (id: number) => (await readTaskRows(pool, id)).length
  assert.deepEqual(
    [await left(old), await left(empty), await left(young), await left(endless)],
    [0, 0, 2, 2],
  )
})
