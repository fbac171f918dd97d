/** `stockyard verify list|accept|mute|undo|decisions`: what is open, and what people decided about it. */
import { Option, type Command } from 'commander'
import { listDecisions, withdrawDecision } from '../db/decisions.ts'
import { getInstrument } from '../db/instruments.ts'
import { StockyardError } from '../domain/error.ts'
import type { Interval } from '../domain/interval.ts'
import { acceptSide, muteFinding, muteRule, NO_SIDE, type Author } from '../query/decide.ts'
import { decisionRow, readFindings, type DecisionRow, type FindingRow } from '../query/findings.ts'
import type { Run } from './commands.ts'
import { localUser } from './local-user.ts'
import { addExamples, intervalOption, readSymbol, wholeNumber } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

interface ListOptions {
  readonly json?: boolean
  readonly all?: boolean
  readonly rule?: string
}

interface AuthorOptions {
  readonly json?: boolean
  readonly reason: string
  readonly by?: string
}

interface AcceptOptions extends AuthorOptions {
  readonly side: string
}

interface MuteOptions extends AuthorOptions {
  readonly rule?: string
  readonly symbol?: string
  readonly interval?: Interval
}

/** What a finding can be of; what each means stands in docs/trust.md. */
const RULES = [
  'action-nonsense',
  'action-no-jump',
  'action-sources-disagree',
  'action-dates-differ',
  'action-too-large',
  'action-too-small',
  'jump-without-action',
  'bar-withdrawn',
  'rename-unclear',
  'unit',
  'split-basis',
  'vendors-disagree',
  'adjusted-close',
] as const

function ruleOption(description: string): Option {
  return new Option('--rule <rule>', description).choices(RULES)
}

const readId = wholeNumber('The number', 1, Number.MAX_SAFE_INTEGER)

/** Adds the commands under `verify`. */
export function defineDecisions(verify: Command, run: Run): void {
  defineList(verify, run)
  defineAccept(verify, run)
  defineMute(verify, run)
  defineUndo(verify, run)
}

function defineList(verify: Command, run: Run): void {
  const list = verify
    .command('list')
    .description('Show what verify found and nobody decided about, without looking anew.')
    .argument('[symbol]', 'one symbol only')
    .option('--all', 'decided, muted and gone ones as well')
    .addOption(ruleOption('of one rule only'))
    .action((symbol: string | undefined, options: ListOptions) =>
      run(options, (context) => showList(context, symbol, options)),
    )
  addExamples(list, [
    ['verify list', 'what is open'],
    ['verify list AAPL --all --json', 'all that was ever found, with the evidence'],
  ])
  const decisions = verify
    .command('decisions')
    .description('Show who decided what, when and why.')
    .option('--all', 'withdrawn ones as well')
    .action((options: ListOptions) => run(options, (context) => showDecisions(context, options)))
  addExamples(decisions, [['verify decisions', 'those that hold']])
}

function addAuthor(command: Command): Command {
  return command
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who decided; without it, the user of this machine')
}

function defineAccept(verify: Command, run: Run): void {
  const accept = verify
    .command('accept')
    .description(
      'Take a side: of an action, the vendor whose word counts; of bars, the vendor whose bars come first on those days.',
    )
    .argument('<finding>', 'its number', readId)
    .requiredOption('--side <provider>', `a vendor of the finding, or ${NO_SIDE}: no such action`)
  addAuthor(accept).action((id: number, options: AcceptOptions) =>
    run(options, async (context) => {
      const { pool } = await context.openStore()
      const decision = await acceptSide(pool, id, options.side, authorOf(options))
      await tell(context, decision)
    }),
  )
  addExamples(accept, [
    ['verify accept 12 --side polygon --reason "as the company says"', 'one vendor is right'],
    ['verify accept 12 --side none --reason "no such split"', 'an action did not happen'],
  ])
}

function defineMute(verify: Command, run: Run): void {
  const mute = verify
    .command('mute')
    .description('Do not tell of a finding any more, or of a rule.')
    .argument('[finding]', 'its number', readId)
    .addOption(ruleOption('in place of a number, all findings of this rule'))
    .option('--symbol <symbol>', 'with --rule, of one symbol only')
    .addOption(intervalOption('with --rule, of one interval only'))
  addAuthor(mute).action((id: number | undefined, options: MuteOptions) =>
    run(options, (context) => runMute(context, id, options)),
  )
  addExamples(mute, [
    ['verify mute 12 --reason "known"', 'one finding'],
    ['verify mute --rule jump-without-action --symbol GME --reason "it does that"', 'a rule'],
  ])
}

function defineUndo(verify: Command, run: Run): void {
  const undo = verify
    .command('undo')
    .description('Take a decision back. It stays on record, and holds for reads as of before.')
    .argument('<decision>', 'its number, as verify decisions shows it', readId)
    .action((id: number, options: { json?: boolean }) =>
      run(options, async (context) => {
        const { pool } = await context.openStore()
        if (!(await withdrawDecision(pool, id))) throw unknownDecision(id)
        if (context.json) await writeJson(context.stdout, { decision: id, withdrawn: true })
        else await context.stdout.write(`Decision ${id} holds no more.\n`)
      }),
    )
  addExamples(undo, [['verify undo 3', 'decide anew']])
}

function unknownDecision(id: number): StockyardError {
  const sentence = `There is no decision ${id} that holds.`
  return new StockyardError('not-found', 'DECISION_UNKNOWN', sentence, {
    hint: 'stockyard verify decisions shows them with their numbers.',
  })
}

async function runMute(
  context: CommandContext,
  id: number | undefined,
  options: MuteOptions,
): Promise<void> {
  const { rule, symbol, interval } = options
  const isByRule = rule !== undefined
  if ((id === undefined) !== isByRule || (!isByRule && (symbol ?? interval) !== undefined)) {
    const sentence = 'Name the number of a finding, or a rule: one of the two.'
    throw new StockyardError('usage', 'OPTION_CONFLICT', sentence, {
      hint: 'As in: stockyard verify mute 12 --reason "known". --symbol and --interval go with --rule.',
    })
  }
  const { pool } = await context.openStore()
  const author = authorOf(options)
  if (rule === undefined) return await tell(context, await muteFinding(pool, id!, author))
  const instrument = symbol === undefined ? null : await getInstrument(pool, readSymbol(symbol))
  const scope = { instrumentId: instrument?.id ?? null, interval: interval ?? null }
  await tell(context, await muteRule(pool, rule, scope, author))
}

function authorOf({ reason, by }: AuthorOptions): Author {
  return { reason: plainText(reason).trim(), decidedBy: plainText(by ?? localUser()).trim() }
}

async function tell(context: CommandContext, decision: number): Promise<void> {
  if (context.json) await writeJson(context.stdout, { decision })
  else await context.stdout.write(`Recorded as decision ${decision}.\n`)
}

async function showList(
  context: CommandContext,
  symbol: string | undefined,
  { all = false, rule }: ListOptions,
): Promise<void> {
  const { pool } = await context.openStore()
  const instrument =
    symbol === undefined ? undefined : await getInstrument(pool, readSymbol(symbol))
  const found = await readFindings(pool, { instrumentId: instrument?.id, rule, gone: all })
  const shown = all ? found : found.filter(({ status }) => status === 'open')
  if (context.json) await writeJson(context.stdout, { data: shown })
  else if (shown.length === 0) await context.stdout.write('Nothing is open.\n')
  else await context.stdout.write(findingsTable(context, shown))
}

/** Findings for people, one a line. */
export function findingsTable(context: CommandContext, rows: readonly FindingRow[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'finding', align: 'right', value: (row) => row.id },
      { title: 'symbol', value: (row) => row.symbol },
      { title: 'rule', value: (row) => row.rule },
      { title: 'status', value: (row) => row.status },
      { title: 'what', value: (row) => row.message },
    ],
    rows,
  )
}

async function showDecisions(context: CommandContext, { all = false }: ListOptions): Promise<void> {
  const { pool } = await context.openStore()
  const rows = (await listDecisions(pool, { withdrawn: all })).map(decisionRow)
  if (context.json) await writeJson(context.stdout, { data: rows })
  else if (rows.length === 0) await context.stdout.write('Nothing was decided.\n')
  else await context.stdout.write(decisionsTable(context, rows))
}

function decisionsTable(context: CommandContext, rows: readonly DecisionRow[]): string {
  return formatTable(
    context.stdout,
    [
      { title: 'decision', align: 'right', value: (row) => row.id },
      { title: 'symbol', value: (row) => row.symbol ?? 'all' },
      { title: 'verdict', value: (row) => row.verdict },
      { title: 'side', value: (row) => row.provider },
      { title: 'rule', value: (row) => row.rule },
      { title: 'from', value: (row) => row.from },
      { title: 'by', value: (row) => row.decided_by },
      { title: 'at (UTC)', value: (row) => row.decided_at.slice(0, 19).replace('T', ' ') },
      { title: 'reason', value: (row) => row.reason },
      { title: 'withdrawn', value: (row) => row.withdrawn_at },
    ],
    rows,
  )
}
