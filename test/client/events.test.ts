/** The client's stream of events: typed, and going on where it was after any break. */
import assert from 'node:assert/strict'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { createClient, ProblemError } from 'stockyard/client'
import { serve } from '../../src/api/serve.ts'
import { systemClock } from '../../src/clock.ts'
import { addInstrument, getInstrument } from '../../src/db/instruments.ts'
import { readEvents, removeOldEvents } from '../../src/db/events.ts'
import { upsertQuote } from '../../src/db/quotes.ts'
import { parseDay } from '../../src/domain/date.ts'
import { contextOf } from '../api/app-under-test.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
await addInstrument(pool, { symbol: 'AAPL' })
const { id: instrumentId } = await getInstrument(pool, 'AAPL')

async function quote(price: number): Promise<void> {
  await upsertQuote(pool, instrumentId, {
    provider: 'yahoo',
    price,
    open: null,
    high: null,
    low: null,
    previousClose: null,
    volume: null,
    sessionDay: parseDay('2024-06-03'),
    observedAt: Date.parse('2024-06-03T15:00:00Z') + price,
  })
}

async function start(port = 0) {
  const context = contextOf(pool, { clock: systemClock })
  return await serve(context, { host: '127.0.0.1', port })
}

it('goes on over a restart of the server, without a gap and without anything twice', async () => {
  const first = await start()
  const client = createClient({ baseUrl: first.url })
  const breaks: unknown[] = []
  const prices: number[] = []
  const ids: string[] = []
  let server = first
  const onBreak = (cause: unknown) => breaks.push(cause)
  const { history, last } = await readEvents(pool, null, 0)
  for (const price of [1, 2]) await quote(price)
  const options = { onBreak, lastEventId: `${history}-${last}` }
  for await (const event of client.getStream.events({ types: 'quote' }, options)) {
    if (event.type === 'reset') assert.fail(event.data.detail)
    if (event.type !== 'quote') continue
    prices.push(event.data.price)
    ids.push(event.id)
    if (event.data.price === 2) {
      const { port } = new URL(server.url)
      await server.close()
      for (const price of [3, 4]) await quote(price)
      server = await start(Number(port))
    } else if (event.data.price === 4) break
  }
  await server.close()
  assert.deepEqual(prices, [1, 2, 3, 4])
  assert.equal(new Set(ids).size, 4)
  assert.ok(breaks.length >= 1)
  assert.equal((breaks[0] as { code: string }).code, 'SERVER_CLOSING')
})

it('goes on after an event that is named, and says where that cannot be', async () => {
  const server = await start()
  const client = createClient({ baseUrl: server.url })
  const next = async (lastEventId?: string) => {
    for await (const event of client.getStream.events({}, { lastEventId })) return event
    return assert.fail('nothing came')
  }
  const { history, last } = await readEvents(pool, null, 0)
  await quote(20)
  await quote(21)
  const after = await next(`${history}-${last}`)
  assert.equal(after.type, 'quote')
  await removeOldEvents(pool, { rows: 1, days: 1 })
  const reset = await next(`${history}-${last}`)
  assert.deepEqual([reset.type, 'reason' in reset.data && reset.data.reason], ['reset', 'removed'])
  await server.close()
})

it('ends with its signal, also while it waits to come again', async () => {
  const closed = await start()
  await closed.close()
  const client = createClient({ baseUrl: closed.url })
  const abort = new AbortController()
  let breaks = 0
  const onBreak = () => {
    breaks += 1
    setTimeout(() => abort.abort(), 5)
  }
  for await (const _event of client.getStream.events({}, { signal: abort.signal, onBreak })) {
    assert.fail('there is no server')
  }
  assert.equal(breaks, 1)
})

it('throws what is refused for good', async () => {
  const server = await start()
  const client = createClient({ baseUrl: server.url })
  await assert.rejects(
    async () => await client.getStream.events({ symbols: 'NOPE' }).next(),
    (error) => error instanceof ProblemError && error.code === 'SYMBOL_UNKNOWN',
  )
  await server.close()
})

const block = (price: number) => `id: x-${price}\nevent: quote\ndata: {"price":${price}}\n\n`

it('comes again where the connection is cut in the middle of an event', async () => {
  const requests: (string | undefined)[] = []
  const server: HttpServer = createServer((request, response) => {
    requests.push(request.headers['last-event-id'] as string | undefined)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const isFirst = requests.length === 1
    response.write(`retry: 10\n\n${isFirst ? block(1) : ''}`)
    if (isFirst) response.write(block(2).slice(0, 20), () => response.destroy())
    else response.write(block(2))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = createClient({ baseUrl: `http://127.0.0.1:${port}` })
  const seen: string[] = []
  for await (const { id } of client.getStream.events()) {
    seen.push(id)
    if (seen.length === 2) break
  }
  server.closeAllConnections()
  server.close()
  assert.deepEqual(seen, ['x-1', 'x-2'])
  assert.deepEqual(requests, [undefined, 'x-1'])
})
