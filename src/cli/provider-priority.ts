/** `stockyard providers priority`: whose bars come first where several vendors have the same. */
import type { Command } from 'commander'
import { INSTRUMENT_KINDS } from '../db/instruments.ts'
import { listPriorities, setPriority, type StoredPriority } from '../db/priorities.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { getProvider } from '../providers/registry.ts'
import { DEFAULT_PRIORITY } from '../query/provider-priority.ts'
import { formatInstant } from '../query/rows.ts'
import type { Run } from './commands.ts'
import { localUser } from './local-user.ts'
import { addExamples, intervalOption } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

interface PriorityOptions {
  readonly json?: boolean
  readonly kind?: string
  readonly interval?: Interval
  readonly clear?: boolean
  readonly by?: string
}

/** Bars that somebody corrected by hand; no vendor of the registry. */
const BY_HAND = 'manual'

/** Adds the command under `providers`. */
export function definePriority(providers: Command, run: Run): void {
  const priority = providers
    .command('priority')
    .description(
      'Set whose bars come first in merged reads (provider auto), or show it. What says more wins: kind and interval, then kind, then interval.',
    )
    .argument('[providers]', 'ids, the first one’s bars first: yahoo,polygon')
    .option('--kind <kind>', `of instruments of this kind only: ${INSTRUMENT_KINDS.join(', ')}`)
    .addOption(intervalOption('of this interval only'))
    .option('--clear', 'let the more general one hold again')
    .option('--by <name>', 'who sets it; without it, the user of this machine')
    .action((list: string | undefined, options: PriorityOptions) =>
      run(options, (context) => runPriority(context, list, options)),
    )
  addExamples(priority, [
    ['providers priority', 'what holds'],
    ['providers priority yahoo,polygon --kind stock --interval 1d', 'daily bars of stocks'],
    ['providers priority --kind stock --interval 1d --clear', 'as before'],
  ])
}

async function runPriority(
  context: CommandContext,
  list: string | undefined,
  options: PriorityOptions,
): Promise<void> {
  const { clear = false } = options
  if (list !== undefined && clear) {
    throw new StockyardError(
      'usage',
      'OPTION_CONFLICT',
      'A list and --clear contradict each other.',
      {
        hint: 'Leave one of them out.',
      },
    )
  }
  const scope = { kind: readKind(options.kind), interval: options.interval ?? null }
  const { pool } = await context.openStore()
  if (list !== undefined || clear) {
    const by = options.by ?? localUser()
    const providers = list === undefined ? [] : readProviders(list)
    await setPriority(pool, scope, providers, plainText(by).trim())
  }
  await show(context, await listPriorities(pool))
}

function readKind(kind: string | undefined): string | null {
  if (kind === undefined) return null
  if ((INSTRUMENT_KINDS as readonly string[]).includes(kind)) return kind
  throw new StockyardError('usage', 'KIND_UNKNOWN', `"${kind}" is no kind of instrument.`, {
    hint: `There are ${INSTRUMENT_KINDS.join(', ')}.`,
  })
}

function readProviders(list: string): string[] {
  const ids = list.split(',').map((id) => id.trim().toLowerCase())
  return [...new Set(ids.map((id) => (id === BY_HAND ? id : getProvider(id).id)))]
}

async function show(context: CommandContext, rows: readonly StoredPriority[]): Promise<void> {
  if (context.json) {
    const data = rows.map(({ setAt, setBy, ...same }) => ({
      ...same,
      set_at: formatInstant(setAt),
      set_by: setBy,
    }))
    await writeJson(context.stdout, { data, default: DEFAULT_PRIORITY })
    return
  }
  const fallback = { kind: null, interval: null, providers: DEFAULT_PRIORITY, setAt: 0, setBy: '' }
  await context.stdout.write(
    formatTable(
      context.stdout,
      [
        { title: 'kind', value: ({ kind }) => kind ?? 'any' },
        { title: 'interval', value: ({ interval }) => interval ?? 'any' },
        { title: 'providers', value: ({ providers }) => providers.join(' ') },
        { title: 'set by', value: ({ setBy }) => (setBy === '' ? 'as built in' : setBy) },
      ],
      [...rows, fallback],
    ),
  )
}
