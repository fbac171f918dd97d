/** Whose work and whose archived answers a former symbol means. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseEntry } from '../../src/archive/entry.ts'
import { inTransaction } from '../../src/db/connect.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { renameSymbol } from '../../src/db/symbols.ts'
import { findOwners, followRenames } from '../../src/load/follow-renames.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()
await addInstrument(pool, { symbol: 'FB' })
await inTransaction(pool, (connection) =>
  renameSymbol(connection, {
    from: 'FB',
    to: 'META',
    day: Date.parse('2022-06-09'),
    replace: false,
  }),
)

/** An archived answer for a symbol; `asked` is the first day that the call named. */
function answer(symbol: string, received: string, asked: string | null) {
  const entry = parseEntry(
    received.slice(0, 10),
    JSON.stringify({
      received_at: received,
      provider: 'polygon',
      symbol,
      interval: '1d',
      base_url: 'https://api.polygon.io',
      path: '/x',
      params: {},
      asked: asked === null ? null : [asked, '2030-01-01'],
      covers: null,
      status: 200,
      content_type: 'application/json',
      simulated: false,
      outcome: 'data',
      sha256: '0'.repeat(64),
      bytes: 1,
    }),
  )
  return entry!
}

it('work that names a former symbol is done under the present one, once, and told', async () => {
  const { symbols, notes } = await followRenames(pool, ['FB', 'META', 'AAPL'])
  assert.deepEqual(symbols, ['META', 'AAPL'])
  assert.deepEqual([...notes], [['META', 'FB is META since 2022-06-09']])
})

it('an archived answer is for what had its symbol on the first day that was asked for', async () => {
  await addInstrument(pool, { symbol: 'FB' })
  const cases = [
    [answer('FB', '2026-01-02T10:00:00Z', '2019-01-01'), 'META'],
    [answer('FB', '2026-01-02T10:00:00Z', '2025-07-01'), 'FB'],
    [answer('FB', '2021-01-02T10:00:00Z', null), 'META'],
    [answer('FB', '2026-01-02T10:00:00Z', null), 'FB'],
    [answer('META', '2026-01-02T10:00:00Z', '2015-01-01'), 'META'],
    [answer('IBM', '2026-01-02T10:00:00Z', null), 'IBM'],
  ] as const
  const ownerOf = await findOwners(
    pool,
    cases.map(([entry]) => entry),
  )
  assert.deepEqual(
    cases.map(([entry]) => ownerOf(entry)),
    cases.map(([, owner]) => owner),
  )
})
