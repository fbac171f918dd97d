/** Asks a vendor what an instrument is and was called, and keeps what it says. */
import {
  ensureInstrument,
  findInstrument,
  getInstrument,
  mergeReference,
  type Instrument,
} from '../db/instruments.ts'
import { fillReference } from '../db/first-reference.ts'
import { claimStore } from '../db/store-kind.ts'
import { DAY_MS } from '../domain/date.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import { redact } from '../log.ts'
import type { ReceivedBody } from '../providers/fetch.ts'
import type { Provider } from '../providers/provider.ts'
import { ask, requireAnswerFor, type AskContext } from './ask.ts'
import { firstReference } from './first-reference.ts'
import { takeSymbolHistory } from './take-symbol-history.ts'

export interface RefreshOptions {
  /** Fills in what nobody has said and leaves all else; absent: what the vendor says holds. */
  readonly fillsOnly?: boolean
}

/**
 * The instrument of a symbol with what a vendor says of it: name, kind, exchange, currency, sector,
 * listing, and its own fields under `metadata`. One call of the budget, and one more to a vendor that tells
 * which symbols a listing has had. What the vendor leaves out stays as it was.
 * @throws StockyardError `STORE_REAL`, `STORE_SIMULATED`, `ANSWER_OTHER_SYMBOL`, and what `ask` throws
 */
export async function refreshReference(
  context: AskContext,
  provider: Provider,
  typed: string,
  options: RefreshOptions = {},
): Promise<Instrument> {
  const known = await findInstrument(context.pool, typed)
  try {
    const { id, symbol } = await askOverview(context, provider, known?.symbol ?? typed, options)
    await askHistory(context, provider, { id, symbol })
    return await getInstrument(context.pool, typed)
  } catch (error) {
    if (known === null || !isUnknown(error)) throw error
    // What is gone under its symbol may go on under another.
    await askHistory(context, provider, known)
    const now = await getInstrument(context.pool, typed)
    if (now.symbol === known.symbol) throw error
    return await askOverview(context, provider, now.symbol, options)
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof StockyardError && error.code === 'SYMBOL_UNKNOWN'
}

async function askOverview(
  context: AskContext,
  provider: Provider,
  symbol: string,
  { fillsOnly = false }: RefreshOptions,
): Promise<Instrument> {
  let simulated = false
  const answer = await ask(
    context,
    provider,
    provider.requestOverview(symbol),
    (body: ReceivedBody) => {
      simulated = body.simulated
      return provider.parseOverview(body, symbol)
    },
  )
  requireAnswerFor(symbol, answer.symbol, provider)
  await claimStore(context.pool, simulated ? 'simulated' : 'real')
  const { id, exchange } = await ensureInstrument(context.pool, symbol)
  if (fillsOnly) {
    const said = firstReference(provider.id, answer, exchange)
    await fillReference(context.pool, id, said, readSymbolMeaning(symbol))
    return await getInstrument(context.pool, symbol)
  }
  return await mergeReference(context.pool, id, {
    ...answer,
    provider: provider.id,
    listedDay: answer.listedDay ?? null,
    delistedDay: answer.delistedDay ?? null,
  })
}

/** Where a vendor tells of symbols. That it does not answer keeps nothing else back. */
async function askHistory(
  context: AskContext,
  provider: Provider,
  instrument: Pick<Instrument, 'id' | 'symbol'>,
): Promise<void> {
  const { requestSymbolHistory, parseSymbolHistory } = provider
  if (requestSymbolHistory === undefined || parseSymbolHistory === undefined) return
  const { pool, clock, log } = context
  const request = requestSymbolHistory(instrument.symbol)
  try {
    const { symbols } = await ask(context, provider, request, parseSymbolHistory)
    const isPresent = (symbol: string) => requestSymbolHistory(symbol).path === request.path
    const today = clock.now() - (clock.now() % DAY_MS)
    await takeSymbolHistory(pool, instrument, provider.id, symbols, isPresent, today)
  } catch (error) {
    if (!(error instanceof StockyardError) || !VENDORS_OWN.has(error.kind)) throw error
    const why = `former symbols of ${instrument.symbol} did not come: ${redact(messageOf(error))}`
    log.info({ provider: provider.id, code: error.code }, why)
  }
}

/** Failures of a vendor, which say nothing of the store or of the work. */
const VENDORS_OWN: ReadonlySet<string> = new Set(['provider', 'not-found', 'config'])
