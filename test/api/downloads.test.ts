/** Downloads that nobody reads keep no place from others, and are bounded in number. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { after, it } from 'node:test'
import { makeApp } from '../../src/api/app.ts'
import { createKey } from '../../src/api/keys.ts'
import { addInFlightCap } from '../../src/api/overload.ts'
import { LOOPBACK_SECURITY } from '../../src/api/security.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore, FRIDAY } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'

const { pool } = await makeDatabase()
await fillStore(pool)
const security = { ...LOOPBACK_SECURITY, bind: 'wide' as const, rateLimit: null }
const app = await makeApp(contextOf(pool, { security, downloads: { most: 3, mostOfCaller: 2 } }))
const sockets: Socket[] = []
after(async () => {
  for (const socket of sockets) socket.destroy()
  await app.close()
})
// Fewer places than downloads, so that a download that kept its place would show.
addInFlightCap(app, 2)

function* endless() {
  for (;;) yield 'x'.repeat(64 * 1024)
}
app.get('/endless', { config: { access: 'read' } }, async (request, reply) => {
  app.beginDownload(request, reply)
  return Readable.from(endless(), { objectMode: false })
})
await app.listen({ host: '127.0.0.1', port: 0 })
const { port } = app.server.address() as AddressInfo

async function newKey(): Promise<string> {
  const maker = { actor: 'user:test', now: FRIDAY }
  return (await createKey(pool, { role: 'read', name: null, expiresAt: null }, maker)).key
}

/** Begins a download and reads no more than its head. */
async function beginDownload(key: string): Promise<{ status: number; head: string }> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.write(`GET /endless HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${key}\r\n\r\n`)
  const [data] = (await once(socket, 'data')) as [Buffer]
  socket.pause()
  const head = data.toString('latin1')
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head }
}

it('are refused beyond a number of a key, and of all, while other requests go on', async () => {
  const [one, other] = [await newKey(), await newKey()]
  const csv = async (key: string) =>
    await fetch(`http://127.0.0.1:${port}/api/v1/stocks/AAPL/prices?format=csv`, {
      headers: { 'x-api-key': key },
    })
  assert.deepEqual(
    [(await beginDownload(one)).status, (await beginDownload(one)).status],
    [200, 200],
  )
  const tooMany = await beginDownload(one)
  assert.equal(tooMany.status, 429)
  assert.match(tooMany.head, /retry-after: 5\r\n[^]*"code":"RATE_LIMITED"/)
  assert.equal((await csv(one)).status, 429)
  const answer = await csv(other)
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), /^symbol,interval,ts,/)
  assert.equal((await beginDownload(other)).status, 200)
  const full = await csv(other)
  assert.equal(full.status, 503)
  assert.equal(((await full.json()) as { code: string }).code, 'SERVER_BUSY')
  const json = await fetch(`http://127.0.0.1:${port}/api/v1/stocks/AAPL/prices`, {
    headers: { 'x-api-key': other },
  })
  assert.equal(json.status, 200)
  sockets[0]!.destroy()
  let status = 503
  while (status === 503) status = (await csv(other)).status
  assert.equal(status, 200)
})
