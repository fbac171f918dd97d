/** Several series as one, against a model that looks at one start at a time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { makeBatch } from '../../src/domain/bar-batch.ts'
import { providerOf, type PageChunk } from '../../src/query/bar-chunk.ts'
import { mergePages, mergeStreams } from '../../src/query/merge-chunks.ts'

/** How certain a row is: final, provisional, or seen before its period was over. */
interface Row {
  readonly ts: number
  readonly doubt: 0 | 1 | 2
  readonly price: number
}

const PROVIDERS = ['a', 'b', 'c', 'd']

function pageOf(startsOn: number, provider: string, rows: readonly Row[]): PageChunk {
  const bars = makeBatch(rows.length)
  rows.forEach(({ ts, price }, i) => {
    bars.ts[i] = ts
    bars.close[i] = price
  })
  const isPartial = rows.some(({ doubt }) => doubt === 2)
  return {
    startsOn,
    observedAt: startsOn,
    restatedAt: startsOn,
    bars,
    provisional: Uint8Array.from(rows, ({ doubt }) => Math.min(doubt, 1)),
    partial: isPartial ? Uint8Array.from(rows, ({ doubt }) => Number(doubt === 2)) : null,
    providers: [provider],
    sources: null,
  }
}

const arbitraryRows = fc
  .uniqueArray(
    fc.record({
      ts: fc.nat(9),
      doubt: fc.constantFrom(0 as const, 1 as const, 2 as const),
      price: fc.integer({ min: 1, max: 99 }),
    }),
    { selector: ({ ts }) => ts, maxLength: 10 },
  )
  .map((rows) => rows.toSorted((a, b) => a.ts - b.ts))

/** Of each provider the rows of some days. */
const arbitrarySeries = fc.array(
  fc.dictionary(fc.constantFrom('1', '2', '3', '5'), arbitraryRows),
  {
    minLength: 1,
    maxLength: 4,
  },
)

/** What there must be of a day: of each start the least doubtful row, the first provider's among equals. */
function modelOf(series: readonly Record<string, readonly Row[]>[], day: string) {
  const merged: { ts: number; price: number; doubt: number; provider: string }[] = []
  for (let ts = 0; ts < 10; ts += 1) {
    const rows = series.flatMap((days, rank) =>
      (days[day] ?? []).filter((row) => row.ts === ts).map((row) => ({ ...row, rank })),
    )
    const best = rows.toSorted((a, b) => a.doubt - b.doubt || a.rank - b.rank)[0]
    if (best === undefined) continue
    const { price, doubt, rank } = best
    merged.push({ ts, price, doubt, provider: PROVIDERS[rank]! })
  }
  return merged
}

function rowsOf(page: PageChunk) {
  return Array.from(page.bars.ts, (ts, i) => ({
    ts,
    price: page.bars.close[i],
    doubt: page.provisional[i]! + (page.partial?.[i] ?? 0),
    provider: providerOf(page, i),
  }))
}

async function* streamOf(pages: readonly PageChunk[]): AsyncGenerator<PageChunk> {
  yield* pages
}

describe('merging', () => {
  it('takes of each start the most certain row, and the first by priority among equals', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitrarySeries,
        fc.constantFrom('asc' as const, 'desc' as const),
        async (series, order) => {
          const streams = series.map((days, rank) => {
            const pages = Object.entries(days)
              .filter(([, rows]) => rows.length > 0)
              .map(([day, rows]) => pageOf(Number(day), PROVIDERS[rank]!, rows))
              .toSorted((a, b) => a.startsOn - b.startsOn)
            return streamOf(order === 'asc' ? pages : pages.toReversed())
          })
          const found = await Array.fromAsync(mergeStreams(streams, PROVIDERS, order))
          const days = ['1', '2', '3', '5'].filter((day) => modelOf(series, day).length > 0)
          if (order === 'desc') days.reverse()
          assert.deepEqual(
            found.map(({ startsOn }) => String(startsOn)),
            days,
          )
          assert.deepEqual(
            found.map(rowsOf),
            days.map((day) => modelOf(series, day)),
          )
        },
      ),
    )
  })

  it('does not depend on the order in which pages are handed over', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRows, { minLength: 1, maxLength: 4 }), (all) => {
        const pages = all.map((rows, rank) => ({ page: pageOf(1, PROVIDERS[rank]!, rows), rank }))
        const forth = mergePages(pages, PROVIDERS)
        assert.deepEqual(rowsOf(mergePages(pages.toReversed(), PROVIDERS)), rowsOf(forth))
      }),
    )
  })

  it('takes the side that a person took, but nothing provisional for it', () => {
    fc.assert(
      fc.property(fc.array(arbitraryRows, { minLength: 2, maxLength: 4 }), (all) => {
        const pages = all.map((rows, rank) => ({ page: pageOf(1, PROVIDERS[rank]!, rows), rank }))
        const plain = rowsOf(mergePages(pages, PROVIDERS))
        const merged = rowsOf(
          mergePages(pages, PROVIDERS, (_, ts) => (ts > 4 ? PROVIDERS[1]! : null)),
        )
        const side = rowsOf(pages[1]!.page)
        const expected = plain.map((row) => {
          const other = side.find(({ ts }) => ts === row.ts && ts > 4)
          return other?.doubt === row.doubt ? { ...other, provider: PROVIDERS[1]! } : row
        })
        assert.deepEqual(merged, expected)
      }),
    )
  })
})
