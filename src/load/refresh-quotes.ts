/** Asks a vendor for the price of now and keeps it. */
import { findInstrument, ensureInstrument } from '../db/instruments.ts'
import { upsertQuote, type Quote } from '../db/quotes.ts'
import { claimStore } from '../db/store-kind.ts'
import type { Provider } from '../providers/provider.ts'
import type { ReceivedBody } from '../providers/fetch.ts'
import { ask, requireAnswerFor, type AskContext } from './ask.ts'

/**
 * The quote of a symbol as a vendor gives it now, stored. One call of the budget. A symbol that the
 * vendor knows gets its place in the store; an unknown one does not.
 * @throws StockyardError `STORE_REAL`, `STORE_SIMULATED`, `ANSWER_OTHER_SYMBOL`, and what `ask` throws
 */
export async function refreshQuote(
  context: AskContext,
  provider: Provider,
  typed: string,
): Promise<Quote> {
  const symbol = (await findInstrument(context.pool, typed))?.symbol ?? typed
  let simulated = false
  const answer = await ask(
    context,
    provider,
    provider.requestQuote(symbol),
    (body: ReceivedBody) => {
      simulated = body.simulated
      return provider.parseQuote(body, symbol)
    },
    { lane: 'live' },
  )
  requireAnswerFor(symbol, answer.symbol, provider)
  await claimStore(context.pool, simulated ? 'simulated' : 'real')
  const { id } = await ensureInstrument(context.pool, symbol)
  const { ok: _ok, symbol: _symbol, ...values } = answer
  const quote = { ...values, provider: provider.id, observedAt: context.clock.now() }
  await upsertQuote(context.pool, id, quote)
  return quote
}
