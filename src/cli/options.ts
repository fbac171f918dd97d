/** What people type after options, read and checked the same way by every command. */
import { Option, type Command } from 'commander'
import { DAY_MS, requireDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { INTERVALS, parseInterval, type Interval } from '../domain/interval.ts'
import { requireSymbol } from '../db/instruments.ts'
import { parseBound, type Bound } from '../query/bound.ts'
import { nearestName } from '../api/nearest.ts'

/**
 * The symbols of arguments such as `AAPL msft,ibm`: as they are kept, each once, in order.
 * @throws StockyardError `SYMBOL_INVALID`
 */
export function readSymbols(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => splitGiven(text)).map((text) => requireSymbol(text)))]
}

/** @throws StockyardError `SYMBOL_INVALID` */
export function readSymbol(text: string): string {
  const symbols = readSymbols([text])
  if (symbols.length !== 1) {
    throw new StockyardError('usage', 'SYMBOL_INVALID', `"${text}" is not one symbol.`, {
      hint: 'Name one symbol, for example AAPL.',
    })
  }
  return symbols[0]!
}

/** A list with nothing in it is refused as it stands: an unset shell variable must not mean "all". */
function splitGiven(text: string): readonly string[] {
  const parts = splitList(text)
  return parts.length === 0 ? [text] : parts
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/**
 * The interval that was typed; an unknown one is answered with the nearest known one.
 * @throws StockyardError `INTERVAL_UNKNOWN`
 */
export function readInterval(text: string): Interval {
  try {
    return parseInterval(text)
  } catch (error) {
    const nearest = nearestName(text, INTERVALS)
    if (!(error instanceof StockyardError) || nearest === null) throw error
    throw new StockyardError('usage', error.code, error.message, {
      hint: `Did you mean ${nearest}? There are ${INTERVALS.join(', ')}.`,
      cause: error,
    })
  }
}

/** `--interval`, once. */
export function intervalOption(description: string): Option {
  return new Option('-i, --interval <interval>', description)
    .choices(INTERVALS)
    .argParser((text) => readInterval(text))
}

/** `--interval`, several times or as a list. */
export function intervalsOption(description: string): Option {
  return new Option('-i, --interval <interval>', description)
    .choices(INTERVALS)
    .argParser((text, earlier: readonly Interval[] | undefined) => [
      ...new Set([...(earlier ?? []), ...splitGiven(text).map((part) => readInterval(part))]),
    ])
}

/** `--from` and `--until` as days. */
export function addPeriod(command: Command): Command {
  return command
    .option('--from <date>', 'first session, YYYY-MM-DD', (text) => requireDay(text, '--from'))
    .option('--until <date>', 'the session to stop before, YYYY-MM-DD', (text) =>
      requireDay(text, '--until'),
    )
}

export interface Period {
  readonly from?: number
  readonly until?: number
}

/** @throws StockyardError `PERIOD_EMPTY` where from is not before until */
export function checkPeriod(period: Period): void {
  const { from, until } = period
  if (from === undefined || until === undefined || from < until) return
  throw new StockyardError('usage', 'PERIOD_EMPTY', '--from is not before --until.', {
    hint: '--from is included and --until is not: write --until as the day after the last one wanted.',
  })
}

/**
 * Refuses a period that has not begun: there can be no bars of it.
 * @param now milliseconds UTC
 * @throws StockyardError `PERIOD_FUTURE`
 */
export function checkBegun({ from }: Period, now: number): void {
  // Where the sun rises first, the next day has begun already.
  if (from === undefined || from <= now + DAY_MS) return
  throw new StockyardError('usage', 'PERIOD_FUTURE', '--from lies in the future.', {
    hint: 'Write the first session that is wanted as YYYY-MM-DD, not later than today.',
  })
}

/**
 * The day from which `--days` or `--from` begins; null where neither is given.
 * @param today the exchange's date of now
 * @throws StockyardError `OPTION_CONFLICT` where both are given
 */
export function firstDay(
  { days, from }: { readonly days?: number; readonly from?: number },
  today: number,
): number | null {
  if (days !== undefined && from !== undefined) {
    throw new StockyardError('usage', 'OPTION_CONFLICT', '--days and --from cannot go together.', {
      hint: 'Say either how many days back, or the first day.',
    })
  }
  return from ?? (days === undefined ? null : today - days * DAY_MS)
}

/** `--from` and `--until` as dates of the exchange or as instants. */
export function addBounds(command: Command): Command {
  return command
    .option('--from <time>', 'first date or instant, included', (text) =>
      parseBound(text, '--from'),
    )
    .option('--until <time>', 'date or instant to stop before', (text) =>
      parseBound(text, '--until'),
    )
}

export interface Bounds {
  readonly from?: Bound
  readonly until?: Bound
}

/** `--limit`, for lists that show the newest rows. */
export function limitOption(fallback: number): Option {
  return new Option('-n, --limit <n>', 'rows to show, the newest first')
    .argParser(wholeNumber('--limit', 1, 100_000))
    .default(fallback)
}

/** A parser for a whole number from `least` to `most`. @throws StockyardError `NUMBER_INVALID` */
export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new StockyardError(
      'usage',
      'NUMBER_INVALID',
      `${name} "${text}" is not a number that it takes.`,
      {
        hint: `Write a whole number from ${least} to ${most}.`,
      },
    )
  }
}

/** Adds to a command's help the options of the one below it that is meant where none is named. */
export function addDefaultOptions(command: Command, meant: Command): Command {
  return command.addHelpText('after', ({ error }) => {
    const help = meant.createHelp()
    help.prepareContext({
      error,
      helpWidth: process.stdout.columns ?? 80,
      outputHasColors: false,
    })
    const width = help.padWidth(meant, help)
    const lines = help
      .visibleOptions(meant)
      .filter((option) => option.long !== '--help')
      .map((option) =>
        help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help),
      )
    const name = command.name()
    const title = `Options of ${name} ${meant.name()}, which ${name} alone means:`
    return `\n${title}\n${lines.join('\n')}`
  })
}

/** Adds examples to a command's help: what to type, and what it does. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [string, string])[],
): Command {
  const width = Math.max(...examples.map(([line]) => line.length))
  const lines = examples.map(([line, meaning]) => `  $ stockyard ${line.padEnd(width)}  ${meaning}`)
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}
