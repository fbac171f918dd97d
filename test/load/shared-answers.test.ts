/** Calls whose answers are the same for every symbol of a run, and who sends them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareAnswer, type SharedAnswers, type TimedBody } from '../../src/load/shared-answers.ts'

function answer(receivedAt: number): TimedBody {
  const body = { status: 200, contentType: '', bytes: new Uint8Array(), simulated: false }
  return { body, reservedAt: receivedAt, receivedAt }
}

/** Sends that are settled by hand, in the order in which they went out. */
function makeSender() {
  const sent: PromiseWithResolvers<TimedBody>[] = []
  const send = () => {
    const one = Promise.withResolvers<TimedBody>()
    sent.push(one)
    return one.promise
  }
  return { sent, send }
}

test('a call is sent once, however many ask for it before and after its answer', async () => {
  const shared: SharedAnswers = new Map()
  const { sent, send } = makeSender()
  const early = [1, 2].map(() => shareAnswer(shared, 'day', null, send))
  sent[0]!.resolve(answer(5))
  const got = [...(await Promise.all(early)), await shareAnswer(shared, 'day', null, send)]
  assert.deepEqual(
    got.map(({ receivedAt }) => receivedAt),
    [5, 5, 5],
  )
  assert.equal(sent.length, 1)
})

test('an answer that was no good is asked for again by one of those who had it', async () => {
  const shared: SharedAnswers = new Map()
  const { sent, send } = makeSender()
  const bad = answer(5)
  const first = shareAnswer(shared, 'day', null, send)
  sent[0]!.resolve(bad)
  await first
  const again = [1, 2, 3].map(() => shareAnswer(shared, 'day', bad, send))
  await new Promise(setImmediate)
  assert.equal(sent.length, 2)
  sent[1]!.resolve(answer(6))
  assert.deepEqual(
    (await Promise.all(again)).map(({ receivedAt }) => receivedAt),
    [6, 6, 6],
  )
})

test('a call that did not come through fails those who wait for it, and is sent again for the next one', async () => {
  const shared: SharedAnswers = new Map()
  const { sent, send } = makeSender()
  const waiting = [1, 2].map(() => shareAnswer(shared, 'day', null, send))
  sent[0]!.reject(new Error('timed out'))
  for (const { status } of await Promise.allSettled(waiting)) assert.equal(status, 'rejected')
  const later = shareAnswer(shared, 'day', null, send)
  sent[1]!.resolve(answer(7))
  assert.equal((await later).receivedAt, 7)
  assert.equal(sent.length, 2)
})
