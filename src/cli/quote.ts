/** `stockyard quote`: the latest price of symbols, as far as the store knows it or a vendor says it now. */
import { messageOf, StockyardError } from '../domain/error.ts'
import { readQuote, type QuoteRow } from '../query/latest.ts'
import type { Define } from './commands.ts'
import { withPresentKind, type Store } from './open-store.ts'
import { addExamples, readSymbols } from './options.ts'
import { writeJson } from './output.ts'
import { providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatPrice, formatTable } from './table.ts'

interface QuoteOptions {
  readonly json?: boolean
  readonly fresh?: boolean
  readonly provider?: string
}

export const define: Define = (command, run) => {
  command
    .description(
      'Show the latest price of symbols, read from the store; with --fresh, as a vendor says it now.',
    )
    .argument('<symbols...>', 'symbols')
    .option(
      '--fresh',
      'ask a vendor first, one call of its budget a symbol, and store what it says',
    )
    .addOption(providerOption('with --fresh, the vendor to ask'))
    .action((symbols: string[], options: QuoteOptions) =>
      run(options, (context) => quote(context, readSymbols(symbols), options)),
    )
  addExamples(command, [
    ['quote AAPL', 'one symbol'],
    ['quote AAPL MSFT IBM', 'several'],
    ['quote AAPL --fresh', 'asked for now'],
    ['quote AAPL --json | jq .data[0].price', 'the number, for a script'],
  ])
}

async function quote(
  context: CommandContext,
  symbols: readonly string[],
  options: QuoteOptions,
): Promise<number> {
  checkOptions(options)
  const unserved = options.fresh === true ? await refresh(context, symbols, options.provider) : []
  const fresh = symbols.filter((symbol) => !unserved.some((one) => one.symbol === symbol))
  const store = await withPresentKind(await context.openStore())
  const { quotes, missing: absent } = await readQuotes(store, fresh)
  const missing = [...unserved.map(({ error }) => error), ...absent]
  // One unknown symbol among several does not keep the others back.
  if (quotes.length === 0 && missing[0] !== undefined) throw missing[0]
  if (context.json) {
    await writeJson(context.stdout, { simulated: store.simulated, data: quotes })
  } else {
    await context.stdout.write(`${quoteTable(context, quotes)}`)
    if (store.simulated) await context.stderr.write(`${simulatedNote(store)}not real prices\n`)
  }
  for (const error of missing) await context.stderr.write(`${messageOf(error)}\n`)
  return missing.length > 0 ? 1 : 0
}

function checkOptions(options: QuoteOptions): void {
  if (options.provider === undefined || options.fresh === true) return
  throw new StockyardError('usage', 'OPTION_CONFLICT', '--provider goes with --fresh only.', {
    hint: 'Without --fresh nobody is asked: what was observed last is shown, whoever said it.',
  })
}

async function refresh(
  context: CommandContext,
  symbols: readonly string[],
  provider: string | undefined,
) {
  // Loaded where a vendor is asked: the store is read without all that fetching takes.
  const { askForEach } = await import('./each-symbol.ts')
  const { refreshQuote } = await import('../load/refresh-quotes.ts')
  return await askForEach(context, await context.config(), symbols, provider, refreshQuote)
}

async function readQuotes(
  store: Store,
  symbols: readonly string[],
): Promise<{ quotes: QuoteRow[]; missing: StockyardError[] }> {
  const quotes: QuoteRow[] = []
  const missing: StockyardError[] = []
  for (const symbol of symbols) {
    try {
      quotes.push(await readQuote(store.pool, symbol))
    } catch (error) {
      if (!(error instanceof StockyardError) || error.kind !== 'not-found') throw error
      missing.push(error)
    }
  }
  return { quotes, missing }
}

function quoteTable(context: CommandContext, quotes: readonly QuoteRow[]): string {
  const { stdout } = context
  return formatTable(
    stdout,
    [
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'price', align: 'right', value: (row) => formatPrice(row.price) },
      { title: 'change', align: 'right', value: (row) => formatChange(row.change) },
      {
        title: '%',
        align: 'right',
        value: (row) => (row.change_percent === null ? null : formatChange(row.change_percent)),
      },
      { title: 'volume', align: 'right', value: (row) => row.volume },
      { title: 'session', value: (row) => row.session },
      { title: 'from', value: (row) => `${row.provider} ${row.source}` },
    ],
    quotes,
  )
}

function formatChange(value: number | null): string {
  if (value === null) return '–'
  return `${value > 0 ? '+' : ''}${value.toFixed(2)}`
}
