/**
 * From arguments to an exit code: builds the program from the table of commands, loads the one that was
 * named, and turns wrong usage into a sentence with a hint.
 */
import { Command, CommanderError } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { nearestName } from '../api/nearest.ts'
import { StockyardError } from '../domain/error.ts'
import { COMMANDS, HELP_GROUP, type CommandEntry, type Run } from './commands.ts'
import { makeOutput } from './output.ts'
import { reportError } from './report-error.ts'
import { runCommand, type Surroundings } from './run-command.ts'

const ABOUT = `Stockyard ${packageJson.version}: a self-hosted stock-market data pipeline and store.`

const EXIT_CODES_HELP = `
Exit codes:
  0 done   1 something is incomplete   2 wrong usage   3 configuration or key refused
  4 database unreachable   5 provider unreachable or budget used up   130 interrupted

Start with: stockyard demo, or stockyard fetch AAPL. The help of a command: stockyard COMMAND --help`

/** Runs a command line and answers with its exit code. Never throws. */
export async function runCommandLine(surroundings: Surroundings): Promise<number> {
  const stdout = makeOutput(surroundings.stdout, surroundings.env)
  const stderr = makeOutput(surroundings.stderr, surroundings.env)
  let exitCode = 0
  const run: Run = async (options, action, kind) => {
    exitCode = await runCommand(surroundings, options, action, kind)
  }
  const written: string[] = []
  try {
    const program = makeProgram((text) => written.push(text))
    if (surroundings.argv[0] === 'complete') {
      await completeWords(program, surroundings.argv, run)
      return 0
    }
    await loadCommands(program, surroundings.argv, run)
    if (surroundings.argv.length === 0) {
      await stderr.write(`${program.helpInformation()}${EXIT_CODES_HELP}\n`)
      return 2
    }
    await program.parseAsync(surroundings.argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      await stdout.write(written.join('')).catch(() => {})
      return 0
    }
    const json = surroundings.argv.includes('--json')
    if (error instanceof CommanderError && error.code === 'commander.help') {
      await stderr.write(written.join('')).catch(() => {})
      return 2
    }
    return reportError(error, { stdout, stderr, json })
  }
}

function makeProgram(write: (text: string) => void): Command {
  const program = new Command('stockyard')
    .description(ABOUT)
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .usage('COMMAND [arguments] [options]')
    .addHelpCommand(
      new Command('help')
        .argument('[command]')
        .description('print the help of a command')
        .helpGroup(HELP_GROUP),
    )
    .addHelpText('after', EXIT_CODES_HELP)
  configure(program, write)
  return program
}

/** Makes a command throw in place of exiting, and write in place of printing. */
function configure(command: Command, write: (text: string) => void): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write, outputError: () => {} })
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .configureHelp({ showGlobalOptions: false })
}

/** Puts every command into the program by name; only the one that the arguments name is loaded. */
async function loadCommands(program: Command, argv: readonly string[], run: Run): Promise<void> {
  const named = argv.find((argument) => !argument.startsWith('-'))
  const wanted = named === 'help' ? argv[argv.indexOf('help') + 1] : named
  if (named === 'help') requireHelpFor(wanted)
  for (const entry of COMMANDS) {
    const command = addCommand(program, entry)
    if (entry.name === wanted) await loadCommand(command, entry, run)
  }
}

/** @throws StockyardError `COMMAND_UNKNOWN`: Commander would print the help of everything and no error */
function requireHelpFor(wanted: string | undefined): void {
  const names = [...COMMANDS.map(({ name }) => name), 'help']
  if (wanted === undefined || wanted.startsWith('-') || names.includes(wanted)) return
  const nearest = nearestName(wanted, names)
  throw new StockyardError('usage', 'COMMAND_UNKNOWN', `Unknown command '${wanted}'.`, {
    hint: nearest === null ? 'stockyard help lists them.' : `Did you mean ${nearest}?`,
  })
}

function addCommand(program: Command, entry: CommandEntry): Command {
  return program
    .command(entry.name)
    .description(sentence(entry.summary))
    .summary(entry.summary)
    .helpGroup(entry.group)
    .copyInheritedSettings(program)
}

async function loadCommand(command: Command, entry: CommandEntry, run: Run): Promise<void> {
  const { define } = await entry.load()
  define(command, run)
  finish(command)
}

/** Answers a shell that completes words: every command is known by name for that, one with its options. */
async function completeWords(program: Command, argv: readonly string[], run: Run): Promise<void> {
  const words = argv.slice(argv.indexOf('--') + 1)
  for (const entry of COMMANDS) {
    // The completion library adds that one itself.
    if (entry.name === 'completion') continue
    const command = addCommand(program, entry)
    if (words.includes(entry.name)) await loadCommand(command, entry, run)
  }
  const { printCompletions } = await import('./completion.ts')
  printCompletions(program, words)
}

/** Every command that does something takes --json. */
function finish(command: Command): void {
  command.helpOption('-h, --help', 'print this help')
  for (const child of command.commands) finish(child)
  if (command.commands.length === 0 && command.name() !== 'completion') {
    command.option('--json', 'print JSON in place of text')
  }
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}
