/** Storing beside asking: the order of loads, and who is told of a failure. */
import assert from 'node:assert/strict'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { it } from 'node:test'
import { makeLoadTurns } from '../../src/load/load-turns.ts'

/** A load that is done when told so. */
function makeLoad(done: string[], name: string) {
  const gate = Promise.withResolvers<void>()
  const load = async () => {
    done.push(`${name} begins`)
    await gate.promise
    done.push(`${name} ends`)
  }
  return { load, end: () => gate.resolve(), fail: (error: Error) => gate.reject(error) }
}

it('waits for the first load, and for each later one only when the next is handed over', async () => {
  const done: string[] = []
  const turns = makeLoadTurns()
  const [first, second, third] = ['first', 'second', 'third'].map((name) => makeLoad(done, name))
  const added = turns.add(first!.load).then(() => done.push('first handed over'))
  await turnOfLoop()
  assert.deepEqual(done, ['first begins'])
  first!.end()
  await added
  await turns.add(second!.load)
  done.push('second handed over')
  const last = turns.add(third!.load).then(() => done.push('third handed over'))
  await turnOfLoop()
  second!.end()
  await last
  third!.end()
  await turns.settle()
  assert.deepEqual(done, [
    'first begins',
    'first ends',
    'first handed over',
    'second begins',
    'second handed over',
    'second ends',
    'third begins',
    'third handed over',
    'third ends',
  ])
})

it('begins no load after one that failed, and tells of the failure', async () => {
  const done: string[] = []
  const turns = makeLoadTurns()
  const [first, second, third] = ['first', 'second', 'third'].map((name) => makeLoad(done, name))
  first!.end()
  await turns.add(first!.load)
  await turns.add(second!.load)
  second!.fail(new Error('the disk is full'))
  await turnOfLoop()
  await assert.rejects(turns.add(third!.load), /the disk is full/)
  await assert.rejects(turns.settle(), /the disk is full/)
  assert.deepEqual(done, ['first begins', 'first ends', 'second begins'])
})

it('tells at once that the first load failed', async () => {
  const turns = makeLoadTurns()
  const refused = turns.add(() => Promise.reject(new Error('the store holds simulated data')))
  await assert.rejects(refused, /simulated/)
})

it('settles at once where there was no load', async () => {
  await makeLoadTurns().settle()
})
