/**
 * Keeps the ledger of splits and dividends current: decides when a vendor is asked for those of an
 * instrument, and asks in a lane that leaves the day's calls to bars. What fails is noted and no more.
 */
import { listActionAsks, listRawInstruments, recordActionAsk } from '../db/action-asks.ts'
import type { ActionAsk, RawInstrument } from '../db/action-asks.ts'
import type { Pool } from '../db/connect.ts'
import { databaseError } from '../db/database-error.ts'
import { findInstrument } from '../db/instruments.ts'
import { addTaskNote } from '../db/runs.ts'
import { findStoreKind } from '../db/store-kind.ts'
import { DAY_MS } from '../domain/date.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import { redact } from '../log.ts'
import { budgetInForce, configOf } from './budget-in-force.ts'
import type { Provider } from '../providers/provider.ts'
import type { AskContext } from './ask.ts'
import { hasFreshJump } from './fresh-jump.ts'
import { refreshActions } from './refresh-actions.ts'
import type { FetchContext } from './run-task.ts'

/** What was told is taken to hold for so long. */
const FRESH_MS = 7 * DAY_MS

/** Refusals of a symbol that no later call of the same day or week changes. */
const LASTING_CODES: ReadonlySet<string> = new Set(['SYMBOL_UNKNOWN', 'REQUEST_REFUSED', 'NO_DATA'])
/** Failures that say nothing of the next symbol; after all others the vendor is left alone. */
const OWN_CODES: ReadonlySet<string> = new Set([...LASTING_CODES, 'ANSWER_MALFORMED'])

export interface ActionsWish {
  readonly symbols: readonly string[]
  /** Vendors that may be asked; those that tell actions along with bars are passed over. */
  readonly providers: readonly Provider[]
  /**
   * `due`: as actionsDue says; `unanswered`: only where the vendor never told, not more than once a day;
   * `all`: at once.
   */
  readonly which: 'due' | 'unanswered' | 'all'
  /** Runs to note in what was asked, by symbol. */
  readonly runs?: ReadonlyMap<string, number>
  /** No call begins after this instant; absent: however long it takes. */
  readonly until?: number
}

/** A vendor to be asked for the splits and dividends of an instrument. */
export interface DueActions {
  readonly symbol: string
  readonly provider: Provider
  /** At least so many calls. */
  readonly calls: number
  /** When it was asked last; null: never. */
  readonly askedAt: number | null
}

/**
 * True where a vendor is to be asked again: never asked yet; a week after it told; a day after it failed,
 * or a week after it refused the symbol; and where prices jumped as none of its actions explains, but not
 * more than once a day.
 * @param ask null where it never was asked
 * @param now milliseconds UTC
 */
export function actionsDue(
  ask: Pick<ActionAsk, 'askedAt' | 'answeredAt' | 'failure'> | null,
  hasJump: boolean,
  now: number,
): boolean {
  if (ask === null) return true
  return now >= (hasJump ? ask.askedAt + DAY_MS : dueAt(ask))
}

/** When a vendor is to be asked again where no price jumps. */
function dueAt({
  askedAt,
  answeredAt,
  failure,
}: Pick<ActionAsk, 'askedAt' | 'answeredAt' | 'failure'>): number {
  if (failure !== null && LASTING_CODES.has(failure)) return askedAt + FRESH_MS
  if (failure !== null || answeredAt === null) return askedAt + DAY_MS
  return Math.max(askedAt + DAY_MS, answeredAt + FRESH_MS)
}

/**
 * When the first of some symbols is due as actionsDue says, unless a price jumps before, in milliseconds
 * UTC: 0 where one never was asked, Infinity where there is nothing to ask for.
 */
export async function nextActionsAt(
  { pool, configs }: Pick<FetchContext, 'pool' | 'configs'>,
  symbols: readonly string[],
  providers: readonly Provider[],
): Promise<number> {
  const raw = await listRawInstruments(pool, symbols)
  const able = await withoutStrangers(pool, configs, providers)
  const askOf = await readAsks(pool, raw)
  const instants = raw.flatMap(({ instrumentId, symbol }) =>
    ableFor(symbol, able).map(({ id }) => {
      const ask = askOf(instrumentId, id)
      return ask === null ? 0 : dueAt(ask)
    }),
  )
  return Math.min(...instants)
}

/** What came of asking. */
export interface ActionsOutcome {
  readonly calls: number
  /** How often an instrument's splits and dividends came, and how often they did not. */
  readonly answered: number
  readonly failed: number
}

/**
 * Asks for the splits and dividends that are due of instruments with bars as traded, those first that were
 * asked longest ago. A vendor that refuses is left alone.
 * @throws StockyardError kind `database` when the store is lost
 */
export async function keepActions(
  context: FetchContext,
  wish: ActionsWish,
): Promise<ActionsOutcome> {
  const { pool, configs, clock, signal } = context
  const raw = await listRawInstruments(pool, wish.symbols)
  const providers = await withoutStrangers(pool, configs, wish.providers)
  const due = await findDue(pool, raw, { ...wish, providers }, clock.now())
  const halted = new Set<Provider>()
  let [calls, answered, failed] = [0, 0, 0]
  for (const one of due) {
    if (signal?.aborted || clock.now() >= (wish.until ?? Infinity)) break
    if (halted.has(one.provider)) {
      failed += 1
      continue
    }
    const asked = await askOne(context, one)
    calls += asked.calls
    if (asked.came) answered += 1
    else failed += 1
    if (asked.halts) halted.add(one.provider)
    const runId = wish.runs?.get(one.symbol)
    if (asked.note !== null && runId !== undefined) {
      await addTaskNote(pool, runId, one.symbol, { note: asked.note, requests: asked.calls })
    }
  }
  return { calls, answered, failed }
}

/**
 * What asking for splits and dividends that no vendor ever told will take, for symbols of which bars as
 * traded will be there. Nothing is spent on it.
 */
export async function planActions(
  { pool, configs, now }: Pick<FetchContext, 'pool' | 'configs'> & { readonly now: number },
  symbols: readonly string[],
  providers: readonly Provider[],
): Promise<DueActions[]> {
  const instruments: RawInstrument[] = []
  const fresh: string[] = []
  for (const symbol of symbols) {
    const found = await findInstrument(pool, symbol)
    if (found === null) fresh.push(symbol)
    else instruments.push({ instrumentId: found.id, symbol: found.symbol, dailySeries: [] })
  }
  const able = await withoutStrangers(pool, configs, providers)
  const known = { providers: able, which: 'unanswered' } as const
  return [
    ...fresh.flatMap((symbol) =>
      ableFor(symbol, able).map((provider) => dueOf(symbol, provider, null)),
    ),
    ...(await findDue(pool, instruments, known, now)),
  ]
}

/** Of some vendors those that may be asked for this store: real ones have nothing to say in a simulated one. */
export async function withoutStrangers(
  pool: Pool,
  configs: FetchContext['configs'],
  providers: readonly Provider[],
): Promise<readonly Provider[]> {
  if ((await findStoreKind(pool)) !== 'simulated') return providers
  return providers.filter(({ id }) => configs[id]?.baseUrl !== undefined)
}

/** Vendors with calls for the splits and dividends of a symbol. */
function ableFor(symbol: string, providers: readonly Provider[]): Provider[] {
  const { kind } = readSymbolMeaning(symbol)
  if (kind !== 'stock') return []
  return providers.filter(
    ({ kinds, requestActions }) => requestActions !== undefined && kinds.includes(kind),
  )
}

function dueOf(symbol: string, provider: Provider, ask: ActionAsk | null): DueActions {
  const calls = provider.requestActions?.(symbol).length ?? 0
  return { symbol, provider, calls, askedAt: ask?.askedAt ?? null }
}

/** When each vendor was asked of some instruments; null where it never was. */
async function readAsks(
  pool: Pool,
  instruments: readonly RawInstrument[],
): Promise<(instrumentId: number, provider: string) => ActionAsk | null> {
  const ids = instruments.map(({ instrumentId }) => instrumentId)
  const asks = await listActionAsks(pool, ids)
  const byName = new Map(asks.map((ask) => [`${ask.instrumentId} ${ask.provider}`, ask]))
  return (instrumentId, provider) => byName.get(`${instrumentId} ${provider}`) ?? null
}

async function findDue(
  pool: Pool,
  instruments: readonly RawInstrument[],
  { providers, which }: Pick<ActionsWish, 'providers' | 'which'>,
  now: number,
): Promise<DueActions[]> {
  const askOf = await readAsks(pool, instruments)
  const due: DueActions[] = []
  for (const instrument of instruments) {
    const { instrumentId, symbol } = instrument
    for (const provider of ableFor(symbol, providers)) {
      const ask = askOf(instrumentId, provider.id)
      if (await isDue(pool, instrument, ask, which, now)) due.push(dueOf(symbol, provider, ask))
    }
  }
  return due.toSorted((a, b) => (a.askedAt ?? 0) - (b.askedAt ?? 0))
}

async function isDue(
  pool: Pool,
  instrument: RawInstrument,
  ask: ActionAsk | null,
  which: ActionsWish['which'],
  now: number,
): Promise<boolean> {
  if (which === 'all') return true
  if (which === 'unanswered' && ask !== null && ask.answeredAt !== null) return false
  if (actionsDue(ask, false, now)) return true
  // Pages are opened only where a jump would make a difference.
  return actionsDue(ask, true, now) && (await hasFreshJump(pool, instrument, now))
}

interface Asked {
  readonly calls: number
  /** False where the vendor did not tell. */
  readonly came: boolean
  /** What the run tells of it; null where nothing was sent. */
  readonly note: string | null
  /** True where the vendor would refuse the next symbol, too. */
  readonly halts: boolean
}

/**
 * Calls that the day still has for this, where it has some and too few: the first of two calls would be
 * thrown away. Null where it has enough, or none, which the vendor's budget then says itself.
 */
async function tooFewLeft(
  context: FetchContext,
  { provider, calls }: DueActions,
): Promise<number | null> {
  const state = await budgetInForce(context, provider)
  const day = state.windows.find(({ window }) => window === 'day')
  if (day === undefined) return null
  const left = day.left - (state.reserveUntil === null ? 0 : state.closeReserve)
  return left > 0 && left < calls ? left : null
}

async function askOne(context: FetchContext, due: DueActions): Promise<Asked> {
  const { symbol, provider } = due
  const left = await tooFewLeft(context, due)
  if (left !== null) {
    const lack = `it takes ${due.calls} calls, and today has ${left} left for it`
    const note = `splits and dividends were not asked of ${provider.id}: ${lack}`
    return { calls: 0, came: false, note, halts: true }
  }
  const config = configOf(context, provider.id)
  const asking: AskContext = { ...context, config, lane: 'repair', requests: 0 }
  try {
    await refreshActions(asking, provider, symbol)
    const calls = asking.requests
    const note = `splits and dividends asked of ${provider.id}: ${calls} ${calls === 1 ? 'call' : 'calls'}`
    context.log.debug({ symbol, provider: provider.id, calls }, 'splits and dividends asked')
    return { calls, came: true, note, halts: false }
  } catch (thrown) {
    return await noteFailure(asking, symbol, provider, thrown)
  }
}

async function noteFailure(
  asking: AskContext,
  symbol: string,
  provider: Provider,
  thrown: unknown,
): Promise<Asked> {
  const calls = asking.requests
  if (asking.signal?.aborted) return { calls, came: false, note: null, halts: true }
  const lost = thrown instanceof StockyardError ? thrown : databaseError(thrown)
  if (lost?.kind === 'database') throw lost
  const code = lost?.code ?? 'UNEXPECTED'
  const reason = redact(messageOf(thrown))
  // What was refused before anything was sent is tried again as soon as calls are left.
  if (calls > 0) {
    const { id } = (await findInstrument(asking.pool, symbol))!
    const askedAt = asking.clock.now()
    await recordActionAsk(asking.pool, {
      instrumentId: id,
      provider: provider.id,
      askedAt,
      failure: code,
    })
  }
  const level = code === 'BUDGET_EXHAUSTED' || code === 'PLAN_LACKS' ? 'info' : 'warn'
  const what = `splits and dividends of ${symbol} did not come: ${reason}`
  asking.log[level]({ provider: provider.id, code }, what)
  const note = `splits and dividends did not come from ${provider.id}: ${reason}`
  return { calls, came: false, note, halts: !OWN_CODES.has(code) }
}
