/** What `fetch` and `backfill` take alike: which series, of whom, since when, and what else is asked for. */
import type { Command } from 'commander'
import type { Interval } from '../domain/interval.ts'
import { addPeriod, intervalsOption, wholeNumber, type Period } from './options.ts'
import { providerOption } from './provider-option.ts'

export interface SeriesOptions extends Period {
  readonly json?: boolean
  readonly interval?: readonly Interval[]
  readonly provider?: string
  readonly days?: number
  readonly force?: boolean
  readonly actions?: boolean
}

/** Adds them to a command, with what --days and --actions mean to it. */
export function addSeriesOptions(
  command: Command,
  meanings: { readonly days: string; readonly actions: string },
): Command {
  command
    .argument('[symbols...]', 'symbols; without any, the watch list, or else DEFAULT_TICKERS')
    .addOption(intervalsOption('bars of this length; repeat it or write a list'))
    .addOption(providerOption())
    .option('--days <n>', meanings.days, wholeNumber('--days', 1, 36_500))
    .option('--force', 'ask again for what is final too')
    .option('--actions', meanings.actions)
  return addPeriod(command)
}
