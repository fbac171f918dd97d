/** The table of commands. A command's file is loaded when the command is used. */
import type { Command } from 'commander'
import type { CommandAction, CommandKind, CommandOptions } from './run-command.ts'

/** Runs a command's action inside the frame of run-command.ts. */
export type Run = (
  options: CommandOptions,
  action: CommandAction,
  kind?: CommandKind,
) => Promise<void>

/** Adds a command's arguments, options, examples and action. */
export type Define = (command: Command, run: Run) => void

export interface CommandEntry {
  readonly name: string
  readonly group: string
  readonly summary: string
  readonly load: () => Promise<{ readonly define: Define }>
}

const RUNNING = 'Running it:'
const FETCHING = 'Getting data:'
const READING = 'Reading what is stored:'
const HISTORY = 'What happened:'
export const HELP_GROUP = 'Help and shell:'

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'up',
    group: RUNNING,
    summary: 'run everything: database, migrations, API and web page',
    load: () => import('./up.ts'),
  },
  {
    name: 'serve',
    group: RUNNING,
    summary: 'run the API and the web page only',
    load: () => import('./serve.ts'),
  },
  {
    name: 'demo',
    group: RUNNING,
    summary: 'the whole thing on a simulated exchange, apart from real data',
    load: () => import('./demo.ts'),
  },
  {
    name: 'init',
    group: RUNNING,
    summary: 'create or migrate the schema; harmless when repeated',
    load: () => import('./init.ts'),
  },
  {
    name: 'doctor',
    group: RUNNING,
    summary: 'check the set-up and say what to do',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'keys',
    group: RUNNING,
    summary: 'API keys, and the audit of who changed what',
    load: () => import('./keys.ts'),
  },
  {
    name: 'schedule',
    group: RUNNING,
    summary: 'what is done by itself: when next, pausing it, doing it now',
    load: () => import('./schedule.ts'),
  },
  {
    name: 'symbols',
    group: FETCHING,
    summary: 'the watch list, and what is known of a symbol',
    load: () => import('./symbols.ts'),
  },
  {
    name: 'fetch',
    group: FETCHING,
    summary: 'bring series up to date',
    load: () => import('./fetch.ts'),
  },
  {
    name: 'backfill',
    group: FETCHING,
    summary: 'get history, planned inside the budget',
    load: () => import('./backfill.ts'),
  },
  {
    name: 'gaps',
    group: FETCHING,
    summary: 'what is missing, and getting it',
    load: () => import('./gaps.ts'),
  },
  {
    name: 'replay',
    group: FETCHING,
    summary: 'read archived answers again, without a call',
    load: () => import('./replay.ts'),
  },
  {
    name: 'canary',
    group: FETCHING,
    summary: 'one call a vendor: does it still behave as it did',
    load: () => import('./canary.ts'),
  },
  {
    name: 'providers',
    group: FETCHING,
    summary: 'the vendors: what they give, and what is left of their budgets',
    load: () => import('./providers.ts'),
  },
  {
    name: 'sandbox',
    group: FETCHING,
    summary: 'the simulated exchange alone, to develop against',
    load: () => import('./sandbox.ts'),
  },
  {
    name: 'bars',
    group: READING,
    summary: 'the bars of a symbol',
    load: () => import('./bars.ts'),
  },
  {
    name: 'quote',
    group: READING,
    summary: 'the latest price of symbols',
    load: () => import('./quote.ts'),
  },
  {
    name: 'export',
    group: READING,
    summary: 'bars in files: CSV, NDJSON, Parquet, Arrow, SQL',
    load: () => import('./export.ts'),
  },
  {
    name: 'import',
    group: READING,
    summary: 'store bars of files, checked like those of any vendor',
    load: () => import('./import.ts'),
  },
  {
    name: 'market',
    group: READING,
    summary: 'the exchange calendar: is it open, when next, which sessions',
    load: () => import('./market.ts'),
  },
  {
    name: 'status',
    group: HISTORY,
    summary: 'what is stored, and how fresh it is',
    load: () => import('./status.ts'),
  },
  {
    name: 'runs',
    group: HISTORY,
    summary: 'past runs and their tasks',
    load: () => import('./runs.ts'),
  },
  {
    name: 'rejects',
    group: HISTORY,
    summary: 'rows that were refused, with the reason and the raw text',
    load: () => import('./rejects.ts'),
  },
  {
    name: 'revisions',
    group: HISTORY,
    summary: 'bars that a vendor changed, with the earlier value',
    load: () => import('./revisions.ts'),
  },
  {
    name: 'verify',
    group: HISTORY,
    summary: 'hold vendors against each other, and prices against splits and dividends',
    load: () => import('./verify.ts'),
  },
  {
    name: 'completion',
    group: HELP_GROUP,
    summary: 'a completion script for bash, zsh or fish',
    load: () => import('./completion.ts'),
  },
]
