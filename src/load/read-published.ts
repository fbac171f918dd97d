/** The newest adjusted closes that vendors published, out of the answers that are archived. */
import { forEachEntry, readArchivedBody } from '../archive/read-archive.ts'
import type { Entry } from '../archive/entry.ts'
import type { PublishedCloses } from '../domain/published-closes.ts'
import type { Provider } from '../providers/provider.ts'

/** What a vendor published, and when. */
export interface PublishedAnswer {
  readonly provider: string
  /** Milliseconds UTC. */
  readonly receivedAt: number
  readonly closes: PublishedCloses
}

/** Answers are looked through from the newest back: one without rows must not hide the one before it. */
const TRIED_MAX = 20

/**
 * Of each symbol and vendor the widest of the newest archived answers that have adjusted closes. An
 * archive that is not there has none.
 * @param simulated of which kind of vendor answers are wanted
 */
export async function readPublished(
  root: string,
  providers: readonly Provider[],
  symbols: readonly string[],
  simulated: boolean,
): Promise<Map<string, PublishedAnswer[]>> {
  const entries = new Map<string, Entry[]>()
  const wanted = new Set(symbols)
  const readers = new Map(
    providers.flatMap((one) => (one.parseAdjustedCloses === undefined ? [] : [[one.id, one]])),
  )
  await forEachEntry(root, { from: null, until: null }, (entry) => {
    const { bars, provider, outcome } = entry
    if (bars?.interval !== '1d' || !wanted.has(bars.symbol) || !readers.has(provider)) return
    if (outcome !== 'data' || entry.simulated !== simulated) return
    const key = `${bars.symbol} ${provider}`
    entries.set(key, [...(entries.get(key) ?? []), entry].slice(-TRIED_MAX))
  })
  const published = new Map<string, PublishedAnswer[]>()
  for (const tried of entries.values()) {
    const { bars, provider } = tried[0]!
    const found = await widest(root, readers.get(provider)!, tried)
    if (found !== null) {
      published.set(bars!.symbol, [...(published.get(bars!.symbol) ?? []), found])
    }
  }
  return published
}

async function widest(
  root: string,
  provider: Provider,
  entries: readonly Entry[],
): Promise<PublishedAnswer | null> {
  let best: PublishedAnswer | null = null
  for (const entry of entries.toReversed()) {
    const body = await readArchivedBody(root, entry)
    if (body === 'gone' || body === 'damaged') continue
    const { status, contentType, receivedAt } = entry
    const closes = provider.parseAdjustedCloses!({ status, contentType, bytes: body.bytes })
    if (closes === null || closes.days.length <= (best?.closes.days.length ?? 0)) continue
    best = { provider: provider.id, receivedAt, closes }
  }
  return best
}
