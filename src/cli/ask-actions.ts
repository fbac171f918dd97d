/** Splits and dividends besides a fetch: asked where they are due, or else said to be lacking. */
import type { Config } from '../config.ts'
import { listActionAsks, listSymbolsWithoutLedger } from '../db/action-asks.ts'
import type { FetchSummary } from '../load/fetch-series.ts'
import { keepActions, type ActionsWish } from '../load/keep-actions.ts'
import type { Provider } from '../providers/provider.ts'
import { openVendor } from './ask-vendor.ts'
import type { Store } from './open-store.ts'
import type { CommandContext } from './run-command.ts'
import { listSome, NAMED_MAX } from './tell-once.ts'

interface ActionsScope extends Pick<ActionsWish, 'providers' | 'which'> {
  /** Only these; absent: all of the run. */
  readonly symbols?: ReadonlySet<string>
}

/**
 * Asks for the splits and dividends of a run's symbols that are due, and counts the calls in its summary.
 * What does not come is told in the log and in the run, and changes nothing else.
 */
export async function withActions(
  context: CommandContext,
  config: Config,
  summary: FetchSummary,
  { providers, which, symbols: only }: ActionsScope,
): Promise<FetchSummary> {
  const [first] = providers
  if (first === undefined || context.signal.aborted) return summary
  const asking = await openVendor(context, first, config)
  const symbols = symbolsOf(summary).filter((symbol) => only?.has(symbol) !== false)
  const { calls } = await keepActions(
    { ...asking, configs: config.providers },
    { symbols, providers, which, runs: new Map(symbols.map((symbol) => [symbol, summary.run])) },
  )
  return { ...summary, requests: summary.requests + calls }
}

/** Says on standard error of which symbols of a run no vendor was ever asked for splits and dividends. */
export async function tellWithoutActions(
  context: CommandContext,
  { pool }: Store,
  summary: FetchSummary,
  providers: readonly Provider[],
): Promise<void> {
  if (providers.every(({ requestActions }) => requestActions === undefined)) return
  const symbols = await listSymbolsWithoutLedger(pool, symbolsOf(summary))
  if (symbols.length === 0) return
  const command = `stockyard fetch ${symbols.length > NAMED_MAX ? '' : `${symbols.join(' ')} `}--actions`
  await context.stderr.write(
    `Splits and dividends of ${listSome(symbols)} were never asked for: ${command}\n`,
  )
}

/** When vendors were asked for the splits and dividends of an instrument, as a script reads it. */
export async function actionAskRows({ pool }: Store, instrumentId: number) {
  const asks = await listActionAsks(pool, [instrumentId])
  return asks.map(({ provider, askedAt, answeredAt, failure }) => ({
    provider,
    asked_at: new Date(askedAt).toISOString(),
    answered_at: answeredAt === null ? null : new Date(answeredAt).toISOString(),
    failure,
  }))
}

/** The same as a line for people; empty where nobody was asked. */
export function actionAskText(rows: Awaited<ReturnType<typeof actionAskRows>>): string {
  if (rows.length === 0) return ''
  const said = rows.map(({ provider, asked_at, failure }) => {
    const time = `${asked_at.slice(0, 16).replace('T', ' ')} UTC`
    return `${provider} ${time}${failure === null ? '' : ` (${failure})`}`
  })
  return `\nsplits and dividends asked last: ${said.join(', ')}\n`
}

function symbolsOf({ tasks }: FetchSummary): string[] {
  return [...new Set(tasks.map(({ symbol }) => symbol))]
}
