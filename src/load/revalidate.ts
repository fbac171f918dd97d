/**
 * Rejects held against today's parsers and rules: the archived answer is read again where it is still
 * there, else the values that were read. What passes now is loaded.
 */
import type { Entry } from '../archive/entry.ts'
import { forEachEntry } from '../archive/read-archive.ts'
import { getRejects, readRejectRows, readRejectedSeries } from '../db/read-rejects.ts'
import type { RejectFilter, StoredReject } from '../db/read-rejects.ts'
import { decideRejects, storableText } from '../db/rejects.ts'
import type { SeriesKey } from '../db/series.ts'
import { VALUE_COLUMNS, type BarBatch } from '../domain/bar-batch.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import type { Provider } from '../providers/provider.ts'
import { getProvider, MANUAL_PROVIDER } from '../providers/registry.ts'
import { validateBatch } from '../validate/validate-batch.ts'
import type { Decider } from './decide-rejects.ts'
import { findOwners } from './follow-renames.ts'
import { needsVolume } from './load-answer.ts'
import {
  batchOf,
  isOldBasis,
  loadRejected,
  receivedAtOf,
  type LoadedAs,
  type RejectContext,
  type RejectedBar,
} from './load-rejected.ts'
import { rereadAnswer, type Reread } from './reread-answer.ts'

export interface RevalidateContext extends RejectContext {
  /** Folder of the archive; null where none is kept. */
  readonly archive: string | null
}

/** Which rejects: those of the ids, or all open ones that fit. */
export type RevalidateWish = Pick<RejectFilter, 'ids' | 'rule' | 'instrumentId' | 'symbol'>

/** What today's reading makes of a reject. */
export interface Verdict {
  readonly id: number
  /**
   * - `loaded`: it passes, and its bar went into the store
   * - `noise`: today's parser sees no bar in the row, so that nothing is missing
   * - `refused`: it is refused still, by `rule`
   * - `unknown`: neither the answer nor values are kept of it
   */
  readonly verdict: 'loaded' | 'noise' | 'refused' | 'unknown'
  readonly bar: LoadedAs | null
  readonly rule: string | null
  readonly reason: string
}

export interface RevalidateSummary {
  /** The run that loaded bars; null where none passed. */
  readonly run: number | null
  readonly verdicts: readonly Verdict[]
}

type Judgement = { readonly verdict: 'noise' | 'refused' | 'unknown' } & Omit<Verdict, 'id' | 'bar'>

/** Rules whose word depends on the other rows of the answer, or on the call. */
const RULES_OF_ANSWERS = new Set(['duplicate', 'range'])

/**
 * Judges rejects again and loads those that pass. A newer word of the vendor stands all the same.
 * @throws StockyardError `REJECT_UNKNOWN`, kind `database`; whatever reading the archive's folder throws
 */
export async function revalidate(
  context: RevalidateContext,
  wish: RevalidateWish,
  by: Decider['by'],
): Promise<RevalidateSummary> {
  const { pool } = context
  const rejects =
    wish.ids === undefined
      ? await readRejectRows(pool, { ...wish, status: 'open' })
      : await getRejects(pool, wish.ids)
  const passed: RejectedBar[] = []
  const others: Verdict[] = []
  for await (const [reject, judged] of judgeAll(context, rejects)) {
    if ('values' in judged) passed.push({ reject, ...judged })
    else others.push({ id: reject.id, bar: null, ...judged })
  }
  const noise = others.filter(({ verdict }) => verdict === 'noise').map(({ id }) => id)
  if (noise.length > 0) {
    const reason = 'Today’s parser sees no bar in the row.'
    await decideRejects(pool, noise, { status: 'resolved', by, reason, runId: null })
  }
  if (passed.length === 0) return { run: null, verdicts: others }
  const ids = passed.map(({ reject }) => reject.id)
  const origin = { job: 'revalidate', options: { rejects: ids, by } }
  const { runId, outcomes } = await loadRejected(context, passed, origin)
  const reason = 'It passes today’s checks.'
  await decideRejects(pool, ids, { status: 'resolved', by, reason, runId })
  const loaded = ids.map((id): Verdict => ({
    id,
    verdict: 'loaded',
    bar: outcomes.get(id)!,
    rule: null,
    reason,
  }))
  return { run: runId, verdicts: [...loaded, ...others] }
}

type Judged = Judgement | Omit<RejectedBar, 'reject'>

/** Judges rejects answer by answer, so that each archived one is read once. */
async function* judgeAll(
  context: RevalidateContext,
  rejects: readonly StoredReject[],
): AsyncGenerator<[StoredReject, Judged]> {
  const series = await readRejectedSeries(
    context.pool,
    rejects.map(({ seriesId }) => seriesId),
  )
  const entries = await findEntries(context, rejects)
  const byAnswer = Map.groupBy(rejects, ({ seriesId, receivedAt }) => `${seriesId} ${receivedAt}`)
  for (const group of byAnswer.values()) {
    const { seriesId, receivedAt } = group[0]!
    const own = series.get(seriesId)!
    const calendar = context.calendarOf(own.exchange)
    const answers = entries.get(answerKey({ ...own.key, receivedAt }))
    const reads = await rereadAll(context.archive, answers, own.key, calendar)
    for (const reject of group) {
      if (isOldBasis(reject, own)) {
        yield [reject, { verdict: 'unknown', rule: reject.rule, reason: OLD_BASIS }]
        continue
      }
      const judged = reads.map((read) => judgeByAnswer(reject, read))
      // Noise on one page says nothing where another page has the row.
      const found = judged.find((one) => 'values' in one || one.verdict !== 'noise') ?? judged[0]
      yield [reject, found ?? judgeByValues(reject, own.key, calendar)]
    }
  }
}

const OLD_BASIS = 'Its prices are from before a split, and the series has been restated since.'

function answerKey({ provider, symbol, interval, receivedAt }: AnswerName): string {
  return JSON.stringify([provider, symbol, interval, receivedAt])
}

/** Symbol: the present one. */
type AnswerName = Pick<StoredReject, 'provider' | 'symbol' | 'interval' | 'receivedAt'>

/** The archived answers that rejects came in; pages of one series can have come in one millisecond. */
async function findEntries(
  { pool, archive }: RevalidateContext,
  rejects: readonly StoredReject[],
): Promise<Map<string, Entry[]>> {
  const times = new Set(rejects.flatMap(({ receivedAt }) => receivedAt ?? []))
  if (archive === null || times.size === 0) return new Map()
  const received = {
    from: [...times].reduce((least, time) => Math.min(least, time)),
    until: [...times].reduce((most, time) => Math.max(most, time)) + 1,
  }
  const entries: Entry[] = []
  await forEachEntry(archive, received, (entry) => {
    if (entry.bars !== null && times.has(entry.receivedAt)) entries.push(entry)
  })
  const ownerOf = await findOwners(pool, entries)
  return Map.groupBy(entries, (entry) =>
    answerKey({ ...entry, symbol: ownerOf(entry), interval: entry.bars!.interval }),
  )
}

type GoodReread = Reread & { readonly ok: true }

async function rereadAll(
  root: string | null,
  entries: readonly Entry[] | undefined,
  series: SeriesKey,
  calendar: Calendar,
): Promise<GoodReread[]> {
  const reads: GoodReread[] = []
  if (root === null) return reads
  for (const entry of entries ?? []) {
    const archived = { series, provider: getProvider(series.provider), calendar }
    const read = await rereadAnswer(root, entry, archived)
    if (read.ok) reads.push(read)
  }
  return reads
}

/** What today's reading of the whole answer makes of the row. */
function judgeByAnswer(reject: StoredReject, { answer, checked }: GoodReread): Judged {
  const isRow = (row: { readonly raw: string }) => storableText(row.raw) === reject.raw
  const refused = [...answer.unreadable, ...checked.rejects].find(isRow)
  if (refused !== undefined) {
    return { verdict: 'refused', rule: refused.rule, reason: refused.reason }
  }
  const { batch, rawAt } = answer
  let ts = reject.ts
  for (let i = 0; i < batch.length && ts === null; i += 1) {
    if (isRow({ raw: rawAt(i) })) ts = batch.ts[i]!
  }
  const index = ts === null ? -1 : checked.batch.ts.indexOf(ts)
  if (index >= 0) return { ts: ts!, values: valuesAt(checked.batch, index) }
  return {
    verdict: 'noise',
    rule: null,
    reason: 'Today’s parser sees no bar in the row.',
  }
}

/** What today's rules make of the values that were read then. */
function judgeByValues(reject: StoredReject, series: SeriesKey, calendar: Calendar): Judged {
  const { ts, values, rule } = reject
  if (ts === null || values === null || RULES_OF_ANSWERS.has(rule)) {
    return {
      verdict: 'unknown',
      rule,
      reason: 'Its answer is not in the archive, without which it cannot be judged.',
    }
  }
  const { batch, rejects } = validateBatch(
    { batch: batchOf({ ts, values }), rawAt: () => reject.raw },
    {
      interval: series.interval,
      calendar,
      from: null,
      until: null,
      now: receivedAtOf(reject),
      basis: series.basis,
      needsVolume: needsVolume(vendorOf(series.provider), series.symbol),
    },
  )
  const [refused] = rejects
  if (refused !== undefined) {
    return { verdict: 'refused', rule: refused.rule, reason: refused.reason }
  }
  return { ts, values: valuesAt(batch, 0) }
}

/** What a vendor is known to give; of bars that none brought, a stock's have a volume. */
function vendorOf(id: string): Pick<Provider, 'hasVolume'> {
  return id === MANUAL_PROVIDER ? { hasVolume: true } : getProvider(id)
}

function valuesAt(batch: BarBatch, index: number): number[] {
  return VALUE_COLUMNS.map((column) => batch[column][index]!)
}
