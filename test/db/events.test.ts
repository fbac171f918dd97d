/** Events: told in the transaction that they tell of, read without a gap, kept within bounds. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { inTransaction, type Pool } from '../../src/db/connect.ts'
import { readEvents, removeOldEvents, type StoredEvent } from '../../src/db/events.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { upsertQuote, type Quote } from '../../src/db/quotes.ts'
import { openReadPool } from '../../src/db/roles.ts'
import { finishRun, finishTask, startRun, startTask } from '../../src/db/runs.ts'
import { parseDay } from '../../src/domain/date.ts'
import { removeManualBar } from '../../src/load/remove-manual-bar.ts'
import { loadManualBars } from '../../src/load/manual-bars.ts'
import { eventData } from '../../src/query/events.ts'
import { calendar, dailyBars, minuteBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'

const { pool, url } = await makeDatabase()
const day = (text: string) => parseDay(text)
const RECEIVED = Date.parse('2024-06-10T12:00:00Z')

/** What was told while something was done, in order. */
async function told(work: () => Promise<unknown>, of: Pool = pool): Promise<StoredEvent[]> {
  const { last: horizon } = await readEvents(of, null, 0)
  await work()
  return [...(await readEvents(of, horizon, 1000)).events]
}

/** The same as the API shows it, without what runs tell. */
async function shown(work: () => Promise<unknown>): Promise<[string, object][]> {
  const events = await told(work)
  return events.filter(({ type }) => type !== 'run').map((one) => [one.type, eventData(one)])
}

const daily = { symbol: 'AAPL', interval: '1d', provider: 'alpha-vantage', basis: 'raw' } as const

describe('a load', () => {
  it('tells which bars are new, with the newest of the series', async () => {
    const bars = dailyBars(day('2024-06-03'), day('2024-06-06'))
    const events = await shown(() => loadSeries(pool, daily, bars, RECEIVED))
    // 2024-06-05: 100 + (19879 * 1440 % 5000) / 100 = 100 + 7.60; the values of support/bars.ts by hand.
    assert.deepEqual(events, [
      [
        'bar',
        {
          symbol: 'AAPL',
          interval: '1d',
          provider: 'alpha-vantage',
          bar: {
            session: '2024-06-05',
            open: 107.6,
            high: 108.6,
            low: 106.6,
            close: 108.1,
            volume: 1002,
            vwap: null,
            trades: null,
            state: 'final',
          },
          changed: {
            from: '2024-06-03',
            until: '2024-06-06',
            inserted: 3,
            updated: 0,
            revised: 0,
            removed: 0,
          },
          run: 1,
        },
      ],
    ])
  })

  it('tells nothing where nothing changed', async () => {
    const bars = dailyBars(day('2024-06-03'), day('2024-06-06'))
    assert.deepEqual(await shown(() => loadSeries(pool, daily, bars, RECEIVED + 1)), [])
  })

  it('names the range of what changed, and the newest bar though it is another', async () => {
    const bars = dailyBars(day('2024-06-03'), day('2024-06-06'))
    bars.close[1] = bars.high[1]!
    const [[, data]] = (await shown(() => loadSeries(pool, daily, bars, RECEIVED + 2))) as [
      [string, { bar: { session: string }; changed: object }],
    ]
    assert.equal(data.bar.session, '2024-06-05')
    const range = { from: '2024-06-04', until: '2024-06-05' }
    const counts = { inserted: 0, updated: 1, revised: 1, removed: 0 }
    assert.deepEqual(data.changed, { ...range, ...counts })
  })

  it('of minutes names instants', async () => {
    const series = { ...daily, interval: '1m' } as const
    const bars = minuteBars(day('2024-06-03'), day('2024-06-04'))
    const [[, data]] = (await shown(() => loadSeries(pool, series, bars, RECEIVED))) as [
      [string, { bar: { ts: string }; changed: { from: string; until: string } }],
    ]
    assert.equal(data.bar.ts, '2024-06-03T19:59:00Z')
    assert.equal(data.changed.from, '2024-06-03T13:30:00Z')
    assert.equal(data.changed.until, '2024-06-03T20:00:00Z')
  })

  it('that is rolled back tells nothing', async () => {
    const failing = new Proxy(pool, {
      get: (target, name) =>
        name === 'connect'
          ? async () => {
              const connection = await target.connect()
              const query = connection.query.bind(connection) as (...args: unknown[]) => unknown
              connection.query = ((...args: unknown[]) => {
                if (args[0] !== 'COMMIT') return query(...args)
                connection.query = query as typeof connection.query
                throw new Error('no commit')
              }) as typeof connection.query
              return connection
            }
          : (Reflect.get(target, name) as unknown),
    })
    const other = { ...daily, symbol: 'MSFT' }
    const bars = dailyBars(day('2024-06-03'), day('2024-06-06'))
    const events = await told(() =>
      assert.rejects(loadSeries(failing, other, bars, RECEIVED), /no commit/),
    )
    assert.deepEqual(events, [])
  })
})

it('a bar that is taken back is told of, with what is left', async () => {
  const context = { pool, calendarOf: () => calendar, now: RECEIVED }
  const ts = day('2024-06-04')
  const values = [10, 12, 9, 11, 100, Number.NaN, Number.NaN]
  await loadManualBars(context, 'AAPL', '1d', [{ ts, values }])
  const [[type, data]] = (await shown(() => removeManualBar(context, 'AAPL', '1d', ts))) as [
    [string, { bar: null; changed: object }],
  ]
  assert.deepEqual([type, data.bar], ['bar', null])
  const range = { from: '2024-06-04', until: '2024-06-05' }
  const counts = { inserted: 0, updated: 0, revised: 0, removed: 1 }
  assert.deepEqual(data.changed, { ...range, ...counts })
})

it('a quote is told of where it says something new', async () => {
  const { id } = await getInstrument(pool, 'AAPL')
  const quote: Quote = {
    provider: 'yahoo',
    price: 184.25,
    open: 187.15,
    high: 188.44,
    low: 183.89,
    previousClose: 192.53,
    volume: 82_488_700,
    sessionDay: day('2024-01-02'),
    observedAt: Date.parse('2024-01-02T21:00:00Z'),
  }
  const events = await shown(async () => {
    await upsertQuote(pool, id, quote)
    await upsertQuote(pool, id, { ...quote, observedAt: quote.observedAt + 1000 })
    await upsertQuote(pool, id, { ...quote, price: 1, observedAt: quote.observedAt - 1000 })
  })
  assert.deepEqual(events, [
    [
      'quote',
      {
        symbol: 'AAPL',
        provider: 'yahoo',
        source: 'quote',
        price: 184.25,
        open: 187.15,
        high: 188.44,
        low: 183.89,
        previous_close: 192.53,
        // 184.25 - 192.53 = -8.28; of 192.53 that is -4.3006 %.
        change: -8.28,
        change_percent: -4.3006,
        volume: 82_488_700,
        session: '2024-01-02',
        observed_at: '2024-01-02T21:00:00Z',
      },
    ],
  ])
})

it('a split that was not known is told of, once', async () => {
  const split = { day: day('2020-08-31'), newShares: 4, oldShares: 1 }
  const events = await shown(async () => {
    for (const at of [1, 2]) {
      await tellActions(pool, 'AAPL', 'yahoo', { splits: [split] }, RECEIVED + at)
    }
  })
  const action = {
    kind: 'split',
    ex_date: '2020-08-31',
    new_shares: 4,
    old_shares: 1,
    amount: null,
    currency: null,
    basis: null,
  }
  const counts = { added: 1, changed: 0 }
  const said = { symbol: 'AAPL', provider: 'yahoo', ...counts, actions: [action] }
  assert.deepEqual(events, [['action', said]])
})

describe('a run', () => {
  const tasks = ['AAPL', 'MSFT', 'XOM'].map((symbol) => ({ ...daily, symbol }))
  const end = { provider: 'yahoo', requests: 2, watermark: null, notes: [] }
  const error = { code: 'NO_DATA', message: 'Nothing came.', hint: null }

  it('is told of as it begins, goes on and ends', async () => {
    const events = await told(async () => {
      const run = await inTransaction(pool, (connection) =>
        startRun(connection, 'fetch', {}, tasks),
      )
      await startTask(pool, run, 1)
      await finishTask(pool, run, 1, { ...end, status: 'failed', error })
      // As if a second had passed.
      await pool.query("UPDATE stockyard.runs SET told_at = now() - interval '2 s' WHERE id = $1", [
        run,
      ])
      await finishTask(pool, run, 2, { ...end, status: 'succeeded', error: null })
      await finishTask(pool, run, 3, { ...end, status: 'succeeded', error: null })
      await finishRun(pool, run, 'partial')
    })
    const data = events.map((event) => eventData(event) as Record<string, unknown>)
    assert.deepEqual(
      data.map(({ status, symbols, requests, failed, tasks: all, tasks_ended: ended }) => [
        status,
        symbols,
        requests,
        failed,
        all,
        ended,
      ]),
      [
        ['running', 3, 0, 0, 3, 0],
        ['running', 3, 4, 1, 3, 2],
        ['partial', 3, 6, 1, 3, 3],
      ],
    )
    assert.deepEqual(
      data.map((one) => [one['finished_at'] === null, one['error']]),
      [
        [true, null],
        [true, { symbol: 'AAPL', ...error }],
        [false, { symbol: 'AAPL', ...error }],
      ],
    )
  })
})

/** A transaction that has told something and goes on. */
async function holding(symbol: string) {
  const connection = await pool.connect()
  await connection.query('BEGIN')
  await connection.query(
    `INSERT INTO stockyard.events (type, symbol, data) VALUES ('quote', $1, '{}')`,
    [symbol],
  )
  return async () => {
    await connection.query('COMMIT')
    connection.release()
  }
}

const symbolsOf = (events: readonly StoredEvent[]) => events.map(({ symbol }) => symbol)

describe('reading', () => {
  it('waits for older transactions, so that nothing comes behind the mark', async () => {
    const { horizon } = await readEvents(pool, null, 0)
    const endFirst = await holding('FIRST')
    const endSecond = await holding('SECOND')
    await endSecond()
    const held = await readEvents(pool, horizon, 10)
    assert.deepEqual([symbolsOf(held.events), held.last - held.horizon], [[], 2])
    await endFirst()
    const free = await readEvents(pool, held.horizon, 10)
    assert.deepEqual([symbolsOf(free.events), free.last - free.horizon], [['FIRST', 'SECOND'], 0])
    const [first] = free.events
    const rest = await readEvents(pool, first!.id, 10)
    assert.deepEqual(symbolsOf(rest.events), ['SECOND'])
    assert.deepEqual((await readEvents(pool, rest.horizon, 10)).events, [])
  })

  it('takes no more than may be read by whoever may read', async () => {
    const readPool = await openReadPool(pool, { url, max: 1 })
    const { events, history } = await readEvents(readPool, 0, 1000)
    assert.ok(events.length > 5)
    assert.match(history, /^[0-9a-f]{8}$/)
    await readPool.end()
  })
})

async function fresh(t: TestContext): Promise<Pool> {
  return (await makeDatabase(t)).pool
}
async function add(of: Pool, count: number, age = '0 s'): Promise<void> {
  await of.query(
    `INSERT INTO stockyard.events (type, symbol, data, at)
     SELECT 'quote', 'S' || n, '{}', now() - $2::interval FROM generate_series(1, $1::integer) AS n`,
    [count, age],
  )
}
const left = async (of: Pool) => await readEvents(of, 0, 10_000)

describe('the bounds', () => {
  it('leave the newest rows, and keep in mind what went', async (t) => {
    const own = await fresh(t)
    await add(own, 30)
    const before = await left(own)
    await removeOldEvents(own, { rows: 10, days: 3 })
    const { events, removed } = await left(own)
    assert.deepEqual(events, before.events.slice(20))
    assert.deepEqual(removed, before.events[19]!.id)
  })

  it('leave what is young', async (t) => {
    const own = await fresh(t)
    await add(own, 3, '4 days')
    await add(own, 2)
    await removeOldEvents(own, { rows: 100, days: 3 })
    assert.deepEqual(symbolsOf((await left(own)).events), ['S1', 'S2'])
    const still = await left(own)
    await removeOldEvents(own, { rows: 100, days: 3 })
    assert.deepEqual((await left(own)).removed, still.removed)
  })

  it('do not reach beyond a transaction that is under way', async (t) => {
    const own = await fresh(t)
    const connection = await own.connect()
    await connection.query('BEGIN; SELECT stockyard.next_event_id()')
    await add(own, 10)
    await removeOldEvents(own, { rows: 1, days: 3 })
    await connection.query('COMMIT')
    connection.release()
    assert.equal((await left(own)).events.length, 10)
  })

  it('hold while loads go on', async (t) => {
    const own = await fresh(t)
    await add(own, 100_998)
    const events = await told(async () => {
      for (const at of [1, 2, 3]) {
        const bars = dailyBars(day('2024-06-03'), day('2024-06-06'), at)
        await loadSeries(own, daily, bars, RECEIVED + at)
      }
    }, own)
    assert.ok(events.length >= 3)
    // Row 101,000 is the next at which is looked.
    const { rows } = await own.query<{ count: number }>('SELECT count(*) FROM stockyard.events')
    assert.ok(rows[0]!.count < 100_010, `${rows[0]!.count} rows`)
  })
})

it('ids of a copy mean nothing in the original', async (t) => {
  const { pool: own } = await makeDatabase(t)
  const here = await readEvents(pool, null, 0)
  assert.equal((await readEvents(pool, null, 0)).history, here.history)
  assert.notEqual((await readEvents(own, null, 0)).history, here.history)
})
