/** Streams in trouble: slow clients, many clients, a database that cuts its connections. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, describe, it, type TestContext } from 'node:test'
import type { ApiContext } from '../../src/api/context.ts'
import { serve } from '../../src/api/serve.ts'
import { systemClock } from '../../src/clock.ts'
import { openReadPool } from '../../src/db/roles.ts'
import { contextOf } from '../api/app-under-test.ts'
import { makeDatabase } from '../support/database.ts'
import { readEventsOf } from '../support/event-reader.ts'

// Ends before the database is dropped.
after(() => readPool.end())
const { pool, url } = await makeDatabase()
// The test cuts its connections.
pool.on('error', () => {})
const readPool = await openReadPool(pool, { url, max: 4 })

async function start(t: TestContext, streams: ApiContext['streams'] = {}) {
  const context = contextOf(pool, { readPool, clock: systemClock, streams })
  const server = await serve(context, { host: '127.0.0.1', port: 0 })
  t.after(() => server.close())
  return `${server.url}/api/v1/stream`
}

/** Tells so many alerts in one transaction, numbered from 1, each with a text of some length. */
async function tell(count: number, length = 10): Promise<void> {
  await pool.query(
    `INSERT INTO stockyard.events (type, data)
     SELECT 'alert', json_build_object('number', n, 'message', repeat('x', $2))
     FROM generate_series(1, $1::integer) AS n ORDER BY n`,
    [count, length],
  )
  await pool.query("SELECT pg_notify('stockyard_events', '')")
}

it('a client that takes nothing is cut, costs little, and goes on where it was', async (t) => {
  const stream = await start(t, { stallMs: 1500 })
  const { port, pathname } = new URL(stream)
  const reader = await readEventsOf(stream)
  await reader.next()
  const begin = reader.lastId()!
  const slow = connect(Number(port), '127.0.0.1')
  slow.write(`GET ${pathname} HTTP/1.1\r\nhost: 127.0.0.1\r\nlast-event-id: ${begin}\r\n\r\n`)
  await once(slow, 'readable')
  // More than the system holds for a connection.
  const events = 4000
  await tell(events, 5000)
  const lively = await reader.until(({ data }) => data!['number'] === events)
  assert.equal(lively.length, events)
  reader.close()
  let bytes = 0
  slow.on('error', () => {})
  // By then the server has cut it: what the system holds is all that can still be read.
  setTimeout(() => slow.on('data', (chunk: Buffer) => (bytes += chunk.length)), 4000)
  await once(slow, 'close')
  assert.ok(bytes < events * 5000, `${bytes} bytes came`)
  const again = await readEventsOf(stream, { 'last-event-id': lively[1999]!.id! })
  const rest = await again.until(({ data }) => data!['number'] === events)
  assert.deepEqual([rest.length, rest[0]!.data!['number']], [2000, 2001])
  again.close()
})

it('200 clients get the same events, each once', async (t) => {
  const stream = await start(t)
  const readers = await Promise.all(Array.from({ length: 200 }, () => readEventsOf(stream)))
  for (const reader of readers) await reader.next()
  for (let at = 0; at < 5; at += 1) await tell(10)
  for (const reader of readers) {
    const numbers: unknown[] = []
    while (numbers.length < 50) numbers.push((await reader.nextEvent()).data!['number'])
    assert.deepEqual(
      numbers,
      Array.from({ length: 50 }, (_, at) => (at % 10) + 1),
    )
    reader.close()
  }
})

/** Ends connections of this database whose names fit; tells how many. */
async function cut(like: string): Promise<number> {
  const { rowCount } = await pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE $1`,
    [like],
  )
  return rowCount!
}

describe('where the database cuts', () => {
  for (const [what, like] of [
    ['the connection that listens', '% news'],
    ['all connections', '%'],
  ] as const) {
    it(`${what}, nothing is lost`, async (t) => {
      const stream = await start(t)
      const reader = await readEventsOf(stream)
      await reader.next()
      await tell(2)
      const seen = [await reader.nextEvent(), await reader.nextEvent()]
      for (let at = 0; at < 3; at += 1) {
        await tell(1)
        assert.ok((await cut(like)) + at > 0)
        await tell(1)
      }
      while (seen.length < 8) seen.push(await reader.nextEvent())
      const { rows } = await pool.query<{ id: number }>(
        'SELECT id FROM (SELECT id FROM stockyard.events ORDER BY id DESC LIMIT 8) AS e ORDER BY id',
      )
      assert.deepEqual(
        seen.map(({ id }) => Number(id!.split('-')[1])),
        rows.map(({ id }) => id),
      )
      reader.close()
    })
  }
})
