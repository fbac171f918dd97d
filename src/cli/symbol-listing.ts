/** `stockyard symbols listing`: the stocks that Polygon lists, page by page as they come. */
import type { Command } from 'commander'
import { formatDate, requireDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { ask } from '../load/ask.ts'
import { takePages } from '../load/take-pages.ts'
import { parseListing, requestListing, type Listing } from '../providers/polygon/listing.ts'
import { polygon } from '../providers/polygon/index.ts'
import type { VendorRequest } from '../providers/provider.ts'
import { openVendor } from './ask-vendor.ts'
import type { Run } from './commands.ts'
import { addExamples } from './options.ts'
import { writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable, type Column } from './table.ts'

interface ListingOptions {
  readonly json?: boolean
  readonly delisted?: boolean
  readonly on?: number
}

export function defineListing(symbols: Command, run: Run): void {
  const command = symbols
    .command('listing')
    .description('Show the stocks that Polygon lists: one call for each 1,000. Stores nothing.')
    .option('--delisted', 'those that are listed no more')
    .option('--on <date>', 'as they were listed on a day, YYYY-MM-DD', (text) =>
      requireDay(text, '--on'),
    )
    .action((options: ListingOptions) => run(options, (context) => list(context, options)))
  addExamples(command, [
    ['symbols listing', 'all that is listed today'],
    ['symbols listing --on 2020-01-02 --json', 'as it was on a day, one line of JSON a stock'],
    ['symbols listing --delisted', 'with the day from which each was listed no more'],
  ])
}

async function list(
  context: CommandContext,
  { delisted = false, on }: ListingOptions,
): Promise<void> {
  const asking = await openVendor(context, polygon)
  const first = requestListing(!delisted, on === undefined ? undefined : formatDate(on))
  const take = async (asked: VendorRequest) => {
    const answer = await ask(asking, polygon, asked, (body) =>
      parseListing(body, asked, asking.config.baseUrl),
    )
    await show(context, answer.listings)
    for (const { reason } of answer.unreadable) {
      await context.stderr.write(`a row was left out: ${reason}\n`)
    }
    return answer.next
  }
  await takePages(first, (page) => page, take, pageRepeated)
}

const COLUMNS: readonly Column<Listing>[] = [
  { title: 'symbol', value: (one) => one.ticker },
  { title: 'name', value: (one) => one.name },
  { title: 'kind', value: (one) => one.kind },
  { title: 'exchange', value: (one) => one.exchange },
  { title: 'currency', value: (one) => one.currency },
  { title: 'delisted', value: (one) => dayText(one.delistedDay) },
]

async function show(context: CommandContext, listings: readonly Listing[]): Promise<void> {
  if (!context.json) {
    if (listings.length > 0) {
      await context.stdout.write(formatTable(context.stdout, COLUMNS, listings))
    }
    return
  }
  for (const { ticker, delistedDay, ...one } of listings) {
    await writeJson(context.stdout, { symbol: ticker, ...one, delisted_on: dayText(delistedDay) })
  }
}

function dayText(day: number | null): string | null {
  return day === null ? null : formatDate(day)
}

function pageRepeated(): StockyardError {
  return new StockyardError(
    'provider',
    'PAGES_CIRCULAR',
    'Polygon named a page of its listing as the next one that had come already.',
    { hint: 'What came until then was shown; report it where it stays so.' },
  )
}
