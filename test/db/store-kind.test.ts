/** A store is real or simulated for good. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimStore, findStoreKind } from '../../src/db/store-kind.ts'
import { makeDatabase } from '../support/database.ts'

test('the first claim decides, and the other kind is refused from then on', async (t) => {
  const { pool } = await makeDatabase(t)
  assert.equal(await findStoreKind(pool), null)
  await claimStore(pool, 'simulated')
  await claimStore(pool, 'simulated')
  assert.equal(await findStoreKind(pool), 'simulated')
  await assert.rejects(claimStore(pool, 'real'), { code: 'STORE_SIMULATED', kind: 'config' })
  assert.equal(await findStoreKind(pool), 'simulated')
})

test('of claims at once only one kind wins', async (t) => {
  const { pool } = await makeDatabase(t)
  const kinds = (['real', 'simulated', 'real', 'simulated', 'real', 'simulated'] as const).map(
    (kind) => claimStore(pool, kind).then(() => kind),
  )
  const settled = await Promise.allSettled(kinds)
  const winner = await findStoreKind(pool)
  for (const [index, result] of settled.entries()) {
    const kind = index % 2 === 0 ? 'real' : 'simulated'
    assert.equal(result.status, kind === winner ? 'fulfilled' : 'rejected')
  }
})
