/** Each fault as a raw client sees it: bytes off the socket, and how the connection ended. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { FAULTS } from '../../src/sandbox/fault-effects.ts'
import type { FaultRequest } from '../../src/sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'

const DAILY = 'function=TIME_SERIES_DAILY&symbol=IBM&apikey=my-secret-key'
const INTRADAY =
  'function=TIME_SERIES_INTRADAY&symbol=IBM&interval=5min&outputsize=full&month=2024-04&extended_hours=false&apikey=k'
const tested = new Set<string>()

let sandbox: Sandbox

before(async () => {
  sandbox = await startSandbox({ port: 0, clock: () => Date.parse('2024-05-18T00:30:00Z') })
})
after(() => sandbox.close())
beforeEach(() => sandbox.faults.clear())

interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly end: 'closed' | 'reset'
}

function ask(query: string): Socket {
  const socket = connect(sandbox.port, '127.0.0.1')
  socket.write(`GET /query?${query} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n\r\n`)
  return socket
}

/** Everything that comes until the connection ends, or until `enough` bytes of it. */
async function receive(
  socket: Socket,
  enough = Infinity,
): Promise<{ bytes: Buffer; end: 'closed' | 'reset' }> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= enough) break
    }
    return { bytes: Buffer.concat(chunks), end: 'closed' }
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET')
    return { bytes: Buffer.concat(chunks), end: 'reset' }
  }
}

function readAnswer(bytes: Buffer, end: 'closed' | 'reset'): RawAnswer {
  const split = bytes.indexOf('\r\n\r\n')
  const [first, ...lines] = bytes.subarray(0, split).toString().split('\r\n')
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    ),
    body: bytes.subarray(split + 4),
    end,
  }
}

/** The answer to one call under one fault. */
async function under(fault: string | FaultRequest, query = DAILY): Promise<RawAnswer> {
  const request = typeof fault === 'string' ? { fault } : fault
  tested.add(request.fault)
  sandbox.faults.clear()
  sandbox.faults.add(request)
  const { bytes, end } = await receive(ask(query))
  return readAnswer(bytes, end)
}

async function healthy(query = DAILY): Promise<RawAnswer> {
  sandbox.faults.clear()
  const { bytes, end } = await receive(ask(query))
  return readAnswer(bytes, end)
}

type Rows = Record<string, Record<string, string | null>>

function rowsOf(answer: RawAnswer): [string, Record<string, string | null>][] {
  const document = JSON.parse(answer.body.toString()) as Record<string, Rows>
  return Object.entries(Object.values(document)[1])
}

function ofDay(rows: [string, unknown][]): string[] {
  return rows.map(([label]) => label).filter((label) => label.startsWith('2024-04-10'))
}

/** The statuses of calls made one after the other. */
async function statuses(count: number, query = DAILY): Promise<number[]> {
  const list: number[] = []
  for (let i = 0; i < count; i += 1) {
    const { bytes, end } = await receive(ask(query))
    list.push(readAnswer(bytes, end).status)
  }
  return list
}

describe('faults of words', () => {
  const texts = [
    ['note-minute', 'Note', /5 calls per minute and 500 calls per day/],
    ['information-day', 'Information', /rate limit is 25 requests per day/],
    [
      'key-echo',
      'Information',
      /^We have detected your API key as my-secret-key and .*25 requests per day/,
    ],
    ['information-burst', 'Information', /sparingly \(1 request per second\).*25 requests per day/],
    ['information-premium', 'Information', /This is a premium endpoint/],
    ['information-demo', 'Information', /\*\*demo\*\* API key/],
    ['error-message', 'Error Message', /^Invalid API call\..* for TIME_SERIES_DAILY\.$/],
    ['error-key', 'Error Message', /^the parameter apikey is invalid or missing/],
  ] as const
  for (const [fault, key, text] of texts) {
    it(`${fault} comes with HTTP 200 under "${key}"`, async () => {
      const { status, headers, body } = await under(fault)
      assert.equal(status, 200)
      assert.equal(headers['content-type'], 'application/json')
      const document = JSON.parse(body.toString()) as Record<string, string>
      assert.deepEqual(Object.keys(document), [key])
      assert.match(document[key], text)
    })
  }

  it('http-… has its status, and Retry-After where it was asked for', async () => {
    for (const status of [429, 500, 503]) {
      const answer = await under(`http-${status}`)
      assert.equal(answer.status, status)
      assert.equal(answer.headers['retry-after'], undefined)
    }
    const answer = await under({ fault: 'http-429', retryAfter: '7' })
    assert.equal(answer.headers['retry-after'], '7')
  })

  it('empty-object, empty-body and html are whole answers without data', async () => {
    assert.equal((await under('empty-object')).body.toString(), '{}')
    const empty = await under('empty-body')
    assert.deepEqual([empty.status, empty.headers['content-length']], [200, '0'])
    const page = await under('html')
    assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html'])
    assert.match(page.body.toString(), /^<!DOCTYPE html>/)
  })
})

describe('faults of rows', () => {
  it('empty-rows has meta data and no row', async () => {
    assert.deepEqual(rowsOf(await under('empty-rows')), [])
  })

  it('null-rows spoils rows 1, 3, 5, 7 and 9 and leaves the others', async () => {
    const good = rowsOf(await healthy())
    const bad = rowsOf(await under('null-rows'))
    assert.equal(bad.length, good.length)
    const changed = bad.flatMap((row, i) =>
      JSON.stringify(row) === JSON.stringify(good[i]) ? [] : [i],
    )
    assert.deepEqual(changed, [1, 3, 5, 7, 9])
    assert.deepEqual(Object.values(bad[1][1]), [null, null, null, null, null])
    assert.equal(bad[3][1]['4. close'], null)
    assert.equal(bad[5][1]['1. open'], 'None')
    assert.equal(bad[7][1]['2. high'], '')
    assert.equal(bad[9][1]['5. volume'], null)
  })

  it('absurd-rows spoils ten rows and leaves the others', async () => {
    const good = rowsOf(await healthy())
    const bad = rowsOf(await under('absurd-rows'))
    const changed = bad.flatMap((row, i) =>
      JSON.stringify(row) === JSON.stringify(good[i]) ? [] : [i],
    )
    assert.deepEqual(changed, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19])
    assert.ok(Number(bad[1][1]['2. high']) < Number(bad[1][1]['3. low']))
    assert.ok(Number(bad[3][1]['4. close']) < 0)
    assert.equal(bad[5][1]['2. high'], 'NaN')
    assert.ok(Number(bad[7][1]['4. close']) > Number(bad[7][1]['2. high']))
    assert.equal(bad[9][1]['5. volume'], '-100')
    assert.match(bad[11][0], /^2099-/)
    assert.ok(Number.isNaN(Date.parse(bad[13][0])))
    assert.equal(Number(bad[15][1]['1. open']), 0)
    assert.match(bad[17][0], / 10:01:07$/)
    assert.equal(Number(bad[19][1]['3. low']), Infinity)
  })

  it('missing-rows leaves out the middle tenth', async () => {
    const good = rowsOf(await healthy())
    const kept = rowsOf(await under('missing-rows'))
    assert.deepEqual(kept, [...good.slice(0, 45), ...good.slice(55)])
  })

  it('duplicate-rows gives one label twice, with two values', async () => {
    const text = (await under('duplicate-rows')).body.toString()
    const labels = [...text.matchAll(/^ {8}"(\d{4}-\d\d-\d\d)": \{$/gm)].map((match) => match[1])
    assert.equal(labels.length, 101)
    assert.equal(labels[0], labels[1])
    const closes = [...text.matchAll(/"4\. close": "([\d.]+)"/g)].map((match) => match[1])
    assert.notEqual(closes[0], closes[1])
  })

  it('oldest-first turns the rows round', async () => {
    const good = rowsOf(await healthy())
    assert.deepEqual(rowsOf(await under('oldest-first')), good.reverse())
  })

  it('end-labels moves a session from 09:30…15:55 to 09:35…16:00, and dates not at all', async () => {
    const good = ofDay(rowsOf(await healthy(INTRADAY)))
    assert.deepEqual([good.at(-1), good[0]], ['2024-04-10 09:30:00', '2024-04-10 15:55:00'])
    const shifted = ofDay(rowsOf(await under('end-labels', INTRADAY)))
    assert.deepEqual([shifted.at(-1), shifted[0]], ['2024-04-10 09:35:00', '2024-04-10 16:00:00'])
    assert.equal(shifted.length, 78)
    assert.deepEqual(rowsOf(await under('end-labels')), rowsOf(await healthy()))
  })

  it('other-symbol answers for another one and says so', async () => {
    const document = JSON.parse((await under('other-symbol')).body.toString()) as Record<
      string,
      Rows
    >
    assert.equal((document['Meta Data'] as unknown as Record<string, string>)['2. Symbol'], 'MSFT')
  })
})

describe('faults of text and transport', () => {
  it('bom puts a byte order mark in front', async () => {
    const { body } = await under('bom')
    assert.deepEqual([...body.subarray(0, 4)], [0xef, 0xbb, 0xbf, 0x7b])
    assert.equal(body.subarray(3).toString(), (await healthy()).body.toString())
  })

  it('cut-short is half of the text with its right length', async () => {
    const { headers, body, end } = await under('cut-short')
    const whole = (await healthy()).body
    assert.equal(end, 'closed')
    assert.equal(Number(headers['content-length']), body.length)
    assert.equal(body.length, Math.floor(whole.length / 2))
    assert.throws(() => JSON.parse(body.toString()), SyntaxError)
  })

  it('truncated promises more bytes than it sends', async () => {
    const { headers, body } = await under('truncated')
    assert.ok(body.length > 0 && body.length < Number(headers['content-length']))
  })

  it('reset ends the connection before any byte', async () => {
    sandbox.faults.add({ fault: 'reset' })
    tested.add('reset')
    const { bytes, end } = await receive(ask(DAILY))
    assert.deepEqual([bytes.length, end], [0, 'reset'])
  })

  it('reset-midway ends the connection after some', async () => {
    const { status, headers, body, end } = await under('reset-midway')
    assert.deepEqual([status, end], [200, 'reset'])
    assert.ok(body.length < Number(headers['content-length']))
  })

  it('stall sends half and keeps the connection open', async () => {
    tested.add('stall')
    const whole = (await healthy()).body.length
    sandbox.faults.add({ fault: 'stall', times: 1 })
    const socket = ask(DAILY)
    let length = 0
    socket.on('data', (chunk) => (length += chunk.length))
    await once(socket, 'data')
    // Another call goes out and comes back meanwhile.
    await healthy()
    assert.ok(length > 0 && length < whole)
    assert.equal(socket.readableEnded || socket.destroyed, false)
    socket.destroy()
  })

  it('no-answer takes the call and says nothing', async () => {
    tested.add('no-answer')
    sandbox.faults.add({ fault: 'no-answer', times: 1 })
    const socket = ask(DAILY)
    let length = 0
    socket.on('data', (chunk) => (length += chunk.length))
    while (sandbox.faults.list().length > 0) await new Promise(setImmediate)
    await healthy()
    assert.equal(length, 0)
    assert.equal(socket.readableEnded || socket.destroyed, false)
    socket.destroy()
  })

  it('slow-drip sends a byte at a time', async () => {
    tested.add('slow-drip')
    sandbox.faults.add({ fault: 'slow-drip', delayMs: 1 })
    const socket = ask('function=OVERVIEW&symbol=ZZZZ&apikey=k')
    const { bytes, end } = await receive(socket)
    assert.equal(readAnswer(bytes, end).body.toString(), '{}')
    sandbox.faults.clear()
    sandbox.faults.add({ fault: 'slow-drip', delayMs: 60_000 })
    const stuck = ask(DAILY)
    const first = await receive(stuck, 1)
    assert.ok(readAnswer(first.bytes, first.end).body.length <= 1)
  })

  it('late answers right, after its delay', async () => {
    const started = performance.now()
    const { body } = await under({ fault: 'late', delayMs: 60 })
    assert.ok(performance.now() - started >= 50)
    assert.equal(body.toString(), (await healthy()).body.toString())
  })

  it('gzip-broken cannot be unpacked', async () => {
    const { headers, body } = await under('gzip-broken')
    assert.equal(headers['content-encoding'], 'gzip')
    assert.equal(Number(headers['content-length']), body.length)
    assert.throws(() => gunzipSync(body), /unexpected end of file/)
  })

  it('gzip-bomb unpacks to a thousand times its size', async () => {
    const { headers, body } = await under('gzip-bomb')
    assert.equal(headers['content-encoding'], 'gzip')
    assert.ok(body.length < 100_000)
    assert.equal(gunzipSync(body).length, 64 * 1024 * 1024)
  })

  it('endless-body goes on until the client leaves', async () => {
    tested.add('endless-body')
    sandbox.faults.add({ fault: 'endless-body' })
    const { bytes } = await receive(ask(DAILY), 4 * 1024 * 1024)
    assert.ok(bytes.length >= 4 * 1024 * 1024)
    assert.equal(readAnswer(bytes, 'closed').headers['content-length'], undefined)
  })

  it('redirect points to a host that does not exist', async () => {
    const { status, headers } = await under('redirect')
    assert.equal(status, 302)
    assert.equal(new URL(headers['location']).hostname, 'vendor.example.invalid')
  })

  it('were all looked at here', () => {
    assert.deepEqual(
      Object.keys(FAULTS).filter((name) => !tested.has(name)),
      [],
    )
  })
})

describe('which calls a fault hits', () => {
  it('is told by parameters, in any case', async () => {
    sandbox.faults.add({
      fault: 'http-503',
      match: { symbol: 'ibm', function: 'TIME_SERIES_DAILY' },
    })
    assert.deepEqual(await statuses(2), [503, 503])
    assert.deepEqual(await statuses(1, DAILY.replace('IBM', 'MSFT')), [200])
    assert.deepEqual(await statuses(1, 'function=GLOBAL_QUOTE&symbol=IBM&apikey=k'), [200])
  })

  it('is told by how many pass before and how many it hits', async () => {
    sandbox.faults.add({ fault: 'http-500', after: 2, times: 2 })
    assert.deepEqual(await statuses(6), [200, 200, 500, 500, 200, 200])
    assert.deepEqual(sandbox.faults.list(), [])
  })

  it('goes on until the fault is removed, and the first added wins', async () => {
    const first = sandbox.faults.add({ fault: 'http-500' })
    sandbox.faults.add({ fault: 'http-503' })
    assert.deepEqual(await statuses(2), [500, 500])
    sandbox.faults.clear(first.id)
    assert.deepEqual(await statuses(1), [503])
    assert.equal(sandbox.faults.list()[0].hits, 1)
  })

  it('is refused for a fault that does not exist', () => {
    for (const fault of ['nope', 'http-200', 'http-600', 'toString']) {
      assert.throws(() => sandbox.faults.add({ fault }), { code: 'FAULT_UNKNOWN' })
    }
  })
})
