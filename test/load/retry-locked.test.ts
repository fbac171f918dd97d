/** Storing again what another client's lock kept out, against real locks. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { databaseError } from '../../src/db/database-error.ts'
import { retryLocked } from '../../src/load/retry-locked.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()

/** A statement that gives up at once where somebody else holds the table. */
async function lockInVain(): Promise<string> {
  const connection = await pool.connect()
  try {
    await connection.query('BEGIN')
    await connection.query("SET LOCAL lock_timeout = '1ms'")
    await connection.query('LOCK TABLE stockyard.rejects')
    return 'stored'
  } finally {
    await connection.query('ROLLBACK')
    connection.release()
  }
}

it('tries again until the other client has let go, and waits longer each time', async () => {
  const holder = await pool.connect()
  await holder.query('BEGIN')
  await holder.query('LOCK TABLE stockyard.rejects')
  const pauses: number[] = []
  const sleep = async (ms: number) => {
    pauses.push(ms)
    if (pauses.length === 2) await holder.query('ROLLBACK')
  }
  assert.equal(await retryLocked({ clock: { now: Date.now, sleep } }, lockInVain), 'stored')
  assert.deepEqual(pauses, [1000, 2000])
  holder.release()
})

it('gives up after three more tries, with the lock as the reason', async () => {
  const holder = await pool.connect()
  await holder.query('BEGIN')
  await holder.query('LOCK TABLE stockyard.rejects')
  let pauses = 0
  const sleep = async () => {
    pauses += 1
  }
  await assert.rejects(
    retryLocked({ clock: { now: Date.now, sleep } }, lockInVain),
    (error) => databaseError(error)?.code === 'DATABASE_LOCKED',
  )
  assert.equal(pauses, 3)
  await holder.query('ROLLBACK')
  holder.release()
})

function refuseToWait(): Promise<never> {
  return Promise.reject(new Error('it waited'))
}

it('does not repeat what fails for another reason', async () => {
  let tries = 0
  const work = async () => {
    tries += 1
    await pool.query('SELECT 1 / 0')
  }
  await assert.rejects(
    retryLocked({ clock: { now: Date.now, sleep: refuseToWait } }, work),
    /division by zero/,
  )
  assert.equal(tries, 1)
})
