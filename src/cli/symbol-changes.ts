/** `stockyard symbols rename` and `delist`: what happens to listings, the freeing of used symbols, and their calendar. */
import type { Command } from 'commander'
import { inTransaction } from '../db/connect.ts'
import { getInstrument, updateInstrument } from '../db/instruments.ts'
import { renameSymbol, retireSymbol, setDelisted } from '../db/symbols.ts'
import { formatDate, requireDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { stockRow } from '../query/instruments.ts'
import type { Run } from './commands.ts'
import type { Store } from './open-store.ts'
import { addExamples, readSymbol } from './options.ts'
import { writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'

interface RenameOptions {
  readonly json?: boolean
  readonly on: number
  readonly merge?: boolean
  readonly replace?: boolean
}

interface DelistOptions {
  readonly json?: boolean
  readonly on?: number
  readonly undo?: boolean
}

export function defineChanges(symbols: Command, run: Run): void {
  const rename = symbols
    .command('rename')
    .description('Record that a listing trades under another symbol. Its bars stay together.')
    .argument('<old>', 'the symbol so far')
    .argument('<new>', 'the symbol since')
    .requiredOption('--on <date>', 'the first day under the new symbol, YYYY-MM-DD', (text) =>
      requireDay(text, '--on'),
    )
    .option(
      '--merge',
      'bring over what the new symbol has of its own (bars, splits, a name, its watch); cannot be undone',
    )
    .option(
      '--replace',
      'with --merge, where both have bars of the same kind: put those of the new one aside',
    )
    .action((from: string, to: string, options: RenameOptions) =>
      run(options, (context) => renameCommand(context, from, to, options)),
    )
  addExamples(rename, [
    [
      'symbols rename FB META --on 2022-06-09',
      'once; said again with another day, it is corrected',
    ],
    ['symbols rename FB META --on 2022-06-09 --merge', 'META was fetched apart: one from now on'],
  ])
  const delist = symbols
    .command('delist')
    .description('Record that a listing has ended: from that day on nothing is asked or expected.')
    .argument('<symbol>', 'the symbol')
    .option('--on <date>', 'the first day on which it is not listed, YYYY-MM-DD', (text) =>
      requireDay(text, '--on'),
    )
    .option('--undo', 'it is listed after all')
    .action((symbol: string, options: DelistOptions) =>
      run(options, (context) => delistCommand(context, symbol, options)),
    )
  addExamples(delist, [
    ['symbols delist TWTR --on 2022-10-28', 'its bars stay'],
    ['symbols delist TWTR --undo', 'a mistake'],
  ])
}

async function renameCommand(
  context: CommandContext,
  typedFrom: string,
  typedTo: string,
  { on, merge, replace }: RenameOptions,
): Promise<void> {
  const [from, to] = [readSymbol(typedFrom), readSymbol(typedTo)]
  const store = await context.openStore()
  await inTransaction(store.pool, (connection) =>
    renameSymbol(connection, {
      from,
      to,
      day: on,
      merge: merge === true,
      replace: replace === true,
    }),
  )
  if (context.json) await writeJson(context.stdout, stockRow(await getInstrument(store.pool, to)))
  else await context.stdout.write(`${from} is ${to} ${whenText(context, on)}.\n`)
}

async function delistCommand(
  context: CommandContext,
  typed: string,
  { on, undo }: DelistOptions,
): Promise<void> {
  if ((on === undefined) === (undo !== true)) {
    throw new StockyardError('usage', 'OPTION_MISSING', 'Give --on with a date, or else --undo.', {
      hint: 'For example: stockyard symbols delist TWTR --on 2022-10-28',
    })
  }
  const store = await context.openStore()
  const { id, symbol } = await getInstrument(store.pool, readSymbol(typed))
  await setDelisted(store.pool, id, on ?? null)
  if (context.json) {
    await writeJson(context.stdout, stockRow(await getInstrument(store.pool, symbol)))
  } else {
    const ended = on === undefined ? 'is listed' : `is not listed ${whenText(context, on)}`
    await context.stdout.write(`${symbol} ${ended}.\n`)
  }
}

/** A day on which something changed or is going to. */
function whenText({ clock }: CommandContext, day: number): string {
  const date = formatDate(day)
  return day > clock.now() ? `from ${date} on` : `since ${date}`
}

/**
 * Frees symbols that name another company so far; those that name nothing stay as they are.
 * @param on the day since which they name something new; left out: since the old one was delisted
 * @returns what the former companies are called now
 * @throws StockyardError `OPTION_MISSING` where the day is not known
 */
export async function freeSymbol(
  { pool }: Store,
  symbol: string,
  on: number | undefined,
): Promise<string | null> {
  return await inTransaction(pool, async (connection) => {
    const found = await getInstrument(connection, symbol)
    // A symbol that was given up is free already.
    if (found.symbol !== symbol) return null
    const day = on ?? found.delistedDay
    if (day !== null) return await retireSymbol(connection, symbol, day)
    const sentence = `${symbol} is listed, as far as is known.`
    throw new StockyardError('usage', 'OPTION_MISSING', sentence, {
      hint: `Say since when it is another company's: stockyard symbols add ${symbol} --new --on DATE`,
    })
  })
}

/** Says by the calendar of which exchange, of one that is known, the bars of a symbol are judged. */
export async function setExchange(
  { pool }: Store,
  symbol: string,
  exchange: string,
): Promise<void> {
  const { id } = await getInstrument(pool, symbol)
  await updateInstrument(pool, id, { exchange: exchange.toUpperCase() })
}
