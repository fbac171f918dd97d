/** Asks a vendor for splits and dividends, where it has calls for them, and takes them into the ledger. */
import { recordActionAsk } from '../db/action-asks.ts'
import { storeActions } from '../db/actions.ts'
import { inRetriedTransaction } from '../db/connect.ts'
import { ensureInstrument, findInstrument } from '../db/instruments.ts'
import { claimStore } from '../db/store-kind.ts'
import type { LedgerChange } from '../domain/action-ledger.ts'
import { StockyardError } from '../domain/error.ts'
import type { ReceivedBody } from '../providers/fetch.ts'
import type { CorporateActions, Dividend, Provider, Split } from '../providers/provider.ts'
import type { VendorRequest } from '../providers/provider.ts'
import { ask, type AskContext } from './ask.ts'

/** More pages than the longest history has; a vendor that goes on leads in a circle. */
const PAGES_MAX = 100

/**
 * All splits and dividends that a vendor knows of a symbol, stored with when it was asked; tells what was
 * new in them. Rows that could not be read are told in the log.
 * @throws StockyardError `ACTIONS_UNSUPPORTED`, `STORE_REAL`, `STORE_SIMULATED`, and what `ask` throws
 */
export async function refreshActions(
  context: AskContext,
  provider: Provider,
  typed: string,
): Promise<LedgerChange> {
  const symbol = (await findInstrument(context.pool, typed))?.symbol ?? typed
  const { simulated, ...said } = await askActions(context, provider, symbol)
  await claimStore(context.pool, simulated ? 'simulated' : 'real')
  const { id } = await ensureInstrument(context.pool, symbol)
  const source = {
    instrumentId: id,
    provider: provider.id,
    runId: null,
    observedAt: context.clock.now(),
  }
  return await inRetriedTransaction(context.pool, async (connection) => {
    const change = await storeActions(connection, source, said)
    await recordActionAsk(connection, { ...source, askedAt: source.observedAt, failure: null })
    return change
  })
}

async function askActions(
  context: AskContext,
  provider: Provider,
  symbol: string,
): Promise<CorporateActions & { readonly simulated: boolean }> {
  const { requestActions, parseActions } = provider
  if (requestActions === undefined || parseActions === undefined) throw unsupported(provider)
  const baseUrl = context.config.baseUrl ?? provider.baseUrl
  const splits: Split[] = []
  const dividends: Dividend[] = []
  let simulated = false
  const askOne = async (request: VendorRequest): Promise<VendorRequest | undefined> => {
    const answer = await ask(context, provider, request, (body: ReceivedBody) => {
      simulated ||= body.simulated
      return parseActions(body, request, symbol, baseUrl)
    })
    splits.push(...answer.splits)
    dividends.push(...answer.dividends)
    for (const { rule, reason, raw } of answer.unreadable) {
      context.log.warn({ provider: provider.id, symbol, rule, raw }, reason)
    }
    return answer.next
  }
  const queue = requestActions(symbol)
  for (let pages = 0; queue.length > 0 && pages < PAGES_MAX; pages += 1) {
    const next = await askOne(queue.shift()!)
    if (next !== undefined) queue.unshift(next)
  }
  return { splits, dividends, simulated }
}

function unsupported(provider: Provider): StockyardError {
  const sentence = `${provider.name} has no call for splits and dividends.`
  return new StockyardError('usage', 'ACTIONS_UNSUPPORTED', sentence, {
    hint: 'Ask another vendor; Yahoo Finance tells them along with bars: stockyard fetch SYMBOL --provider yahoo',
  })
}
