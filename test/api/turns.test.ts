/** Heavy work takes turns. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ownTurn } from '../../src/api/turns.ts'

it('lets others go between pieces of heavy work that were asked for at once', async () => {
  const seen: string[] = []
  const work = async (name: string) => {
    await ownTurn()
    seen.push(name)
    setImmediate(() => seen.push(`after ${name}`))
  }
  await Promise.all([work('a'), work('b'), work('c')])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(seen, ['a', 'after a', 'b', 'after b', 'c', 'after c'])
})
