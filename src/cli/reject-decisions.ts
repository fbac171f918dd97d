/** `stockyard rejects accept`, `drop` and `revalidate`: what becomes of refused rows. */
import type { Command } from 'commander'
import { StockyardError } from '../domain/error.ts'
import { acceptRejects, dropRejects, type Decider } from '../load/decide-rejects.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { revalidate, type RevalidateSummary } from '../load/revalidate.ts'
import { findRejectOwner } from '../query/rejects.ts'
import type { Run } from './commands.ts'
import { localUser } from './local-user.ts'
import { archiveFolder } from './open-archive.ts'
import { addExamples, wholeNumber } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

interface DecideOptions {
  readonly json?: boolean
  readonly reason: string
}

interface RevalidateOptions {
  readonly json?: boolean
  readonly rule?: string
  readonly symbol?: string
}

export function defineDecisions(rejects: Command, run: Run): void {
  const accept = rejects
    .command('accept')
    .description('Load refused rows as they are. A final bar that changes becomes a revision.')
    .argument('<ids...>', 'ids of rejects')
    .requiredOption('--reason <words>', 'why, for those who see it later')
    .action((ids: string[], options: DecideOptions) =>
      run(options, (context) => acceptCommand(context, readIds(ids), options.reason)),
    )
  addExamples(accept, [
    ['rejects accept 12 --reason "halted, seen on the tape"', 'one'],
    ['rejects accept 12 13 --reason "checked by hand" --json', 'several, or none of them'],
  ])
  const drop = rejects
    .command('drop')
    .description('Say that refused rows are no loss. They stay in the list.')
    .argument('<ids...>', 'ids of rejects')
    .requiredOption('--reason <words>', 'why, for those who see it later')
    .action((ids: string[], options: DecideOptions) =>
      run(options, (context) => dropCommand(context, readIds(ids), options.reason)),
    )
  addExamples(drop, [
    ['rejects drop 12 --reason "a test trade"', 'one'],
    ['rejects drop 12 13 --reason "noise" --json', 'several'],
  ])
  const again = rejects
    .command('revalidate')
    .description('Read refused rows with today’s parsers and rules, and load those that pass.')
    .argument('[ids...]', 'ids of rejects; without any, all that are open')
    .option('--rule <rule>', 'only rows that this rule refused')
    .option('--symbol <symbol>', 'only rows of this symbol')
    .action((ids: string[], options: RevalidateOptions) =>
      run(options, (context) => revalidateCommand(context, readIds(ids), options)),
    )
  addExamples(again, [
    ['rejects revalidate', 'all open ones'],
    ['rejects revalidate --rule price-order --symbol AAPL', 'after a rule was mended'],
    ['rejects revalidate 12 --json', 'one, for a script'],
  ])
}

function readIds(texts: readonly string[]): number[] {
  const read = wholeNumber('id', 1, Number.MAX_SAFE_INTEGER)
  return [...new Set(texts.flatMap((text) => text.split(',')).map((text) => read(text)))]
}

/** Whoever is logged in on this machine decides. */
function decider(reason: string): Decider {
  return { by: localUser(), reason }
}

async function acceptCommand(
  context: CommandContext,
  ids: readonly number[],
  reason: string,
): Promise<void> {
  const { home } = await context.config()
  const store = await context.openStore()
  const calendarOf = await openCalendars(store.pool, home)
  const done = await acceptRejects({ pool: store.pool, calendarOf }, ids, decider(reason))
  if (context.json) {
    await writeJson(context.stdout, done)
    return
  }
  const lines = done.accepted.map(({ id, bar }) => `${id}: accepted, bar ${bar}\n`)
  await context.stdout.write(`${lines.join('')}Loaded in run ${done.run}.\n`)
}

async function dropCommand(
  context: CommandContext,
  ids: readonly number[],
  reason: string,
): Promise<void> {
  const store = await context.openStore()
  const done = await dropRejects(store, ids, decider(reason))
  if (context.json) await writeJson(context.stdout, done)
  else await context.stdout.write(`Dropped ${done.dropped.join(', ')}; they stay in the list.\n`)
}

/** Exit 1 where something is refused still or cannot be judged. */
async function revalidateCommand(
  context: CommandContext,
  ids: readonly number[],
  { rule, symbol }: RevalidateOptions,
): Promise<number> {
  if (ids.length > 0 && (rule !== undefined || symbol !== undefined)) {
    throw new StockyardError(
      'usage',
      'OPTION_CONFLICT',
      'Name ids, or filter by --rule and --symbol.',
      {
        hint: 'Ids say already which rejects are meant.',
      },
    )
  }
  const config = await context.config()
  const store = await context.openStore()
  const owner = symbol === undefined ? {} : await findRejectOwner(store.pool, symbol)
  const summary = await revalidate(
    {
      pool: store.pool,
      calendarOf: await openCalendars(store.pool, config.home),
      archive: archiveFolder(config),
    },
    { ids: ids.length === 0 ? undefined : ids, rule, ...owner },
    decider('').by,
  )
  if (context.json) await writeJson(context.stdout, summary)
  else await context.stdout.write(verdictsText(context, summary))
  const isDone = summary.verdicts.every(
    ({ verdict }) => verdict === 'loaded' || verdict === 'noise',
  )
  return isDone ? 0 : 1
}

function verdictsText(context: CommandContext, { run, verdicts }: RevalidateSummary): string {
  if (verdicts.length === 0) return 'No open reject fits.\n'
  const table = formatTable(
    context.stdout,
    [
      { title: 'id', align: 'right', value: (one) => one.id },
      { title: 'verdict', value: (one) => one.verdict },
      { title: 'bar', value: (one) => one.bar },
      { title: 'rule', value: (one) => one.rule },
      { title: 'reason', value: (one) => plainText(one.reason) },
    ],
    verdicts,
  )
  return `${table}${run === null ? 'Nothing to load.' : `Loaded in run ${run}.`}\n`
}
