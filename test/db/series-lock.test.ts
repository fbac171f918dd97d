import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'
import { openPool, type Pool } from '../../src/db/connect.ts'
import type { SeriesKey } from '../../src/db/series.ts'
import { withSeriesLock } from '../../src/db/series-lock.ts'
import { makeDatabase } from '../support/database.ts'

const { url, pool } = await makeDatabase()
const IBM: SeriesKey = { symbol: 'IBM', interval: '1d', provider: 'alpha-vantage', basis: 'raw' }
/** Looks again at once, but lets others go on in between. */
const clock = { sleep: (_ms: number, signal?: AbortSignal) => sleep(1, undefined, { signal }) }

async function withOther<T>(work: (other: Pool) => Promise<T>): Promise<T> {
  const other = openPool(url, { max: 2 })
  try {
    return await work(other)
  } finally {
    await other.end()
  }
}

test('of all that want a series through any pool one works at a time, and the others hear that they waited', async () => {
  await withOther(async (other) => {
    let atOnce = 0
    let most = 0
    const told: boolean[] = []
    const work = async (waited: boolean) => {
      told.push(waited)
      atOnce += 1
      most = Math.max(most, atOnce)
      await sleep(5)
      atOnce -= 1
    }
    const pools = [pool, pool, pool, other, other, other]
    await Promise.all(pools.map((one) => withSeriesLock(one, IBM, { clock }, work)))
    assert.equal(most, 1)
    // Whoever comes late may find it free, but not all of them can.
    assert.equal(told.length, 6)
    assert.equal(told[0], false)
    assert.ok(told.includes(true))
  })
})

test('twenty series are worked on at once through a pool of two connections', async () => {
  await withOther(async (other) => {
    const all = Promise.withResolvers<void>()
    let begun = 0
    const work = async () => {
      begun += 1
      if (begun === 20) all.resolve()
      await all.promise
      await other.query('SELECT 1')
    }
    const keys = Array.from({ length: 20 }, (_, i) => ({ ...IBM, symbol: `S${i}` }))
    await Promise.all(keys.map((key) => withSeriesLock(other, key, { clock }, work)))
    assert.equal(begun, 20)
    assert.equal(other.totalCount - other.idleCount, 0)
  })
})

test('waiting for a series ends with the signal, whoever has it', async () => {
  await withOther(async (other) => {
    for (const waiting of [pool, other]) {
      const has = Promise.withResolvers<void>()
      const done = Promise.withResolvers<void>()
      const holder = withSeriesLock(pool, IBM, { clock }, () => {
        has.resolve()
        return done.promise
      })
      await has.promise
      const stop = new AbortController()
      const options = { clock, signal: stop.signal }
      const waiter = withSeriesLock(waiting, IBM, options, () => assert.fail('it was not its turn'))
      const ended = assert.rejects(waiter, { name: 'AbortError' })
      setImmediate(() => stop.abort())
      await ended
      done.resolve()
      await holder
    }
  })
})

test('a series is free again after work that failed, and after a process that died', async () => {
  await assert.rejects(
    withSeriesLock(pool, IBM, { clock }, () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  const dying = openPool(url, { max: 1, applicationName: 'dying' })
  const died = Promise.withResolvers<void>()
  const has = Promise.withResolvers<void>()
  const holder = withSeriesLock(dying, IBM, { clock }, () => {
    has.resolve()
    return died.promise
  })
  await has.promise
  let waits = 0
  const onWait = () => {
    waits += 1
    void pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dying'`,
    )
  }
  const waited = await withSeriesLock(pool, IBM, { clock, onWait }, (was) => Promise.resolve(was))
  assert.deepEqual([waited, waits], [true, 1])
  died.resolve()
  await holder
  // The pool of the one that lost its connection goes on with a new one.
  assert.equal(await withSeriesLock(dying, IBM, { clock }, (was) => Promise.resolve(was)), false)
  await dying.end()
})
