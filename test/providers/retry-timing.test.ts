import assert from 'node:assert/strict'
import test from 'node:test'
import {
  isTransientStatus,
  parseRetryAfter,
  retryWaitMs,
} from '../../src/providers/retry-timing.ts'

const NOW = Date.UTC(2026, 2, 2, 12, 0, 0)

test('Retry-After is read as seconds or as an HTTP date, and nothing else', () => {
  const cases: [string | undefined, number | null][] = [
    ['0', 0],
    ['7', 7_000],
    [' 120 ', 120_000],
    ['1000000000', 1_000_000_000_000],
    ['Mon, 02 Mar 2026 12:00:09 GMT', 9_000],
    ['Mon, 02 Mar 2026 11:59:00 GMT', 0],
    ['Tue, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - NOW],
    ['-5', null],
    ['1.5', null],
    ['soon', null],
    ['', null],
    ['Mon, 99 Abc 2026 12:00:09 GMT', null],
    ['2026-03-02T12:00:09Z', null],
    [undefined, null],
  ]
  for (const [header, expected] of cases)
    assert.equal(parseRetryAfter(header, NOW), expected, header)
})

test('what a vendor asks for is waited, up to two minutes', () => {
  const asked = [0, 7_000, 120_000, 120_001, 1e15]
  const waits = asked.map((retryAfterMs) => retryWaitMs(1, { status: 503, retryAfterMs }, 0.5))
  assert.deepEqual(waits, [0, 7_000, 120_000, 120_000, 120_000])
})

test('without it the wait is a random part of a step that doubles up to 30 seconds', () => {
  const cause = { status: 503, retryAfterMs: null }
  const most = [1, 2, 3, 4, 5, 6, 7, 20].map((tries) => retryWaitMs(tries, cause, 1))
  assert.deepEqual(most, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  assert.equal(retryWaitMs(3, cause, 0), 0)
  assert.equal(retryWaitMs(3, cause, 0.25), 1_000)
})

test('after a 429 there is at least a second', () => {
  assert.equal(retryWaitMs(1, { status: 429, retryAfterMs: null }, 0), 1_000)
  assert.equal(retryWaitMs(1, { status: 429, retryAfterMs: null }, 0.5), 1_500)
})

test('only statuses that may pass are tried again', () => {
  const statuses = [200, 204, 304, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503, 504, 520]
  assert.deepEqual(statuses.filter(isTransientStatus), [408, 429, 500, 502, 503, 504, 520])
})
