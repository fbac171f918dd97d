/** What symbols are, asked for unbidden on the simulated exchange: seldom, once, and after all else. */
import assert from 'node:assert/strict'
import { after, beforeEach, describe, it } from 'node:test'
import type { Pool } from '../../src/db/connect.ts'
import { addInstrument, getInstrument, updateInstrument } from '../../src/db/instruments.ts'
import { claimStore } from '../../src/db/store-kind.ts'
import { keepReference } from '../../src/load/keep-reference.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

const DAY_MS = 86_400_000
const START = Date.parse('2026-06-06T12:00:00-04:00')
const FIVE = ['AAPL', 'AMZN', 'GOOGL', 'MSFT', 'TSLA']
const log = makeLogger({ level: 'silent', format: 'json' })
let now = START
const clock = { now: () => now, sleep: () => Promise.resolve() }
const sandbox = await startSandbox({ port: 0, clock: clock.now })
const client = makeHttpClient({ clock, log, retries: 0 })
after(async () => {
  await client.close()
  await sandbox.close()
})
let pool: Pool
beforeEach(async (t) => {
  pool = (await makeDatabase(t as never)).pool
  now = START
})

interface Asking {
  readonly providers?: readonly Provider[]
  readonly budget?: string
  readonly baseUrl?: string
}

/** Calls that asking took. */
async function ask(symbols: readonly string[], options: Asking = {}): Promise<number> {
  const { providers = [alphaVantage], budget = 'unlimited', baseUrl = sandbox.url } = options
  const before = sandbox.calls.count()
  const config = { key: 'sandbox-key', baseUrl, budget }
  const configs = Object.fromEntries(providers.map(({ id }) => [id, config]))
  await keepReference({ pool, client, clock, log, configs }, symbols, providers)
  return sandbox.calls.count() - before
}

async function watch(symbols: readonly string[]): Promise<void> {
  for (const symbol of symbols) await addInstrument(pool, { symbol, watched: true })
}

async function namesOf(symbols: readonly string[]): Promise<string[]> {
  const found = await Promise.all(symbols.map((symbol) => getInstrument(pool, symbol)))
  return found.filter(({ name }) => name !== null).map(({ symbol }) => symbol)
}

describe('asking what symbols are', () => {
  it('asks for three a day, each once', async () => {
    await watch(FIVE)
    assert.deepEqual([await ask(FIVE), await ask(FIVE)], [3, 0])
    assert.deepEqual(await namesOf(FIVE), ['AAPL', 'AMZN', 'GOOGL'])
    now += DAY_MS - 1000
    assert.equal(await ask(FIVE), 0)
    now += 1000
    assert.deepEqual([await ask(FIVE), await ask(FIVE)], [2, 0])
    assert.deepEqual(await namesOf(FIVE), FIVE)
    now += 30 * DAY_MS
    assert.equal(await ask(FIVE), 0)
  })

  it('leaves what a person said', async () => {
    await watch(['IBM'])
    const { id } = await getInstrument(pool, 'IBM')
    await updateInstrument(pool, id, { name: 'Big Blue', sector: null })
    assert.equal(await ask(['IBM']), 1)
    const { name, currency } = await getInstrument(pool, 'IBM')
    assert.deepEqual([name, currency], ['Big Blue', 'USD'])
  })

  it('asks for what nobody knows once a week, of each vendor in turn', async () => {
    await watch(['QQQQX'])
    const providers = [alphaVantage, polygon]
    assert.deepEqual([(await ask(['QQQQX'], { providers })) > 1, await ask(['QQQQX'])], [true, 0])
    now += 7 * DAY_MS - 1000
    assert.equal(await ask(['QQQQX']), 0)
    now += 1000
    assert.equal(await ask(['QQQQX']), 1)
    assert.deepEqual(await namesOf(['QQQQX']), [])
  })

  it('waits for no budget: what could not be asked for is asked for later', async () => {
    await watch(['AAPL', 'AMZN'])
    assert.equal(await ask(['AAPL', 'AMZN'], { budget: '1/day' }), 1)
    assert.deepEqual(await namesOf(['AAPL', 'AMZN']), ['AAPL'])
    assert.equal(await ask(['AAPL', 'AMZN'], { budget: '100/day' }), 1)
    assert.deepEqual(await namesOf(['AAPL', 'AMZN']), ['AAPL', 'AMZN'])
  })

  it('asks no real vendor about a simulated store', async () => {
    await watch(['AAPL'])
    await claimStore(pool, 'simulated')
    await keepReference({ pool, client, clock, log, configs: {} }, ['AAPL'], [alphaVantage])
    const { rows } = await pool.query('SELECT FROM stockyard.budget_calls')
    assert.equal(rows.length, 0)
  })
})
