/** Former and new symbols that a vendor tells of: taken over as dated aliases, and never by joining two listings. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import { inTransaction, type Pool } from '../../src/db/connect.ts'
import { addInstrument, getInstrument, mergeReference } from '../../src/db/instruments.ts'
import { listAliases, renameSymbol } from '../../src/db/symbols.ts'
import { formatDate, parseDay } from '../../src/domain/date.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { refreshReference } from '../../src/load/refresh-reference.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { polygon } from '../../src/providers/polygon/index.ts'
import { readFindings } from '../../src/query/findings.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const NOW = Date.parse('2024-06-15T16:00:00Z')
const clock = { now: () => NOW, sleep: () => Promise.resolve() }
const DAY = parseDay('2024-06-12')

let pool: Pool
let sandbox: Awaited<ReturnType<typeof startSandbox>>
let context: Parameters<typeof refreshReference>[0]
beforeEach(async (given) => {
  const t = given as TestContext
  ;({ pool } = await makeDatabase(t))
  sandbox = await startSandbox({ port: 0, clock: clock.now })
  const client = makeHttpClient({ clock, log, retries: 0 })
  t.after(() => client.close())
  t.after(() => sandbox.close())
  const config = { key: 'a-key', baseUrl: sandbox.url, budget: 'unlimited' }
  context = { pool, client, clock, log, config, requests: 0 }
})

const text = (day: number | null) => (day === null ? null : formatDate(day))

async function aliasesOf(symbol: string): Promise<unknown[]> {
  const { id } = await getInstrument(pool, symbol)
  return (await listAliases(pool, id)).map((alias) => [
    alias.symbol,
    text(alias.fromDay),
    text(alias.untilDay),
  ])
}

const RENAMED = [
  ['META', null, '2024-06-12'],
  ['METX', '2024-06-12', null],
]

async function fetchDays(symbol: string) {
  return await fetchAll(
    { ...context, configs: { polygon: context.config } },
    {
      symbols: [symbol],
      intervals: ['1d'],
      providers: [polygon],
      from: parseDay('2024-06-10'),
      until: parseDay('2024-06-15'),
      force: false,
      defaultDays: 20,
    },
  )
}

describe('what a vendor tells of symbols', () => {
  it('gives a symbol that is new here its former ones, so that its history is found under them', async () => {
    sandbox.market.events.rename({ from: 'META', to: 'METX', day: DAY })
    const { symbol } = await refreshReference(context, polygon, 'METX')
    assert.deepEqual([symbol, context.requests], ['METX', 2])
    assert.deepEqual(await aliasesOf('METX'), RENAMED)
    assert.equal((await getInstrument(pool, 'META')).symbol, 'METX')
    const { tasks, inserted } = await fetchDays('METX')
    assert.deepEqual([tasks[0]!.error, inserted], [null, 5])
    // Said again, nothing changes.
    await refreshReference(context, polygon, 'METX')
    assert.deepEqual(await aliasesOf('METX'), RENAMED)
    assert.deepEqual(await readFindings(pool), [])
  })

  it('renames what is gone under its symbol', async () => {
    await fetchDays('META')
    sandbox.market.events.rename({ from: 'META', to: 'METX', day: DAY })
    const { symbol, name } = await refreshReference(context, polygon, 'META')
    assert.equal(symbol, 'METX')
    assert.match(name!, /^Meta Platforms/)
    assert.deepEqual(await aliasesOf('META'), RENAMED)
  })

  it('leaves a rename of a day to come for then', async () => {
    sandbox.market.events.rename({ from: 'META', to: 'METX', day: parseDay('2024-06-18') })
    await refreshReference(context, polygon, 'META')
    assert.deepEqual(await aliasesOf('META'), [['META', null, null]])
  })

  it('never joins two listings, and tells of it until they are one', async () => {
    await fetchDays('META')
    const { id } = await addInstrument(pool, { symbol: 'METX' })
    await mergeReference(pool, id, {
      provider: 'polygon',
      name: 'Another company',
      kind: 'stock',
      exchange: null,
      currency: null,
      sector: null,
      industry: null,
      listedDay: null,
      delistedDay: null,
      metadata: {},
    })
    sandbox.market.events.rename({ from: 'META', to: 'METX', day: DAY })
    await assert.rejects(refreshReference(context, polygon, 'META'), { code: 'SYMBOL_UNKNOWN' })
    await refreshReference(context, polygon, 'METX')
    assert.deepEqual(await aliasesOf('META'), [['META', null, null]])
    assert.deepEqual(await aliasesOf('METX'), [['METX', null, null]])
    const found = await readFindings(pool)
    assert.deepEqual(
      found.map(({ symbol, rule, from, provider }) => [symbol, rule, from, provider]),
      [
        ['META', 'rename-unclear', '2024-06-12', 'polygon'],
        ['METX', 'rename-unclear', '2024-06-12', 'polygon'],
      ],
    )
    assert.match(found[0]!.message, /META is METX since 2024-06-12, which was not taken over/)
    assert.match(found[1]!.message, /stockyard symbols rename META METX --on 2024-06-12 --merge/)
    const rename = { from: 'META', to: 'METX', day: DAY, merge: true, replace: false }
    await inTransaction(pool, (connection) => renameSymbol(connection, rename))
    await refreshReference(context, polygon, 'METX')
    const open = (await readFindings(pool)).filter(({ symbol }) => symbol === 'METX')
    assert.deepEqual(open, [])
  })

  it('changes nothing that a person recorded, and keeps nothing back where it does not come', async () => {
    await addInstrument(pool, { symbol: 'FORM' })
    const by = { from: 'FORM', to: 'METX', day: parseDay('2024-06-11'), replace: false }
    await inTransaction(pool, (connection) => renameSymbol(connection, by))
    sandbox.market.events.rename({ from: 'META', to: 'METX', day: DAY })
    await refreshReference(context, polygon, 'METX')
    assert.deepEqual((await aliasesOf('METX')).length, 2)
    sandbox.faults.add({ fault: 'http-403', match: { function: 'events' } })
    const { name } = await refreshReference(context, polygon, 'IBM')
    assert.match(name!, /^International Business/)
  })
})
