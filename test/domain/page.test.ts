/** Pages: what a merge makes of overlapping, repeated and reordered answers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { barAt, makeBatch, takeBars, type BarBatch } from '../../src/domain/bar-batch.ts'
import { mergePage, removeBars, type Page } from '../../src/domain/page.ts'

const PAGE = Date.UTC(2024, 0, 2)
const MINUTE = 60_000

/** Bars at the given minutes of the page, with a close of their own. */
function barsOf(rows: readonly (readonly [minute: number, close: number])[]): BarBatch {
  const batch = makeBatch(rows.length)
  rows.forEach(([minute, close], i) => {
    batch.ts[i] = PAGE + minute * MINUTE
    batch.open[i] = close
    batch.high[i] = close + 1
    batch.low[i] = close - 1
    batch.close[i] = close
    batch.volume[i] = minute * 10
  })
  return batch
}

function seen(
  rows: readonly (readonly [number, number])[],
  options: { observedAt?: number; provisional?: boolean } = {},
) {
  const bars = barsOf(rows)
  return {
    startsOn: PAGE,
    bars,
    provisional: new Uint8Array(bars.length).fill(options.provisional ? 1 : 0),
    observedAt: options.observedAt ?? 1,
  }
}

function closes(page: Page): [number, number][] {
  return Array.from(page.bars.ts, (ts, i) => [(ts - PAGE) / MINUTE, page.bars.close[i]!])
}

describe('merging a page', () => {
  it('takes all bars of an answer when there is no page yet', () => {
    const merged = mergePage(
      null,
      seen([
        [1, 10],
        [2, 11],
      ]),
    )
    assert.deepEqual(closes(merged.page), [
      [1, 10],
      [2, 11],
    ])
    assert.deepEqual(
      [merged.inserted, merged.updated, merged.unchanged, merged.changed, merged.revised],
      [2, 0, 0, true, 0],
    )
  })

  it('changes nothing when the answer repeats the page', () => {
    const first = mergePage(
      null,
      seen([
        [1, 10],
        [2, 11],
      ]),
    ).page
    const again = mergePage(
      first,
      seen(
        [
          [1, 10],
          [2, 11],
        ],
        { observedAt: 5 },
      ),
    )
    assert.equal(again.changed, false)
    assert.equal(again.unchanged, 2)
    assert.equal(again.page, first)
  })

  it('tells absent values apart from values', () => {
    const first = mergePage(null, seen([[1, 10]])).page
    const answer = seen([[1, 10]], { observedAt: 2 })
    answer.bars.vwap[0] = 10.5
    const merged = mergePage(first, answer)
    assert.equal(merged.updated, 1)
    assert.equal(merged.page.bars.vwap[0], 10.5)
  })

  it('keeps bars that an answer lacks', () => {
    const first = mergePage(
      null,
      seen([
        [1, 10],
        [2, 11],
        [3, 12],
      ]),
    ).page
    const merged = mergePage(first, seen([[2, 11]], { observedAt: 2 }))
    assert.equal(merged.changed, false)
    assert.equal(merged.page.bars.length, 3)
  })

  it('calls a changed final bar a revision, and a changed provisional one not', () => {
    const final = mergePage(null, seen([[1, 10]])).page
    const revised = mergePage(final, seen([[1, 10.5]], { observedAt: 2 }))
    assert.deepEqual([revised.updated, revised.revised], [1, 1])

    const live = mergePage(null, seen([[1, 10]], { provisional: true })).page
    const moved = mergePage(live, seen([[1, 10.5]], { provisional: true, observedAt: 2 }))
    assert.deepEqual([moved.updated, moved.revised], [1, 0])
  })

  it('writes a page whose bars became final though no value changed, and counts no update', () => {
    const live = mergePage(null, seen([[1, 10]], { provisional: true })).page
    const settled = mergePage(live, seen([[1, 10]], { observedAt: 2 }))
    assert.deepEqual([settled.changed, settled.updated, settled.unchanged], [true, 0, 1])
    assert.equal(settled.page.provisional[0], 0)
  })

  it('never lets a provisional value replace a final one', () => {
    const final = mergePage(null, seen([[1, 10]])).page
    const late = mergePage(final, seen([[1, 9]], { provisional: true, observedAt: 2 }))
    assert.equal(late.changed, false)
    assert.deepEqual(closes(late.page), [[1, 10]])
  })

  it('adds bars from an answer older than the page but changes none by it', () => {
    const page = mergePage(null, seen([[1, 10]], { observedAt: 9 })).page
    const merged = mergePage(
      page,
      seen(
        [
          [1, 8],
          [2, 11],
        ],
        { observedAt: 3 },
      ),
    )
    assert.deepEqual(closes(merged.page), [
      [1, 10],
      [2, 11],
    ])
    assert.deepEqual([merged.inserted, merged.updated, merged.unchanged], [1, 0, 1])
    assert.equal(merged.page.observedAt, 9)
  })

  it('revises nothing by a bar that turns up, among final ones or after them', () => {
    const page = mergePage(
      null,
      seen([
        [1, 10],
        [3, 12],
      ]),
    ).page
    assert.equal(mergePage(page, seen([[2, 11]], { observedAt: 2 })).revised, 0)
    assert.equal(mergePage(page, seen([[4, 13]], { observedAt: 2 })).revised, 0)
  })
})

const at = (minute: number) => PAGE + minute * MINUTE

describe('removing bars from a page', () => {
  const page = mergePage(
    mergePage(
      null,
      seen([
        [1, 10],
        [2, 11],
        [3, 12],
      ]),
    ).page,
    seen([[4, 13]], { provisional: true, observedAt: 2 }),
  ).page

  it('leaves the others, and tells how many went and how many of them were final', () => {
    const { page: left, removed, revised } = removeBars(page, [at(2), at(4), at(9)], 5)
    assert.deepEqual(closes(left), [
      [1, 10],
      [3, 12],
    ])
    assert.deepEqual([removed, revised, left.observedAt], [2, 1, 5])
    assert.deepEqual([...left.provisional], [0, 0])
  })

  it('leaves the page as it is where it has none of them', () => {
    assert.deepEqual(removeBars(page, [at(9)], 5), { page, removed: 0, revised: 0 })
  })

  it('can leave it empty', () => {
    assert.equal(removeBars(page, page.bars.ts, 5).page.bars.length, 0)
  })
})

describe('merging in any order', () => {
  // The truth is one close a minute; batches are arbitrary subsets of it.
  const truth = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 999 })),
    {
      minLength: 1,
      maxLength: 60,
      selector: ([minute]) => minute,
    },
  )

  it('gives the page of the whole truth for any overlap, any split and any order', () => {
    fc.assert(
      fc.property(truth, fc.infiniteStream(fc.nat()), (rows, random) => {
        const sorted = [...rows].sort((a, b) => a[0] - b[0])
        const whole = barsOf(sorted)
        const pick = () => random.next().value as number
        const batches = Array.from({ length: 1 + (pick() % 6) }, () =>
          sorted.map((_, index) => index).filter(() => pick() % 2 === 0),
        )
        // Every bar is in some batch.
        batches.push(
          sorted
            .map((_, index) => index)
            .filter((index) => batches.every((b) => !b.includes(index))),
        )
        const order = batches.map((batch) => ({ batch, key: pick() })).sort((a, b) => a.key - b.key)
        let page: Page | null = null
        let inserted = 0
        for (const { batch } of order) {
          const bars = takeBars(whole, batch)
          const merged = mergePage(page, {
            startsOn: PAGE,
            bars,
            provisional: new Uint8Array(bars.length),
            observedAt: 1,
          })
          assert.equal(merged.inserted + merged.updated + merged.unchanged, bars.length)
          assert.equal(merged.updated, 0)
          inserted += merged.inserted
          page = merged.page
        }
        assert.deepEqual(closes(page!), sorted)
        assert.equal(inserted, sorted.length)
      }),
      { numRuns: 300 },
    )
  })

  it('ends with the newest value of each bar, whichever answer is loaded first to last in time', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.uniqueArray(
            fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 9 })),
            {
              selector: ([minute]) => minute,
            },
          ),
          { minLength: 1, maxLength: 8 },
        ),
        (answers) => {
          const expected = new Map<number, number>()
          let page: Page | null = null
          answers.forEach((rows, index) => {
            const sorted = [...rows].sort((a, b) => a[0] - b[0])
            for (const [minute, close] of sorted) expected.set(minute, close)
            page = mergePage(page, seen(sorted, { observedAt: index })).page
          })
          assert.deepEqual(
            closes(page!),
            [...expected].sort((a, b) => a[0] - b[0]),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  it('leaves every value of a bar as it came', () => {
    const batch = barsOf([[5, 10.25]])
    batch.trades[0] = 7
    const merged = mergePage(null, {
      startsOn: PAGE,
      bars: batch,
      provisional: new Uint8Array(1),
      observedAt: 1,
    })
    assert.deepEqual(barAt(merged.page.bars, 0), {
      ts: PAGE + 5 * MINUTE,
      open: 10.25,
      high: 11.25,
      low: 9.25,
      close: 10.25,
      volume: 50,
      vwap: null,
      trades: 7,
    })
  })
})
