/** Versions of a page: what they say of the past, whatever comes afterwards. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import { mergePage, removeBars, type Page, type PageVersion } from '../../src/domain/page.ts'
import { nextVersion, versionAsOf } from '../../src/domain/page-version.ts'

const PAGE = Date.UTC(2024, 0, 1)

type Row = readonly [day: number, close: number, state?: 'provisional']

function seen(rows: readonly Row[], observedAt: number): Page {
  const bars = makeBatch(rows.length)
  rows.forEach(([day, close], i) => {
    bars.ts[i] = PAGE + day * DAY_MS
    for (const column of ['open', 'high', 'low', 'close'] as const) bars[column][i] = close
  })
  return {
    startsOn: PAGE,
    bars,
    provisional: Uint8Array.from(rows, ([, , state]) => (state === undefined ? 0 : 1)),
    observedAt,
  }
}

/** One page in a store: its current version, and those that were kept with the end of their time. */
function makeStore() {
  let current: PageVersion | null = null
  const kept: { version: PageVersion; until: number }[] = []
  const write = (page: Page, revised: number, now: number) => {
    const { validFrom, known, keepsBefore } = nextVersion(current, { page, revised }, now)
    if (keepsBefore) kept.push({ version: current!, until: now })
    current = page.bars.length === 0 ? null : { ...page, validFrom, known }
  }
  return {
    kept,
    load(rows: readonly Row[], now: number, observedAt: number = now) {
      const merged = mergePage(current, seen(rows, observedAt))
      if (merged.changed) write(merged.page, merged.revised, now)
    },
    remove(days: readonly number[], now: number) {
      if (current === null) return
      const { page, removed, revised } = removeBars(current, days.map(at), now)
      if (removed > 0) write(page, revised, now)
    },
    asOf(instant: number): [number, number][] {
      const all = current === null ? kept : [...kept, { version: current, until: Infinity }]
      const then = all.filter(
        ({ version, until }) => version.validFrom <= instant && instant < until,
      )
      assert.ok(then.length <= 1, 'two versions of one page at once')
      return then.flatMap(({ version }) => {
        const { bars } = versionAsOf(version, instant)
        return Array.from(bars.ts, (ts, i): [number, number] => [
          (ts - PAGE) / DAY_MS,
          bars.close[i]!,
        ])
      })
    },
  }
}

function at(day: number): number {
  return PAGE + day * DAY_MS
}

describe('a page as of an instant', () => {
  it('has the bars that were final then, and none that was not', () => {
    const store = makeStore()
    store.load([[1, 10]], at(2))
    store.load([[2, 11, 'provisional']], at(2) + 1)
    store.load([[2, 11.5]], at(3))
    assert.deepEqual(store.asOf(at(2) - 1), [])
    assert.deepEqual(store.asOf(at(2)), [[1, 10]])
    assert.deepEqual(store.asOf(at(3) - 1), [[1, 10]])
    assert.deepEqual(store.asOf(at(3)), [
      [1, 10],
      [2, 11.5],
    ])
    assert.equal(store.kept.length, 0)
  })

  it('has the value from before a revision until it came', () => {
    const store = makeStore()
    store.load([[1, 10]], at(2))
    store.load([[2, 20]], at(3))
    store.load([[1, 10.5]], at(4))
    assert.deepEqual(store.asOf(at(4) - 1), [
      [1, 10],
      [2, 20],
    ])
    assert.deepEqual(store.asOf(at(4)), [
      [1, 10.5],
      [2, 20],
    ])
    assert.equal(store.kept.length, 1)
  })

  it('lacks a bar that turned up among final ones until it did, and no version is kept for it', () => {
    const store = makeStore()
    store.load(
      [
        [1, 10],
        [3, 30],
      ],
      at(4),
    )
    store.load([[2, 20]], at(5))
    assert.deepEqual(store.asOf(at(4)), [
      [1, 10],
      [3, 30],
    ])
    assert.equal(store.asOf(at(5)).length, 3)
    assert.equal(store.kept.length, 0)
  })

  it('keeps a version for a bar that comes too late to say when', () => {
    const store = makeStore()
    store.load([[100, 1]], at(101))
    store.load([[2, 2]], at(102))
    assert.deepEqual(store.asOf(at(102) - 1), [[100, 1]])
    assert.deepEqual(store.asOf(at(102)), [
      [2, 2],
      [100, 1],
    ])
    assert.equal(store.kept.length, 1)
  })

  it('still has what was removed', () => {
    const store = makeStore()
    store.load([[1, 10]], at(2))
    store.remove([1], at(3))
    store.load([[1, 12]], at(4))
    assert.deepEqual(
      [at(2), at(3), at(4)].map((instant) => store.asOf(instant)),
      [[[1, 10]], [], [[1, 12]]],
    )
  })

  it('stays for ever what it was right after each change', () => {
    const day = fc.integer({ min: 0, max: 120 })
    const load = fc.record({
      rows: fc.uniqueArray(fc.tuple(day, fc.integer({ min: 1, max: 3 }), fc.boolean()), {
        selector: ([on]) => on,
        maxLength: 12,
      }),
      wait: fc.integer({ min: 1, max: 20 * DAY_MS }),
      age: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 * DAY_MS })),
      removes: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(load, { minLength: 1, maxLength: 14 }), (loads) => {
        const store = makeStore()
        // What is final, kept by the rule alone: newer answers win, a final bar never becomes provisional.
        const model = new Map<number, { close: number; final: boolean }>()
        const said: [number, [number, number][]][] = []
        let observedAt = -Infinity
        let now = at(0)
        for (const { rows, wait, age, removes } of loads) {
          now += wait
          if (removes) {
            const days = rows.map(([on]) => on)
            if (days.some((on) => model.delete(on))) observedAt = Math.max(observedAt, now)
            for (const on of days) model.delete(on)
            store.remove(days, now)
            if (model.size === 0) observedAt = -Infinity
          } else {
            const sorted = rows
              .toSorted((a, b) => a[0] - b[0])
              .map(([on, close, soft]): Row => (soft ? [on, close, 'provisional'] : [on, close]))
            if (applyTo(model, sorted, now - age < observedAt)) {
              observedAt = Math.max(observedAt, now - age)
            }
            store.load(sorted, now, now - age)
          }
          said.push([now, finalOf(model)])
        }
        for (const [instant, expected] of said) assert.deepEqual(store.asOf(instant), expected)
        for (let i = 1; i < said.length; i += 1) {
          assert.deepEqual(store.asOf(said[i]![0] - 1), said[i - 1]![1])
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** Takes rows into the model, and tells whether anything changed. */
function applyTo(
  model: Map<number, { close: number; final: boolean }>,
  rows: readonly Row[],
  isStale: boolean,
): boolean {
  let changed = false
  for (const [on, close, state] of rows) {
    const final = state === undefined
    const old = model.get(on)
    if (old !== undefined && (isStale || (old.final && !final))) continue
    if (old?.close === close && old.final === final) continue
    model.set(on, { close, final })
    changed = true
  }
  return changed
}

function finalOf(
  model: ReadonlyMap<number, { close: number; final: boolean }>,
): [number, number][] {
  return [...model]
    .filter(([, bar]) => bar.final)
    .map(([on, bar]): [number, number] => [on, bar.close])
    .sort((a, b) => a[0] - b[0])
}
