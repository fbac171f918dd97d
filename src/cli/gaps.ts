/** `stockyard gaps`: what is missing, and getting it. */
import { getInstrument } from '../db/instruments.ts'
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { listAlerts } from '../load/closure-alert.ts'
import { explainGaps, type GapReason } from '../load/explain-gaps.ts'
import { listGaps, type Gap, type GapSearch } from '../load/list-gaps.ts'
import { openCalendars, type CalendarOf } from '../load/open-calendars.ts'
import { repairGaps } from '../load/repair.ts'
import { alertText } from './alert-text.ts'
import type { Define } from './commands.ts'
import { summaryText } from './fetch.ts'
import { chooseProviders, withoutStrangers, withVendors } from './fetch-symbols.ts'
import { addExamples, addPeriod, checkPeriod, intervalsOption, readSymbols } from './options.ts'
import type { Period } from './options.ts'
import { writeJson } from './output.ts'
import { providerOption } from './provider-option.ts'
import type { Store } from './open-store.ts'
import { tellRenamed } from './renamed-note.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'
import { formatCount, formatTable } from './table.ts'

interface GapsOptions extends Period {
  readonly json?: boolean
  readonly interval?: readonly Interval[]
  readonly provider?: string
  readonly repair?: boolean
  readonly actions?: boolean
  readonly force?: boolean
}

/** A gap as `--json` has it. */
interface GapJson {
  readonly symbol: string
  readonly interval: Interval
  readonly provider: string
  readonly from: string
  readonly until: string
  readonly sessions: number
  readonly state: Gap['state']
  /** Why a session counts as there in part; none where it is missing. */
  readonly reasons: readonly GapReason[]
}

export const define: Define = (command, run) => {
  command
    .description(
      'Sessions that are expected, and neither stored nor proven not to exist. Exits with 1 while there are any.',
    )
    .argument('[symbols...]', 'symbols; without any, all that are stored')
    .addOption(intervalsOption('bars of this length only; repeat it or write a list'))
    .addOption(providerOption())
    .option('--repair', 'ask for just what is missing, and record what nobody has')
    .option('--actions', 'with --repair: ask for splits and dividends too, where that is due')
    .option('--force', 'with --repair: ask again where vendors said the same before')
  addPeriod(command).action((symbols: string[], options: GapsOptions) =>
    run(options, (context) => gaps(context, readSymbols(symbols), options)),
  )
  addExamples(command, [
    ['gaps', 'what is missing of everything that is stored'],
    ['gaps AAPL -i 1m --repair', 'get what is missing of one series'],
    [
      'gaps --from 2024-01-01 --until 2025-01-01',
      'of a year, also before and after what was fetched',
    ],
  ])
}

async function gaps(
  context: CommandContext,
  symbols: readonly string[],
  options: GapsOptions,
): Promise<number> {
  checkPeriod(options)
  checkRepairOptions(options)
  const search: GapSearch = {
    symbols: await storedSymbols(context, symbols),
    intervals: options.interval,
    provider: options.provider,
    from: options.from ?? null,
    until: options.until ?? null,
  }
  if (options.repair === true) return await repair(context, search, options)
  const config = await context.config()
  const store = await context.openStore()
  const calendarOf = await openCalendars(store.pool, config.home)
  const found = await listGaps(store.pool, search, calendarOf, context.clock.now())
  const rows = await explained(store, found, calendarOf)
  const alerts = await listAlerts(store.pool, calendarOf)
  if (context.json) {
    await writeJson(context.stdout, { data: rows, next: null, alerts })
  } else {
    await context.stdout.write(
      gapTable(context, rows) + simulatedNote(store) + gapText(rows) + alertText(alerts),
    )
  }
  return found.length === 0 ? 0 : 1
}

function checkRepairOptions({ actions, force, ...options }: GapsOptions): void {
  if (options.repair === true) return
  for (const [name, value] of Object.entries({ actions, force })) {
    if (value !== true) continue
    throw new StockyardError('usage', 'OPTION_CONFLICT', `--${name} goes with --repair only.`, {
      hint: `Add --repair, or use: stockyard fetch --${name}`,
    })
  }
}

/**
 * Symbols as the store calls them now.
 * @throws StockyardError `SYMBOL_UNKNOWN`: what is misspelt would seem to lack nothing
 */
async function storedSymbols(
  context: CommandContext,
  typed: readonly string[],
): Promise<readonly string[]> {
  if (typed.length === 0) return []
  const store = await context.openStore()
  const symbols: string[] = []
  for (const one of typed) {
    symbols.push((await getInstrument(store.pool, one)).symbol)
    await tellRenamed(context, store, one)
  }
  return symbols
}

async function repair(
  context: CommandContext,
  search: GapSearch,
  { actions, force = false }: GapsOptions,
): Promise<number> {
  const config = await context.config()
  const store = await context.openStore({ writes: true })
  const able = chooseProviders(undefined, config, search.intervals ?? [])
  const providers = await withoutStrangers(store, config, able)
  const { summary, gaps: left } = await withVendors(
    context,
    store,
    config,
    { lane: 'repair' },
    providers[0],
    (fetching) =>
      repairGaps(fetching, search, providers, {
        force,
        ...(actions === true ? { actions: 'due' as const } : {}),
      }),
  )
  const rows = await explained(store, left, await openCalendars(store.pool, config.home))
  if (context.json) {
    await writeJson(context.stdout, { ...(summary ?? NOTHING_DONE), gaps: rows })
  } else {
    if (summary !== null) await context.stdout.write(summaryText(context, store, summary))
    const text = summary === null && left.length > 0 ? SAME_BEFORE : gapText(rows)
    await context.stdout.write(gapTable(context, rows) + simulatedNote(store) + text)
  }
  return left.length === 0 ? 0 : 1
}

const SAME_BEFORE =
  'Nobody was asked: the vendors said the same of these sessions before. stockyard gaps --repair --force asks again.\n'

/** What `fetch --json` says of a run, where none was needed. */
const NOTHING_DONE = {
  run: null,
  status: 'succeeded',
  symbols: 0,
  requests: 0,
  fetched: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  rejected: 0,
  tasks: [],
} as const

/** Gaps as they are shown, with what is known of them. */
async function explained(
  { pool }: Store,
  found: readonly Gap[],
  calendarOf: CalendarOf,
): Promise<GapJson[]> {
  const reasons = await explainGaps(pool, found, calendarOf)
  return found.map(({ symbol, interval, provider, from, until, sessions, state }, i) => {
    const days = { from: formatDate(from), until: formatDate(until) }
    return { symbol, interval, provider, ...days, sessions, state, reasons: reasons[i]! }
  })
}

function gapTable(context: CommandContext, rows: readonly GapJson[]): string {
  if (rows.length === 0) return ''
  return formatTable<GapJson>(
    context.stdout,
    [
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'interval', value: (row) => row.interval },
      { title: 'provider', value: (row) => row.provider },
      { title: 'from', value: (row) => row.from },
      { title: 'until', value: (row) => row.until },
      { title: 'sessions', align: 'right', value: (row) => row.sessions },
      { title: 'state', value: (row) => row.state },
      { title: 'why', value: (row) => row.reasons.join(', ') || null },
    ],
    rows,
  )
}

function gapText(found: readonly GapJson[]): string {
  if (found.length === 0) return 'No gaps.\n'
  const isAsked = found.some(({ reasons }) => !reasons.includes('said-again'))
  const next = isAsked
    ? 'stockyard gaps --repair asks for them'
    : 'The vendors said the same when they were asked again; stockyard gaps --repair --force asks once more'
  const sessions = found.reduce((sum, gap) => sum + gap.sessions, 0)
  const what = found.length === 1 ? '1 gap' : `${formatCount(found.length)} gaps`
  return `${what}, ${formatCount(sessions)} ${sessions === 1 ? 'session' : 'sessions'}. ${next}.\n`
}
