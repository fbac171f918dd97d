import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../src/clock.ts'

test('the system clock tells the time of the machine', () => {
  const before = Date.now()
  const now = systemClock.now()
  assert.ok(now >= before && now <= Date.now())
})

test('a sleep lasts at least as long as asked', async () => {
  const start = performance.now()
  await systemClock.sleep(5)
  // Node's timers may fire a fraction of a millisecond early by this measure.
  assert.ok(performance.now() - start >= 4)
})

test('a sleep of months ends at once when it is aborted, and not before', async () => {
  const controller = new AbortController()
  const sleeping = systemClock.sleep(100 * 86_400_000, controller.signal)
  const first = await Promise.race([sleeping.catch(() => 'slept'), systemClock.sleep(5)])
  assert.equal(first, undefined)
  controller.abort()
  await assert.rejects(sleeping, { name: 'AbortError' })
})
