import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { BAR_COLUMNS, makeBatch, takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { CheckContext } from '../../src/validate/reject.ts'
import { validateBatch } from '../../src/validate/validate-batch.ts'

const OPEN = Date.parse('2024-01-02T14:30:00Z')
const MINUTE_MS = 60_000
const CONTEXT: CheckContext = {
  interval: '1m',
  calendar: getCalendar('XNYS'),
  from: null,
  until: null,
  now: OPEN + 86_400_000,
  basis: 'raw',
}

interface Row {
  /** Minutes after the opening. */
  readonly minute: number
  readonly close: number
  readonly volume: number
}

function toBatch(rows: readonly Row[]): BarBatch {
  const batch = makeBatch(rows.length)
  rows.forEach((row, i) => {
    batch.ts[i] = OPEN + row.minute * MINUTE_MS
    batch.open[i] = 10
    batch.high[i] = 20
    batch.low[i] = 5
    batch.close[i] = row.close
    batch.volume[i] = row.volume
  })
  return batch
}

function check(rows: readonly Row[]) {
  return validateBatch(
    { batch: toBatch(rows), rawAt: (i) => `row ${JSON.stringify(rows[i])}` },
    CONTEXT,
  )
}

function rowsOf(batch: BarBatch): Row[] {
  return Array.from({ length: batch.length }, (_, i) => ({
    minute: (batch.ts[i]! - OPEN) / MINUTE_MS,
    close: batch.close[i]!,
    volume: batch.volume[i]!,
  }))
}

describe('an answer', () => {
  it('whose rows are all good goes on as it is, without a copy', () => {
    const batch = toBatch([
      { minute: 0, close: 10, volume: 1 },
      { minute: 1, close: 11, volume: 2 },
    ])
    const checked = validateBatch(
      { batch, rawAt: () => assert.fail('raw text was asked for') },
      CONTEXT,
    )
    assert.equal(checked.batch, batch)
    assert.deepEqual(checked.rejects, [])
    assert.equal(checked.duplicates, 0)
  })

  it('without rows is good', () => {
    assert.deepEqual(check([]).rejects, [])
  })

  it('in any order comes out ascending', () => {
    const rows = [2, 0, 1].map((minute) => ({ minute, close: 10, volume: 1 }))
    assert.deepEqual(
      rowsOf(check(rows).batch).map((row) => row.minute),
      [0, 1, 2],
    )
  })

  it('keeps its good rows when others are refused, each with its own raw text', () => {
    const rows = [
      { minute: 2, close: 10, volume: 1 },
      { minute: 1, close: Number.NaN, volume: 1 },
      { minute: 0, close: 10, volume: -5 },
    ]
    const checked = check(rows)
    assert.deepEqual(rowsOf(checked.batch), [rows[0]])
    assert.deepEqual(checked.rejects, [
      {
        rule: 'volume',
        reason: 'The volume -5 is not between 0 and 9007199254740991.',
        raw: 'row {"minute":0,"close":10,"volume":-5}',
        ts: OPEN,
        values: [10, 20, 5, 10, -5, Number.NaN, Number.NaN],
      },
      {
        rule: 'number',
        reason: 'Not a number: close.',
        raw: 'row {"minute":1,"close":null,"volume":1}',
        ts: OPEN + MINUTE_MS,
        values: [10, 20, 5, Number.NaN, 1, Number.NaN, Number.NaN],
      },
    ])
  })

  it('refuses each row by the first rule that it breaks', () => {
    const checked = check([{ minute: 2000, close: Number.NaN, volume: -1 }])
    assert.deepEqual(
      checked.rejects.map((reject) => reject.rule),
      ['number'],
    )
  })

  it('puts rows without a time last, and refuses them', () => {
    const checked = check([
      { minute: Number.NaN, close: 10, volume: 1 },
      { minute: 0, close: 10, volume: 1 },
    ])
    assert.equal(checked.batch.length, 1)
    assert.deepEqual(
      checked.rejects.map(({ rule, ts }) => [rule, ts]),
      [['number', null]],
    )
  })
})

describe('two rows for one bar', () => {
  it('that say the same are one, and are counted', () => {
    const row = { minute: 0, close: 10, volume: 1 }
    const checked = check([row, row, row])
    assert.deepEqual(rowsOf(checked.batch), [row])
    assert.deepEqual([checked.duplicates, checked.rejects.length], [2, 0])
  })

  it('that differ leave the one with more volume, and the other is refused', () => {
    const less = { minute: 0, close: 10, volume: 100 }
    const more = { minute: 0, close: 9, volume: 101 }
    for (const rows of [
      [less, more],
      [more, less],
    ]) {
      const checked = check(rows)
      assert.deepEqual(rowsOf(checked.batch), [more])
      assert.deepEqual(checked.rejects, [
        {
          rule: 'duplicate',
          reason:
            'Another row for 2024-01-02T14:30:00Z was kept; ' +
            'this one says volume 100 instead of 101, close 10 instead of 9.',
          raw: 'row {"minute":0,"close":10,"volume":100}',
          ts: OPEN,
          values: [10, 20, 5, 10, 100, Number.NaN, Number.NaN],
        },
      ])
    }
  })

  it('of the same volume leave the one with the greater close', () => {
    const checked = check([
      { minute: 0, close: 11, volume: 1 },
      { minute: 0, close: 12, volume: 1 },
    ])
    assert.deepEqual(rowsOf(checked.batch), [{ minute: 0, close: 12, volume: 1 }])
  })

  it('leave the one that has a volume', () => {
    const checked = check([
      { minute: 0, close: 12, volume: Number.NaN },
      { minute: 0, close: 11, volume: 0 },
    ])
    assert.deepEqual(rowsOf(checked.batch), [{ minute: 0, close: 11, volume: 0 }])
  })

  it('that say the same in other words leave the same raw text in any order', () => {
    const kept = { minute: 0, close: 9, volume: 2 }
    const other = { minute: 0, close: 10, volume: 1 }
    const texts = ['kept', '10.0', '10.00']
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
    ]) {
      const batch = toBatch(order.map((index) => (index === 0 ? kept : other)))
      const checked = validateBatch({ batch, rawAt: (i) => texts[order[i]!]! }, CONTEXT)
      assert.equal(checked.duplicates, 1)
      assert.deepEqual(
        checked.rejects.map((reject) => reject.raw),
        ['10.0'],
      )
    }
  })

  it('of which one is bad leave the good one, and the bad one is refused for what is wrong', () => {
    const checked = check([
      { minute: 0, close: 10, volume: 1 },
      { minute: 0, close: 21, volume: 9 },
    ])
    assert.deepEqual(rowsOf(checked.batch), [{ minute: 0, close: 10, volume: 1 }])
    assert.deepEqual(
      checked.rejects.map((reject) => reject.rule),
      ['price-order'],
    )
  })
})

describe('any answer', () => {
  const rows = fc.array(
    fc.record({
      minute: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 0, max: 6 }) },
        fc.constantFrom(Number.NaN, -1000, 5000, 0.5, 1e12),
      ),
      close: fc.constantFrom(6, 7, 8, 0, 21, Number.NaN),
      volume: fc.constantFrom(1, 2, Number.NaN, -1),
    }),
    { maxLength: 40 },
  )

  it('gives the same result in any order of its rows', () => {
    const shuffled = rows.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray([...list.keys()], { minLength: list.length, maxLength: list.length }),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([list, order]) => {
        const straight = check(list)
        const mixed = check(order.map((index) => list[index]!))
        assert.deepEqual(mixed, straight)
      }),
    )
  })

  it('is good rows, rejects and duplicates, and nothing else', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const { batch, rejects, duplicates } = check(list)
        assert.equal(batch.length + rejects.length + duplicates, list.length)
        for (let i = 1; i < batch.length; i += 1) assert.ok(batch.ts[i]! > batch.ts[i - 1]!)
        // Each good row is one that came, and each reject's text is of one that came.
        const came = new Set(list.map((row) => JSON.stringify(row)))
        for (const row of rowsOf(batch)) assert.ok(came.has(JSON.stringify(row)))
        for (const { raw } of rejects) assert.ok(came.has(raw.slice('row '.length)))
      }),
    )
  })

  it('leaves the rows as they came', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const batch = toBatch(list)
        const copy = takeBars(batch, [...list.keys()])
        validateBatch({ batch, rawAt: () => '' }, CONTEXT)
        for (const column of BAR_COLUMNS) assert.deepEqual(batch[column], copy[column])
      }),
    )
  })

  it('that has passed passes again unchanged', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const { batch } = check(list)
        const again = validateBatch({ batch, rawAt: () => '' }, CONTEXT)
        assert.equal(again.batch, batch)
      }),
    )
  })
})
