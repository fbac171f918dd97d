import assert from 'node:assert/strict'
import test from 'node:test'
import { toInt64 } from '../../src/formats/int64.ts'

test('whole numbers of every size are what BigInt makes of them', () => {
  const edges = [
    0,
    1,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 53,
    -(2 ** 53),
  ]
  const values = [
    ...edges,
    -(2 ** 31),
    -(2 ** 32),
    -(2 ** 32) - 1,
    Date.UTC(1962, 0, 2),
    Date.UTC(2026, 5, 1),
  ]
  assert.deepEqual([...toInt64(Float64Array.from(values))], values.map(BigInt))
})

test('absent ones are zero, and parts of shares are rounded', () => {
  assert.deepEqual([...toInt64(Float64Array.of(Number.NaN, 1.4, 1.5, -0))], [0n, 1n, 2n, 0n])
})
