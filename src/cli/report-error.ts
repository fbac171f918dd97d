/** What a command says when it fails: one sentence, a hint, a code, never a stack trace. */
import { CommanderError } from 'commander'
import { EXIT_CODES, messageOf, StockyardError } from '../domain/error.ts'
import { OUTPUT_CLOSED, plainText, writeJson, type Output } from './output.ts'

/** The codes of wrong usage, by commander's own. */
const USAGE_CODES: Readonly<Record<string, string>> = {
  'commander.unknownCommand': 'COMMAND_UNKNOWN',
  'commander.unknownOption': 'OPTION_UNKNOWN',
  'commander.missingArgument': 'ARGUMENT_MISSING',
  'commander.invalidArgument': 'ARGUMENT_INVALID',
  'commander.excessArguments': 'ARGUMENT_UNEXPECTED',
  'commander.optionMissingArgument': 'OPTION_VALUE_MISSING',
  'commander.missingMandatoryOptionValue': 'OPTION_MISSING',
  'commander.conflictingOption': 'OPTION_CONFLICT',
}

/** Exit code of work that Ctrl-C, SIGTERM or SIGHUP ended before it was done. */
export const INTERRUPTED_EXIT_CODE = 130

/** Anything that was thrown as the one kind of error that is shown. */
function toStockyardError(error: unknown): StockyardError {
  if (error instanceof StockyardError) return error
  if (error instanceof CommanderError) return usageError(error)
  return new StockyardError(
    'internal',
    'INTERNAL',
    `Something failed that should not: ${messageOf(error)}`,
    {
      hint: 'Run it again with LOG_LEVEL=debug to see where, and report it.',
      cause: error,
    },
  )
}

/** Commander's words (`error: unknown option '--jsn'\n(Did you mean --json?)`) as sentence and hint. */
function usageError(error: CommanderError): StockyardError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n')
  const sentence = first.charAt(0).toUpperCase() + first.slice(1)
  const suggestion = rest.join(' ').replaceAll(/[()]/g, '').trim()
  return new StockyardError(
    'usage',
    USAGE_CODES[error.code] ?? 'ARGUMENT_INVALID',
    sentence.endsWith('.') ? sentence : `${sentence}.`,
    { hint: suggestion === '' ? 'Add --help to see what the command takes.' : suggestion },
  )
}

export interface ErrorReport {
  readonly stdout: Output
  readonly stderr: Output
  readonly json: boolean
}

/**
 * Shows an error and answers with the exit code that belongs to it. With --json the error is a JSON
 * document on standard output as well, as scripts read that.
 */
export async function reportError(error: unknown, report: ErrorReport): Promise<number> {
  if (error === OUTPUT_CLOSED) return 0
  const shown = toStockyardError(error)
  const { redact } = await import('../log.ts')
  const message = plainText(redact(shown.message))
  const hint = plainText(redact(shown.hint))
  const { stdout, stderr } = report
  let text = `${stderr.paint('red', 'error:')} ${message}\n`
  text += `${stderr.paint('cyan', 'hint:')} ${hint}\n`
  text += `${stderr.paint('dim', `code: ${shown.code}`)}\n`
  try {
    await stderr.write(text)
    if (report.json) {
      await writeJson(stdout, { error: { code: shown.code, message, hint } })
    }
  } catch {
    // Nobody reads any more; the exit code still says it.
  }
  return EXIT_CODES[shown.kind]
}
