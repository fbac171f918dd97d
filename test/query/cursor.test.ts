/** Cursors. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeCursor, encodeCursor } from '../../src/query/cursor.ts'

function refuses(cursor: string): void {
  assert.throws(() => decodeCursor(cursor, 'bars', ['number']), { code: 'CURSOR_INVALID' }, cursor)
}

describe('cursors', () => {
  it('give back the key that they were made of', () => {
    const cursor = encodeCursor('bars', [7, 'desc', 1_704_205_800_000])
    assert.match(cursor, /^[A-Za-z0-9_-]+$/)
    assert.deepEqual(decodeCursor(cursor, 'bars', ['number', 'string', 'number']), [
      7,
      'desc',
      1_704_205_800_000,
    ])
  })

  it('are refused by another list, with other parts, or when they are not cursors', () => {
    refuses(encodeCursor('stocks', [7]))
    refuses(encodeCursor('bars', ['7']))
    refuses(encodeCursor('bars', [7, 8]))
    for (const text of ['', 'x', 'bnVsbA', '%%%', Buffer.from('{"0":1}').toString('base64url')]) {
      refuses(text)
    }
  })
})
