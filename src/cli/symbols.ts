/** `stockyard symbols`: the watch list, and what is known of a symbol. */
import type { Command } from 'commander'
import {
  addInstrument,
  findInstrument,
  getInstrument,
  listInstruments,
  updateInstrument,
  type Instrument,
} from '../db/instruments.ts'
import { findRenamed, listAliases, renamedError, type Alias } from '../db/symbols.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { formatDate, requireDay } from '../domain/date.ts'
import { stockRow } from '../query/instruments.ts'
import { readStatus } from '../query/status.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import { refreshReference } from '../load/refresh-reference.ts'
import { actionAskRows, actionAskText } from './ask-actions.ts'
import { askVendor } from './ask-vendor.ts'
import type { Define, Run } from './commands.ts'
import { defineActions } from './symbol-actions.ts'
import { defineChanges, freeSymbol, setExchange } from './symbol-changes.ts'
import { defineListing } from './symbol-listing.ts'
import { askForEach } from './each-symbol.ts'
import { withPresentKind, type Store } from './open-store.ts'
import { addExamples, readSymbol, readSymbols } from './options.ts'
import { plainText, writeJson } from './output.ts'
import { chooseProvider, providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatTable } from './table.ts'

interface SymbolsOptions {
  readonly json?: boolean
}

interface RefreshOptions extends SymbolsOptions {
  readonly refresh?: boolean
  readonly provider?: string
}

interface AddOptions extends RefreshOptions {
  readonly new?: boolean
  readonly on?: number
  readonly exchange?: string
}

interface ListOptions extends SymbolsOptions {
  readonly all?: boolean
  readonly text?: string
}

interface SearchOptions extends SymbolsOptions {
  readonly provider?: string
}

export const define: Define = (command, run) => {
  defineAdd(command, run)
  defineList(command, run)
  defineShow(command, run)
  defineActions(command, run)
  defineChanges(command, run)
  defineRemove(command, run)
  defineSearch(command, run)
  defineListing(command, run)
  addExamples(command, [
    ['symbols add AAPL MSFT', 'watch two symbols: a bare fetch brings them up to date'],
    ['symbols list', 'the watch list'],
    ['symbols search tencent', 'ask the vendor for a symbol by name'],
  ])
}

function defineAdd(symbols: Command, run: Run): void {
  const command = symbols
    .command('add')
    .description('Put symbols on the watch list. Asks no vendor, unless told to.')
    .argument('<symbols...>', 'symbols')
    .option('--new', 'as another company than the one that has or had the symbol')
    .option('--on <date>', 'with --new, the first day of the new one, YYYY-MM-DD', (text) =>
      requireDay(text, '--on'),
    )
    .option(
      '--exchange <mic>',
      'the exchange by whose calendar they trade, by its market code or name; 24/7: each day is a session',
    )
  addRefresh(command).action((typed: string[], options: AddOptions) =>
    run(options, (context) => add(context, readSymbols(typed), options)),
  )
  addExamples(command, [
    ['symbols add AAPL', 'one'],
    ['symbols add AAPL,MSFT BRK.B', 'several'],
    ['symbols add SAP.DE --refresh', 'and ask for its name and exchange'],
    ['symbols add FB --new', 'another company has it now; it inherits no bars'],
    ['symbols add KEN.TA --exchange 24/7', 'of an exchange whose sessions are not known here'],
  ])
}

/** Options of commands that can ask a vendor what a symbol is. */
function addRefresh(command: Command): Command {
  return command
    .option(
      '--refresh',
      'ask a vendor for name, exchange and the like: one call a symbol, two to Polygon',
    )
    .addOption(providerOption('with --refresh, the vendor to ask'))
}

/** Asks what symbols are, where that is wanted; 1 where somebody could not be asked about, else 0. */
async function refresh(
  context: CommandContext,
  symbols: readonly string[],
  options: RefreshOptions,
): Promise<number> {
  if (options.refresh !== true) {
    if (options.provider === undefined) return 0
    throw new StockyardError('usage', 'OPTION_CONFLICT', '--provider goes with --refresh only.', {
      hint: 'Add --refresh to ask that vendor, or leave --provider out.',
    })
  }
  const config = await context.config()
  const unserved = await askForEach(context, config, symbols, options.provider, refreshReference)
  const [first] = unserved
  if (first !== undefined && symbols.length === 1) throw first.error
  for (const { symbol, error } of unserved) {
    await context.stderr.write(`${symbol}: ${plainText(messageOf(error))}\n`)
  }
  return unserved.length > 0 ? 1 : 0
}

async function add(
  context: CommandContext,
  symbols: readonly string[],
  options: AddOptions,
): Promise<number> {
  if (options.on !== undefined && options.new !== true) {
    throw new StockyardError('usage', 'OPTION_CONFLICT', '--on goes with --new only.', {
      hint: 'Add --new for another company, or leave --on out.',
    })
  }
  // A wrong one is told before anything is written.
  if (options.exchange !== undefined) getCalendar(options.exchange)
  const store = await context.openStore({ writes: true })
  const added: string[] = []
  for (const symbol of symbols) {
    const isNew = options.new === true && (await addNew(context, store, symbol, options.on))
    if (isNew || (await watch(store, symbol))) added.push(symbol)
    if (options.exchange !== undefined) await setExchange(store, symbol, options.exchange)
  }
  const exitCode = await refresh(context, symbols, options)
  if (context.json) await writeJson(context.stdout, { added, watched: symbols })
  else {
    await context.stdout.write(`Watching ${symbols.join(', ')}.\n`)
    await tellOfNames(context, store, symbols)
  }
  return exitCode
}

/** Says how names come where no vendor has been heard of a symbol. */
async function tellOfNames(
  { stderr }: CommandContext,
  { pool }: Store,
  symbols: readonly string[],
): Promise<void> {
  for (const symbol of symbols) {
    const { name, metadata } = await getInstrument(pool, symbol)
    if (name !== null || Object.keys(metadata).length > 0) continue
    const how = 'Names come with bars from Yahoo, or by and by while stockyard up runs'
    await stderr.write(`${how}; to ask now: stockyard symbols show ${symbol} --refresh\n`)
    return
  }
}

/** Adds and watches a symbol as a company of its own; false where nothing has or had it. */
async function addNew(
  context: CommandContext,
  store: Store,
  symbol: string,
  on: number | undefined,
): Promise<boolean> {
  if ((await findInstrument(store.pool, symbol)) === null) return false
  const former = await freeSymbol(store, symbol, on)
  if (former !== null) await context.stderr.write(`What was ${symbol} is called ${former} now.\n`)
  await addInstrument(store.pool, { symbol, watched: true })
  return true
}

/**
 * Puts a symbol on the watch list; true when it was not on it.
 * @throws StockyardError `SYMBOL_RENAMED` where it was given up for another one
 */
export async function watch(store: Store, symbol: string): Promise<boolean> {
  const renamed = (await findRenamed(store.pool, [symbol])).get(symbol)
  if (renamed !== undefined) throw renamedError(renamed)
  const found = await findInstrument(store.pool, symbol)
  if (found === null) {
    await addInstrument(store.pool, { symbol, watched: true })
    return true
  }
  if (found.watched && found.active) return false
  await updateInstrument(store.pool, found.id, { watched: true, active: true })
  return true
}

function defineList(symbols: Command, run: Run): void {
  const command = symbols
    .command('list')
    .description('List the watch list, or with --all every symbol of the store.')
    .option('--all', 'symbols that are not watched too')
    .option('--text <words>', 'only where symbol, name, sector or industry holds the words')
    .action((options: ListOptions) => run(options, (context) => list(context, options)))
  addExamples(command, [
    ['symbols list', 'what is watched'],
    ['symbols list --all --text bank --json', 'everything stored that matches'],
  ])
}

async function list(context: CommandContext, options: ListOptions): Promise<void> {
  const store = await context.openStore()
  const found = await listInstruments(store.pool, {
    active: true,
    ...(options.all === true ? {} : { watched: true }),
    text: options.text,
  })
  if (context.json) {
    await writeJson(context.stdout, { data: found.map(stockRow), next: null })
  } else if (found.length === 0) {
    await context.stdout.write(`${noneText(options)}\n`)
  } else {
    await context.stdout.write(instrumentTable(context, found))
  }
}

function noneText({ text, all = false }: ListOptions): string {
  const where = all ? 'in the store' : 'on the watch list'
  if (text !== undefined) return `No symbol ${where} matches ${JSON.stringify(text)}.`
  const hint = 'Add one: stockyard symbols add AAPL'
  return all
    ? `No symbol is ${where}. ${hint}`
    : `No symbol is ${where}. ${hint}; all that are stored: stockyard symbols list --all`
}

function defineShow(symbols: Command, run: Run): void {
  const command = symbols
    .command('show')
    .description('Show what is known and stored of a symbol.')
    .argument('<symbol>', 'the symbol')
  addRefresh(command).action((typed: string, options: RefreshOptions) =>
    run(options, (context) => show(context, readSymbol(typed), options)),
  )
  addExamples(command, [
    ['symbols show AAPL', 'name, exchange, series'],
    ['symbols show AAPL --refresh', 'as a vendor says it now'],
    ['symbols show AAPL --json', 'for a script'],
  ])
}

async function show(
  context: CommandContext,
  symbol: string,
  options: RefreshOptions,
): Promise<void> {
  await refresh(context, [symbol], options)
  const store = await withPresentKind(await context.openStore())
  const instrument = await getInstrument(store.pool, symbol)
  const aliases = await listAliases(store.pool, instrument.id)
  const { data } = await readStatus(store.pool, { symbol })
  const asked = await actionAskRows(store, instrument.id)
  if (context.json) {
    const symbols = aliases.map(aliasJson)
    const row = { ...stockRow(instrument), symbols, series: data, actions_asked: asked }
    await writeJson(context.stdout, row)
    return
  }
  await context.stdout.write(instrumentTable(context, [instrument]))
  if (store.simulated) await context.stderr.write(`${simulatedNote(store)}not real data\n`)
  if (aliases.length > 1) await context.stdout.write(`\n${aliases.map(aliasText).join(', ')}\n`)
  if (instrument.delistedDay !== null) {
    await context.stdout.write(`not listed since ${formatDate(instrument.delistedDay)}\n`)
  }
  if (data.length === 0) {
    await context.stdout.write(`\nNo bars yet: stockyard fetch ${instrument.symbol}\n`)
    return
  }
  const table = formatTable(
    context.stdout,
    [
      { title: 'interval', value: (row) => row.interval },
      { title: 'provider', value: (row) => row.provider },
      { title: 'bars', align: 'right', value: (row) => row.bars },
      { title: 'first', value: (row) => row.first },
      { title: 'last', value: (row) => row.last },
      { title: 'final through', value: (row) => row.watermark },
    ],
    data,
  )
  await context.stdout.write(`\n${table}${actionAskText(asked)}`)
}

function aliasJson({ symbol, fromDay, untilDay }: Alias) {
  return {
    symbol,
    from: fromDay === null ? null : formatDate(fromDay),
    until: untilDay === null ? null : formatDate(untilDay),
  }
}

function aliasText(alias: Alias): string {
  const { symbol, from, until } = aliasJson(alias)
  return `${symbol}${from === null ? '' : ` from ${from}`}${until === null ? '' : ` until ${until}`}`
}

function defineRemove(symbols: Command, run: Run): void {
  const command = symbols
    .command('remove')
    .description('Take symbols off the watch list. Their bars stay.')
    .argument('<symbols...>', 'symbols')
    .action((typed: string[], options: SymbolsOptions) =>
      run(options, (context) => remove(context, readSymbols(typed))),
    )
  addExamples(command, [
    ['symbols remove TSLA', 'one'],
    ['symbols remove TSLA MSFT --json', 'several, for a script'],
  ])
}

async function remove(context: CommandContext, symbols: readonly string[]): Promise<void> {
  const store = await context.openStore()
  // All are looked up first, so that an unknown one leaves the list as it was.
  const found: Instrument[] = []
  for (const symbol of symbols) found.push(await getInstrument(store.pool, symbol))
  for (const { id } of found) await updateInstrument(store.pool, id, { watched: false })
  const names = found.map((instrument) => instrument.symbol)
  if (context.json) await writeJson(context.stdout, { removed: names })
  else await context.stdout.write(`No longer watching ${names.join(', ')}; their bars stay.\n`)
}

function defineSearch(symbols: Command, run: Run): void {
  const command = symbols
    .command('search')
    .description('Ask a vendor for symbols by name. Spends one call of its budget.')
    .argument('<words...>', 'part of a name or of a symbol')
    .addOption(providerOption('the vendor to ask'))
    .action((words: string[], options: SearchOptions) =>
      run(options, (context) => search(context, words.join(' '), options)),
    )
  addExamples(command, [
    ['symbols search tencent', 'by name'],
    ['symbols search "berkshire hathaway" --json', 'for a script'],
  ])
}

async function search(
  context: CommandContext,
  words: string,
  options: SearchOptions,
): Promise<void> {
  const provider = chooseProvider(options.provider)
  const { matches } = await askVendor(context, provider, provider.requestSearch(words), (body) =>
    provider.parseSearch(body),
  )
  if (context.json) {
    await writeJson(context.stdout, { data: matches, next: null })
  } else if (matches.length === 0) {
    await context.stdout.write(`${provider.name} knows nothing like "${plainText(words)}".\n`)
  } else {
    const table = formatTable(
      context.stdout,
      [
        { title: 'symbol', value: (match) => match.symbol },
        { title: 'name', value: (match) => match.name },
        { title: 'kind', value: (match) => match.kind },
        { title: 'region', value: (match) => match.region },
        { title: 'currency', value: (match) => match.currency },
        { title: 'match', align: 'right', value: (match) => `${Math.round(match.score * 100)} %` },
      ],
      matches,
    )
    await context.stdout.write(table)
  }
}

function instrumentTable(context: CommandContext, rows: readonly Instrument[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'name', value: (row) => row.name },
      { title: 'kind', value: (row) => row.kind },
      { title: 'exchange', value: (row) => row.exchange },
      { title: 'sector', value: (row) => row.sector },
      { title: 'watched', value: (row) => (row.watched ? 'yes' : 'no') },
    ],
    rows,
  )
}
