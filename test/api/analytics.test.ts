/** Statistics and indicators over HTTP, of closes that are written down here. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { makeBatch, type BarBatch } from '../../src/domain/bar-batch.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { calendar } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { day } from '../support/filled-store.ts'
import { loadSeries, tellActions } from '../support/loaded-series.ts'
import { appOver, ask } from './app-under-test.ts'

/** Long after the last session, so that all bars are final. */
const LATER = Date.parse('2024-06-10T12:00:00Z')
/** The sessions from Monday 2024-05-06 to Friday 2024-05-17. */
const RISING = [100, 102, 101, 104, 103, 106, 108, 107, 110, 112]

function barsOf(closes: readonly number[], until = '2024-05-18'): BarBatch {
  const sessions = calendar.sessions(day('2020-01-01'), day(until)).slice(-closes.length)
  const bars = makeBatch(closes.length)
  for (const [i, close] of closes.entries()) {
    bars.ts[i] = sessions[i]!.day
    bars.open[i] = close
    bars.high[i] = close + 1
    bars.low[i] = close - 1
    bars.close[i] = close
    bars.volume[i] = 1000 * (i + 1)
  }
  return bars
}

const { pool } = await makeDatabase()
const store = async (symbol: string, bars: BarBatch) => {
  await addInstrument(pool, { symbol })
  const series = { symbol, interval: '1d', provider: 'alpha-vantage', basis: 'raw' } as const
  await loadSeries(pool, series, bars, LATER)
}
await store('UP', barsOf(RISING))
// Falls as UP rises, and splits 2 for 1 on the last session: 50 to 24.5 is a loss of 2 %.
await store('SPLIT', barsOf([100, 90, 95, 80, 85, 70, 60, 65, 50, 24.5]))
const splits = [{ day: day('2024-05-17'), newShares: 2, oldShares: 1 }]
await tellActions(pool, 'SPLIT', 'alpha-vantage', { splits }, LATER)
await tellActions(pool, 'SPLIT', 'polygon', { splits }, LATER)
await store('OLD', barsOf([5, 6, 7], '2024-05-10'))
const LONG = Array.from({ length: 700 }, (_, i) => 100 + ((i * 37) % 23) - ((i * 11) % 7))
await store('LONG', barsOf(LONG))
const app = await appOver(pool)
after(() => app.close())

const STOCKS = '/api/v1/analytics/stocks'

async function splitReturn(adjust: string): Promise<number> {
  const { body } = await ask(app, `${STOCKS}/SPLIT/summary?adjust=${adjust}`)
  return body['total_return'] as number
}

describe('the summary of a stock', () => {
  it('says where prices began, ended and turned', async () => {
    const { status, body } = await ask(app, `${STOCKS}/up/summary`)
    assert.equal(status, 200)
    const { total_return: total, annualised_volatility: volatility, ...rest } = body
    assert.ok(Math.abs((total as number) - 0.12) < 1e-12)
    // The deviation of the sample of log returns times sqrt(252), by a short program in Python.
    assert.ok(Math.abs((volatility as number) - 0.27275472126) < 1e-9, String(volatility))
    assert.deepEqual(rest, {
      symbol: 'UP',
      interval: '1d',
      adjust: 'splits',
      provider: 'alpha-vantage',
      as_of: null,
      bars: 10,
      first: { value: 100, session: '2024-05-06' },
      last: { value: 112, session: '2024-05-17' },
      high: { value: 113, session: '2024-05-17' },
      low: { value: 99, session: '2024-05-06' },
      annualised_return: null,
      average_volume: 5500,
      max_drawdown: { depth: 101 / 102 - 1, peak: '2024-05-07', trough: '2024-05-08' },
      best: { value: 104 / 101 - 1, session: '2024-05-09' },
      worst: { value: 101 / 102 - 1, session: '2024-05-08' },
      warnings: ['The store knows of no splits or dividends of UP, so that nothing was adjusted.'],
    })
  })

  it('is of the range asked for', async () => {
    const { body } = await ask(app, `${STOCKS}/UP/summary?from=2024-05-08&until=2024-05-10`)
    assert.deepEqual(
      [body['bars'], body['first'], body['last']],
      [2, { value: 101, session: '2024-05-08' }, { value: 104, session: '2024-05-09' }],
    )
  })

  it('is of prices as the caller names them', async () => {
    assert.ok(Math.abs((await splitReturn('splits')) - -0.51) < 1e-12)
    assert.ok(Math.abs((await splitReturn('none')) - -0.755) < 1e-12)
  })

  it('has nothing to say of a stock without bars, and refuses minutes', async () => {
    await addInstrument(pool, { symbol: 'EMPTY' })
    const { body } = await ask(app, `${STOCKS}/EMPTY/summary`)
    assert.deepEqual([body['bars'], body['first'], body['total_return']], [0, null, null])
    const minutes = await ask(app, `${STOCKS}/UP/summary?interval=1m`)
    assert.deepEqual([minutes.status, minutes.body['code']], [400, 'INTERVAL_UNSUPPORTED'])
    assert.equal((await ask(app, `${STOCKS}/NONE/summary`)).status, 404)
  })
})

describe('indicators', () => {
  it('are rows with a value a line, null until there are enough bars', async () => {
    const { body } = await ask(app, `${STOCKS}/UP/indicators?indicators=sma:3,obv`)
    assert.deepEqual(body['indicators'], [
      { name: 'sma', title: 'simple moving average', lines: ['sma_3'] },
      { name: 'obv', title: 'on-balance volume, from the first bar shown', lines: ['obv'] },
    ])
    assert.deepEqual(body.data.slice(0, 4), [
      { session: '2024-05-06', close: 100, sma_3: null, obv: 1000 },
      { session: '2024-05-07', close: 102, sma_3: null, obv: 3000 },
      { session: '2024-05-08', close: 101, sma_3: 101, obv: 0 },
      { session: '2024-05-09', close: 104, sma_3: 307 / 3, obv: 4000 },
    ])
  })

  it('are the same whatever the range and the page', async () => {
    const wanted = 'indicators=ema:10,rsi:5,macd:3:6:4,adx:5,bollinger:8,obv&limit=1000'
    const whole = await ask(app, `${STOCKS}/LONG/indicators?${wanted}`)
    const from = whole.body.data[600]!['session'] as string
    const part = await ask(app, `${STOCKS}/LONG/indicators?${wanted}&from=${from}`)
    assert.equal(part.body.data.length, 100)
    for (const [i, row] of part.body.data.entries()) {
      for (const [name, value] of Object.entries(row)) {
        if (name === 'obv') continue
        const expected = whole.body.data[600 + i]![name]
        if (typeof value !== 'number') assert.equal(value, expected)
        else assert.ok(Math.abs(value - (expected as number)) < 1e-9, `${name} of row ${i}`)
      }
    }
    const paged: unknown[] = []
    for (let next: unknown = null, n = 0; n === 0 || next !== null; n += 1) {
      const cursor = next === null ? '' : `&cursor=${next as string}`
      const url = `${STOCKS}/LONG/indicators?indicators=obv,sma:4&limit=300${cursor}`
      const { body } = await ask(app, url)
      paged.push(...body.data)
      next = body['next']
    }
    const all = await ask(app, `${STOCKS}/LONG/indicators?indicators=obv,sma:4&limit=1000`)
    assert.deepEqual(paged, all.body.data)
  })

  it('are refused by name', async () => {
    const codes = async (indicators: string) => {
      const url = `${STOCKS}/UP/indicators?indicators=${indicators}`
      const { status, body } = await ask(app, url)
      return [status, body['code']]
    }
    assert.deepEqual(await codes('smaa:3'), [400, 'INDICATOR_UNKNOWN'])
    assert.deepEqual(await codes('sma:0'), [400, 'INDICATOR_INVALID'])
    assert.deepEqual(await codes(Array(21).fill('sma').join(',')), [400, 'PARAMETER_INVALID'])
    assert.equal((await ask(app, `${STOCKS}/UP/indicators`)).status, 400)
  })
})

describe('the overview of the market', () => {
  it('counts who rose and fell on the newest session, a split not being a fall', async () => {
    const { status, body } = await ask(app, '/api/v1/analytics/market/overview')
    assert.equal(status, 200)
    assert.deepEqual([body['session'], body['symbols'], body['stale']], ['2024-05-17', 3, 1])
    const losers = body['losers'] as { symbol: string; change: number; previous_close: number }[]
    const split = losers.find(({ symbol }) => symbol === 'SPLIT')!
    assert.equal(split.previous_close, 25)
    assert.ok(Math.abs(split.change - -0.02) < 1e-12)
    const gainers = body['gainers'] as { symbol: string }[]
    assert.ok(gainers.some(({ symbol }) => symbol === 'UP'))
    const active = body['most_active'] as { symbol: string }[]
    assert.deepEqual(active[0]!.symbol, 'LONG')
  })
})

describe('correlation', () => {
  it('is 1 on the diagonal and of the sessions that both have elsewhere', async () => {
    const { body } = await ask(app, '/api/v1/analytics/correlation?symbols=UP,SPLIT,OLD')
    assert.deepEqual(body['symbols'], ['OLD', 'SPLIT', 'UP'])
    const matrix = body['matrix'] as number[][]
    for (const [i, row] of matrix.entries()) assert.ok(Math.abs(row[i]! - 1) < 1e-12)
    // By a short program in Python, of log returns, the last close of SPLIT doubled.
    assert.ok(Math.abs(matrix[1]![2]! - -0.92506550695) < 1e-9, String(matrix[1]![2]))
    assert.equal(matrix[1]![2], matrix[2]![1])
    assert.deepEqual((body['observations'] as number[][])[0], [2, 2, 2])
  })
})
