/** Asks a vendor what an instrument is, and keeps what it says. */
import {
  ensureInstrument,
  findInstrument,
  mergeReference,
  type Instrument,
} from '../db/instruments.ts'
import { claimStore } from '../db/store-kind.ts'
import type { ReceivedBody } from '../providers/fetch.ts'
import type { Provider } from '../providers/provider.ts'
import { ask, requireAnswerFor, type AskContext } from './ask.ts'

/**
 * The instrument of a symbol with what a vendor says of it: name, kind, exchange, currency, sector,
 * listing, and its own fields under `metadata`. One call of the budget. What the vendor leaves out stays
 * as it was.
 * @throws StockyardError `STORE_REAL`, `STORE_SIMULATED`, `ANSWER_OTHER_SYMBOL`, and what `ask` throws
 */
export async function refreshReference(
  context: AskContext,
  provider: Provider,
  typed: string,
): Promise<Instrument> {
  const symbol = (await findInstrument(context.pool, typed))?.symbol ?? typed
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
  const { id } = await ensureInstrument(context.pool, symbol)
  return await mergeReference(context.pool, id, {
    ...answer,
    provider: provider.id,
    listedDay: answer.listedDay ?? null,
    delistedDay: answer.delistedDay ?? null,
  })
}
