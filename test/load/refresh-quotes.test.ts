/** Quotes and reference data, asked from the simulated exchange over real HTTP and kept. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { addInstrument, findInstrument, updateInstrument } from '../../src/db/instruments.ts'
import { findQuote } from '../../src/db/quotes.ts'
import { findStoreKind } from '../../src/db/store-kind.ts'
import { StockyardError } from '../../src/domain/error.ts'
import type { AskContext } from '../../src/load/ask.ts'
import { refreshQuote } from '../../src/load/refresh-quotes.ts'
import { refreshReference } from '../../src/load/refresh-reference.ts'
import { makeLogger } from '../../src/log.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/index.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

/** Saturday: the last session is that of Friday, 2026-06-05. */
const NOW = Date.parse('2026-06-06T12:00:00-04:00')
const log = makeLogger({ level: 'silent', format: 'json' })
const clock = { now: () => NOW, sleep: () => Promise.resolve() }
const { pool } = await makeDatabase()
const sandbox = await startSandbox({ port: 0, clock: () => NOW })
const client = makeHttpClient({ clock, log, retries: 1, deadlineMs: 5000 })
after(async () => {
  await client.close()
  await sandbox.close()
})
const context: AskContext = {
  pool,
  client,
  clock,
  log,
  config: { key: 'test-key', baseUrl: sandbox.url, budget: 'unlimited' },
  requests: 0,
}

const hasCode = (code: string) => (error: unknown) =>
  error instanceof StockyardError && error.code === code

test('a quote is what the exchange says, and is kept with when it was asked', async () => {
  const quote = await refreshQuote(context, alphaVantage, 'IBM')
  const friday = Date.UTC(2026, 5, 5)
  const truth = sandbox.market.bars({
    symbol: 'IBM',
    interval: '1d',
    from: friday,
    until: friday + 86_400_000,
    hours: 'regular',
  })
  assert.equal(quote.price, truth.close[0])
  assert.equal(quote.sessionDay, friday)
  const { id } = (await findInstrument(pool, 'IBM'))!
  assert.deepEqual(await findQuote(pool, id), { ...quote, observedAt: NOW })
  assert.equal(await findStoreKind(pool), 'simulated')
})

test('a symbol that the vendor does not know leaves nothing behind', async () => {
  await assert.rejects(refreshQuote(context, alphaVantage, 'QQQQX'), hasCode('SYMBOL_UNKNOWN'))
  await assert.rejects(refreshReference(context, alphaVantage, 'QQQQX'), hasCode('SYMBOL_UNKNOWN'))
  assert.equal(await findInstrument(pool, 'QQQQX'), null)
})

test('what a vendor says of an instrument is kept, marked as simulated', async () => {
  const said = await refreshReference(context, alphaVantage, 'IBM')
  assert.match(said.name ?? '', /\(SIMULATED\)$/)
  assert.equal(said.currency, 'USD')
  assert.equal(said.kind, 'stock')
  const metadata = said.metadata['alpha-vantage'] as Record<string, unknown>
  assert.equal(metadata['Country'], 'USA')
  assert.ok(!('PEGRatio' in metadata) || metadata['PEGRatio'] !== null, 'nulls are not kept')
  const again = await findInstrument(pool, 'IBM')
  assert.deepEqual(again, said)
})

test('what a vendor leaves out stays as it was known, field by field', async () => {
  const { id } = await addInstrument(pool, {
    symbol: 'VOD.L',
    sector: 'Telecom',
    name: 'Old name',
  })
  await updateInstrument(pool, id, { currency: 'GBP' })
  const silent = {
    ok: true,
    symbol: 'VOD.L',
    name: 'Vodafone Group Plc',
    kind: 'other',
    exchange: null,
    currency: null,
    sector: null,
    industry: null,
    listedDay: Date.UTC(1988, 9, 26),
    metadata: { b: 2, c: null },
  } as const
  const first = { ...silent, name: null, metadata: { a: 1, b: 1 } }
  for (const answer of [first, silent]) {
    await refreshReference(context, { ...alphaVantage, parseOverview: () => answer }, 'vod.l')
  }
  const found = (await findInstrument(pool, 'VOD.L'))!
  assert.equal(found.name, 'Vodafone Group Plc')
  assert.deepEqual([found.kind, found.exchange], ['stock', 'XLON'], 'read off the symbol')
  assert.deepEqual([found.sector, found.currency], ['Telecom', 'GBP'])
  assert.equal(found.listedDay, Date.UTC(1988, 9, 26))
  assert.deepEqual(found.metadata, { 'alpha-vantage': { a: 1, b: 2 } })
})

test('an answer for another symbol is refused and not kept', async () => {
  const other = {
    ...alphaVantage,
    parseQuote: () =>
      ({
        ok: true,
        symbol: 'MSFT',
        price: 1,
        open: null,
        high: null,
        low: null,
        previousClose: null,
        volume: null,
        sessionDay: 0,
      }) as const,
  }
  await assert.rejects(refreshQuote(context, other, 'AAPL'), hasCode('ANSWER_OTHER_SYMBOL'))
  assert.equal(await findInstrument(pool, 'AAPL'), null)
})
