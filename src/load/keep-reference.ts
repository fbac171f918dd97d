/**
 * Asks unbidden what symbols are of which no vendor has said anything: a few a day, out of what bars, splits
 * and dividends leave of the budget. What fails is told in the log and no more.
 */
import { listUntold, recordReferenceAsk, type Untold } from '../db/reference-asks.ts'
import { DAY_MS } from '../domain/date.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import { readSymbolMeaning } from '../domain/symbol-meaning.ts'
import { redact } from '../log.ts'
import type { Provider } from '../providers/provider.ts'
import type { AskContext } from './ask.ts'
import { configOf } from './budget-in-force.ts'
import { withoutStrangers } from './keep-actions.ts'
import { refreshReference } from './refresh-reference.ts'
import type { FetchContext } from './run-task.ts'

/** Symbols of any 24 hours; a vendor that tells former symbols too takes two calls for each. */
const SYMBOLS_PER_DAY = 3
/** One of which nobody told is asked for again after so long. */
const AGAIN_MS = 7 * DAY_MS
/** Failures of a vendor, after which the next one may know. */
const VENDORS_OWN: ReadonlySet<string> = new Set(['provider', 'not-found', 'config'])

/** @throws StockyardError kind `database` when the store is lost */
export async function keepReference(
  context: FetchContext,
  symbols: readonly string[],
  providers: readonly Provider[],
): Promise<void> {
  const { pool, configs, clock, signal } = context
  const pace = { now: clock.now(), perDay: SYMBOLS_PER_DAY, againMs: AGAIN_MS }
  const untold = await listUntold(pool, symbols, pace)
  if (untold.length === 0) return
  const able = await withoutStrangers(pool, configs, providers)
  for (const one of untold) {
    if (signal?.aborted) return
    const { kind } = readSymbolMeaning(one.symbol)
    await askInTurn(
      context,
      one,
      able.filter(({ kinds }) => kinds.includes(kind)),
    )
  }
}

async function askInTurn(
  context: FetchContext,
  { id, symbol }: Untold,
  providers: readonly Provider[],
): Promise<void> {
  const { pool, clock, log, signal } = context
  for (const provider of providers) {
    const config = configOf(context, provider.id)
    const asking: AskContext = { ...context, config, lane: 'backfill', requests: 0 }
    try {
      await refreshReference(asking, provider, symbol, { fillsOnly: true })
      log.debug({ symbol, provider: provider.id }, 'asked what it is')
      return
    } catch (error) {
      if (signal?.aborted) return
      if (!(error instanceof StockyardError) || !VENDORS_OWN.has(error.kind)) throw error
      const why = `what ${symbol} is did not come: ${redact(messageOf(error))}`
      log.info({ provider: provider.id, code: error.code }, why)
    } finally {
      // What was refused before anything was sent is tried again as soon as calls are left.
      if (asking.requests > 0) await recordReferenceAsk(pool, id, clock.now())
    }
  }
}
