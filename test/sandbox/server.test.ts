/** The sandbox as a server: control routes, limits, clock, ports, and a prompt end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts'

const NOW = Date.parse('2024-05-17T18:07:03Z')

let now = NOW
let sandbox: Sandbox

beforeEach(async () => {
  now = NOW
  sandbox = await startSandbox({ port: 0, clock: () => now })
})
afterEach(() => sandbox.close())

async function control(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; value: Record<string, unknown> }> {
  const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  assert.equal(answer.headers.get('x-stockyard-simulated'), '1')
  return { status: answer.status, value: (await answer.json()) as Record<string, unknown> }
}

async function vendor(params: string): Promise<string> {
  const answer = await fetch(`${sandbox.url}/query?${params}`)
  return answer.text()
}

const DAILY = 'function=TIME_SERIES_DAILY&symbol=IBM&apikey=my-secret-key'

describe('control routes', () => {
  it('tell what there is', async () => {
    for (const path of ['', 'faults', 'calls', 'limits', 'clock', 'truth?symbol=IBM']) {
      assert.equal((await control('GET', path)).status, 200, path)
    }
    const { value } = await control('GET', '')
    assert.ok((value['routes'] as string[]).includes('POST /_sandbox/faults'))
    assert.ok('absurd-rows' in (value['faults'] as object))
  })

  it('put faults in force, list them and remove them', async () => {
    const added = await control('POST', 'faults', {
      fault: 'http-429',
      match: { symbol: 'IBM' },
      times: 3,
      retryAfter: 5,
    })
    assert.deepEqual(added.value, {
      id: 1,
      fault: 'http-429',
      match: { symbol: 'IBM' },
      times: 3,
      retryAfter: '5',
      hits: 0,
    })
    const answer = await fetch(`${sandbox.url}/query?${DAILY}`)
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '5'])
    await answer.arrayBuffer()
    const { value } = await control('GET', 'faults')
    assert.equal((value['faults'] as { hits: number }[])[0].hits, 1)
    assert.deepEqual((await control('DELETE', 'faults?id=1')).value, { faults: [] })
    assert.match(await vendor(DAILY), /Meta Data/)
  })

  it('log calls with what became of them, and never the key', async () => {
    await vendor(DAILY)
    sandbox.faults.add({ fault: 'key-echo', times: 1 })
    await vendor(DAILY.replace('IBM', 'MSFT'))
    await vendor('function=GLOBAL_QUOTE&symbol=IBM&apiKey=my-secret-key')
    const { value } = await control('GET', 'calls')
    assert.equal(value['count'], 3)
    assert.deepEqual(value['byFunction'], { TIME_SERIES_DAILY: 2, GLOBAL_QUOTE: 1 })
    assert.deepEqual(value['bySymbol'], { IBM: 2, MSFT: 1 })
    assert.deepEqual(value['byOutcome'], { served: 1, 'fault key-echo': 1, 'refused key': 1 })
    assert.deepEqual((value['calls'] as unknown[])[0], {
      at: '2024-05-17T18:07:03.000Z',
      vendor: 'alpha-vantage',
      function: 'TIME_SERIES_DAILY',
      symbol: 'IBM',
      params: { function: 'TIME_SERIES_DAILY', symbol: 'IBM' },
      outcome: 'served',
    })
    assert.doesNotMatch(JSON.stringify(value), /my-secret-key/)
    assert.equal((await control('DELETE', 'calls')).value['count'], 0)
  })

  it('set the clock of the market, still or running', async () => {
    const fixed = await control('POST', 'clock', { now: '2024-11-29T18:30:00Z' })
    // The half day after Thanksgiving is over at 13:00 in New York.
    assert.deepEqual(fixed.value, {
      now: '2024-11-29T18:30:00.000Z',
      today: '2024-11-29',
      open: false,
      fixed: true,
    })
    now += 60_000
    assert.equal((await control('GET', 'clock')).value['now'], '2024-11-29T18:30:00.000Z')
    const shifted = await control('POST', 'clock', { offset: 3_600_000 })
    assert.equal(shifted.value['now'], '2024-05-17T19:08:03.000Z')
    now += 1000
    assert.equal((await control('GET', 'clock')).value['now'], '2024-05-17T19:08:04.000Z')
  })

  it('tell the truth with START labels in UTC', async () => {
    const minutes = await control(
      'GET',
      'truth?symbol=IBM&interval=1m&from=2024-05-16&until=2024-05-17&hours=regular',
    )
    const bars = minutes.value['bars'] as Record<string, unknown>[]
    assert.equal(bars.length, 390)
    assert.equal(bars[0]['ts'], '2024-05-16T13:30:00Z')
    assert.deepEqual(Object.keys(bars[0]), ['ts', 'open', 'high', 'low', 'close', 'volume'])
    const days = await control('GET', 'truth?symbol=IBM&interval=daily&from=2024-05-13')
    assert.deepEqual(
      (days.value['bars'] as Record<string, unknown>[]).map((bar) => bar['session']),
      ['2024-05-13', '2024-05-14', '2024-05-15', '2024-05-16', '2024-05-17'],
    )
    const splits = await control('GET', 'truth?symbol=AAPL')
    assert.deepEqual((splits.value['splits'] as unknown[]).at(-1), {
      session: '2020-08-31',
      ratio: 4,
    })
  })

  it('state bars anew, for vendors and truth alike', async () => {
    const revised = await control('POST', 'revisions', {
      symbol: 'IBM',
      interval: '1min',
      ts: '2024-05-16T14:00:00Z',
      close: 123.45,
    })
    assert.deepEqual(revised.value, {
      symbol: 'IBM',
      interval: '1m',
      ts: '2024-05-16T14:00:00Z',
      close: 123.45,
    })
    const query =
      'function=TIME_SERIES_INTRADAY&symbol=IBM&interval=1min&outputsize=full&adjusted=false&apikey=k'
    const rowOf = async (): Promise<string> =>
      /"2024-05-16 10:00:00": \{[^}]*"4\. close": "([\d.]+)"/.exec(await vendor(query))![1]
    assert.equal(await rowOf(), '123.4500')
    await control('POST', 'revisions', {
      symbol: 'IBM',
      interval: '1d',
      ts: '2024-05-16',
      volume: 7,
    })
    assert.match(await vendor(DAILY), /"2024-05-16": \{[^}]*"5\. volume": "7"/)
    await control('DELETE', 'revisions')
    assert.notEqual(await rowOf(), '123.4500')
  })

  it('refuse bad input with a sentence and a hint', async () => {
    const cases = [
      ['POST', 'faults', { fault: 'nope' }, 400, 'FAULT_UNKNOWN'],
      ['POST', 'faults', { times: 1 }, 400, 'INPUT_INVALID'],
      ['POST', 'faults', { fault: 'html', times: 0 }, 400, 'INPUT_INVALID'],
      ['POST', 'faults', { fault: 'html', tmies: 1 }, 400, 'INPUT_INVALID'],
      ['POST', 'faults', '{', 400, 'INPUT_INVALID'],
      ['POST', 'faults', '[]', 400, 'INPUT_INVALID'],
      ['POST', 'faults', undefined, 400, 'INPUT_INVALID'],
      ['POST', 'faults', `"${'x'.repeat(70_000)}"`, 400, 'INPUT_INVALID'],
      ['POST', 'clock', {}, 400, 'INPUT_INVALID'],
      ['POST', 'clock', { now: '2024-05-17 10:00' }, 400, 'INPUT_INVALID'],
      ['POST', 'clock', { now: '2150-01-01T00:00:00Z' }, 400, 'INPUT_INVALID'],
      ['POST', 'limits', { perSecond: -1 }, 400, 'INPUT_INVALID'],
      [
        'POST',
        'revisions',
        { symbol: 'IBM', interval: '1d', ts: '2024-05-16' },
        400,
        'INPUT_INVALID',
      ],
      [
        'POST',
        'revisions',
        { symbol: 'IBM', interval: '1d', ts: '2024-05-18', close: 1 },
        400,
        'BAR_UNKNOWN',
      ],
      [
        'POST',
        'revisions',
        { symbol: 'IBM', interval: '9d', ts: '2024-05-16', close: 1 },
        400,
        'INTERVAL_UNKNOWN',
      ],
      ['GET', 'truth?symbol=ZZZZ', undefined, 404, 'SYMBOL_UNKNOWN'],
      ['GET', 'truth?symbol=IBM&from=yesterday', undefined, 400, 'DATE_INVALID'],
      ['GET', 'nope', undefined, 404, 'ROUTE_UNKNOWN'],
      ['PUT', 'faults', {}, 404, 'ROUTE_UNKNOWN'],
    ] as const
    for (const [method, path, body, status, code] of cases) {
      const answer = await control(method, path, body)
      assert.deepEqual([answer.status, answer.value['code']], [status, code], `${method} ${path}`)
      assert.match(String(answer.value['message']), /\.$/)
      assert.doesNotMatch(JSON.stringify(answer.value), /node:|\.ts:/)
    }
    const elsewhere = await fetch(`${sandbox.url}/v2/aggs`)
    assert.deepEqual(
      [elsewhere.status, ((await elsewhere.json()) as { code: string }).code],
      [404, 'ROUTE_UNKNOWN'],
    )
  })
})

/** What becomes of one call. */
async function outcome(key = 'k'): Promise<string> {
  await vendor(`function=GLOBAL_QUOTE&symbol=IBM&apikey=${key}`)
  return sandbox.calls.list().at(-1)!.outcome
}

describe('limits', () => {
  it('refuse a second call in a second, and not the next second', async () => {
    await control('POST', 'limits', { perSecond: 1 })
    assert.deepEqual([await outcome(), await outcome()], ['served', 'refused burst'])
    now += 1000
    assert.equal(await outcome(), 'served')
  })

  it('refuse the sixth call in a minute with the numbers of the limit', async () => {
    await control('POST', 'limits', { perMinute: 5, perDay: 100 })
    for (let i = 0; i < 5; i += 1) assert.equal(await outcome(), 'served')
    assert.equal(await outcome(), 'refused minute')
    assert.match(
      await vendor(DAILY.replace('my-secret-key', 'k')),
      /"Note": .*5 calls per minute and 100 calls/,
    )
    now += 60_000
    assert.equal(await outcome(), 'served')
  })

  it('refuse the rest of the day until midnight in New York, key by key', async () => {
    await control('POST', 'limits', { perDay: 2 })
    assert.deepEqual([await outcome(), await outcome()], ['served', 'served'])
    assert.equal(await outcome(), 'refused day-key-echo')
    assert.equal(await outcome('another'), 'served')
    // 23:59:59 and 00:00 in New York.
    now = Date.parse('2024-05-18T03:59:59Z')
    assert.equal(await outcome(), 'refused day-key-echo')
    now = Date.parse('2024-05-18T04:00:00Z')
    assert.equal(await outcome(), 'served')
  })

  it('count calls and not the market’s clock', async () => {
    await control('POST', 'limits', { perSecond: 1 })
    assert.equal(await outcome(), 'served')
    await control('POST', 'clock', { offset: 86_400_000 })
    assert.equal(await outcome(), 'refused burst')
  })
})

describe('the server', () => {
  it('says when its port is taken, and what to do', async () => {
    await assert.rejects(startSandbox({ port: sandbox.port, clock: () => now }), {
      code: 'PORT_IN_USE',
      kind: 'usage',
      message: `Port ${sandbox.port} on 127.0.0.1 is in use.`,
      hint: 'Choose another with --port, or --port 0 for any free one.',
    })
  })

  it('listens on loopback only, unless it is told to', async () => {
    await assert.rejects(startSandbox({ port: 0, host: '0.0.0.0', clock: () => now }), {
      code: 'HOST_REFUSED',
    })
    const wide = await startSandbox({
      port: 0,
      host: '0.0.0.0',
      allowRemote: true,
      clock: () => now,
    })
    await wide.close()
  })

  it('takes seed, faults and limits from its options', async () => {
    const other = await startSandbox({
      port: 0,
      seed: 2,
      clock: () => now,
      faults: [{ fault: 'empty-object', times: 1 }],
      limits: { 'alpha-vantage': { perSecond: null, perMinute: 1, perDay: null } },
    })
    try {
      const ask = async (): Promise<string> => (await fetch(`${other.url}/query?${DAILY}`)).text()
      assert.equal(await ask(), '{}')
      assert.notEqual(await ask(), await vendor(DAILY))
      assert.match(await ask(), /"Note"/)
    } finally {
      await other.close()
    }
  })

  it('tells its log each call without the key', async () => {
    const lines: string[] = []
    const debug = (fields: object, message: string): void => {
      lines.push(JSON.stringify({ ...fields, message }))
    }
    const other = await startSandbox({ port: 0, clock: () => now, log: { debug } })
    await (await fetch(`${other.url}/query?${DAILY}`)).arrayBuffer()
    await other.close()
    assert.deepEqual(lines, ['{"method":"GET","path":"/query","message":"sandbox call"}'])
  })

  it('closes at once, though a client waits for an answer', async () => {
    const other = await startSandbox({ port: 0, clock: () => now, faults: [{ fault: 'stall' }] })
    const socket = connect(other.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`GET /query?${DAILY} HTTP/1.1\r\nhost: sandbox\r\n\r\n`)
    await once(socket, 'data')
    const closed = once(socket, 'close')
    await other.close()
    await closed
  })

  it('keeps connections alive between calls', async () => {
    const socket = connect(sandbox.port, '127.0.0.1')
    const request = `GET /query?function=OVERVIEW&symbol=ZZZZ&apikey=k HTTP/1.1\r\nhost: sandbox\r\n\r\n`
    for (let i = 0; i < 3; i += 1) {
      socket.write(request)
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      assert.match(chunk.toString(), /^HTTP\/1\.1 200 OK[^]*\{\}$/)
    }
    socket.destroy()
  })
})
