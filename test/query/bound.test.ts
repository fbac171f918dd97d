/** Dates and instants as people write them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseBound } from '../../src/query/bound.ts'

describe('bounds of time', () => {
  it('reads a plain date as a day', () => {
    assert.deepEqual(parseBound(' 2024-02-29 ', 'from'), { kind: 'day', day: 1_709_164_800_000 })
  })

  it('reads an instant with its offset', () => {
    // 2024-01-02 14:30 UTC is 1704205800 seconds after 1970.
    const at = 1_704_205_800_000
    const spellings = [
      '2024-01-02T14:30:00Z',
      '2024-01-02T14:30Z',
      '2024-01-02 14:30:00z',
      '2024-01-02T09:30:00-05:00',
      '2024-01-02T20:00:00.000+0530',
      // What is left of "+00:00" in a query string.
      '2024-01-02T14:30:00 00:00',
    ]
    for (const text of spellings) {
      assert.deepEqual(parseBound(text, 'from'), { kind: 'instant', at }, text)
    }
    assert.deepEqual(parseBound('2024-01-02T14:30:00.25Z', 'from'), {
      kind: 'instant',
      at: at + 250,
    })
  })

  it('refuses what is neither, naming the parameter', () => {
    const wrong = ['', 'today', '2024-13-01', '2023-02-29', '2024-1-2', '2024-01-02T14:30:00']
    const odd = [
      '2024-01-02T24:00:00Z',
      '2024-01-02T14:60:00Z',
      '2024-01-02T14:30:00+19:00',
      '1704205800',
    ]
    for (const text of [...wrong, ...odd]) {
      assert.throws(
        () => parseBound(text, 'until'),
        { code: 'DATE_INVALID', message: /^until / },
        text,
      )
    }
  })
})
