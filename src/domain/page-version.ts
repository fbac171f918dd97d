/**
 * Versions of a page: since when each of its bars is known, and what it held as of an instant. Pure.
 *
 * A version lasts until one of its final bars is changed or removed. Bars that become final meanwhile, in
 * whatever order, do not end it: each says since when it is known.
 */
import { takeBars } from './bar-batch.ts'
import type { Page, PageVersion } from './page.ts'

/** The longest time from a bar's start until it is known that a version can hold: some 49 days. */
const KNOWN_AFTER_MAX_MS = 2 ** 32 - 1

export interface NextVersion {
  readonly validFrom: number
  readonly known: PageVersion['known']
  /** True where the version before must be kept, since reads as of its time need it. */
  readonly keepsBefore: boolean
}

/**
 * How a page goes on when it is written.
 * @param before the version that gives way, or null where there was no page
 * @param after the page from now on, and how many final bars of `before` are changed or gone
 * @param now milliseconds UTC; later than anything that `before` says
 */
export function nextVersion(
  before: PageVersion | null,
  after: { readonly page: Page; readonly revised: number },
  now: number,
): NextVersion {
  const fresh = { validFrom: now, known: null }
  // Without a final bar there is nothing that a read as of an earlier instant would show.
  if (before === null || !before.provisional.includes(0)) return { ...fresh, keepsBefore: false }
  if (after.revised > 0) return { ...fresh, keepsBefore: true }
  const since = sinceOf(before, after.page, now)
  let first = 0
  while (first < since.length && [before.validFrom, Infinity].includes(since[first]!)) first += 1
  for (let i = first; i < since.length; i += 1) {
    const elapsedMs = since[i]! - after.page.bars.ts[i]!
    if (after.page.provisional[i] === 0 && !(elapsedMs >= 0 && elapsedMs <= KNOWN_AFTER_MAX_MS)) {
      return { ...fresh, keepsBefore: true }
    }
  }
  const known = first === since.length ? null : since.subarray(first)
  return { validFrom: before.validFrom, known, keepsBefore: false }
}

/** Since when each bar of a page that goes on is final; Infinity where it is provisional. */
function sinceOf(before: PageVersion, { bars, provisional }: Page, now: number): Float64Array {
  const since = new Float64Array(bars.length)
  let i = 0
  for (let j = 0; j < bars.length; j += 1) {
    const ts = bars.ts[j]!
    while (i < before.bars.length && before.bars.ts[i]! < ts) i += 1
    const wasFinal = before.bars.ts[i] === ts && before.provisional[i] === 0
    if (provisional[j] === 1) since[j] = Infinity
    else since[j] = wasFinal ? knownSince(before, i) : now
  }
  return since
}

/** Since when the final bar at an index is known. */
function knownSince({ bars, known, validFrom }: PageVersion, index: number): number {
  const first = bars.length - (known?.length ?? 0)
  return index < first ? validFrom : known![index - first]!
}

/** The bars of a version that were final at an instant; the version itself where all were. */
export function versionAsOf(version: PageVersion, asOf: number): Omit<PageVersion, 'known'> {
  const { bars, provisional } = version
  const indexes: number[] = []
  for (let i = 0; i < bars.length; i += 1) {
    if (provisional[i] === 0 && knownSince(version, i) <= asOf) indexes.push(i)
  }
  if (indexes.length === bars.length) return version
  return {
    startsOn: version.startsOn,
    bars: takeBars(bars, indexes),
    provisional: new Uint8Array(indexes.length),
    observedAt: version.observedAt,
    validFrom: version.validFrom,
  }
}
