/** The options by which `bars` and `export` say how bars are wanted. */
import { Option, type Command } from 'commander'
import type { AdjustMode } from '../domain/adjust.ts'
import type { Interval } from '../domain/interval.ts'
import type { BarQuery } from '../query/bars.ts'
import { parseBound, type Bound } from '../query/bound.ts'
import { readInterval } from './options.ts'

export interface BarWishes {
  readonly adjust: AdjustMode
  readonly asOf?: Bound
  readonly resample?: Interval
  readonly live?: boolean
}

/** Adds `--adjust`, `--as-of`, `--resample` and `--live`. */
export function addBarWishes(command: Command): Command {
  return command
    .addOption(
      new Option('--adjust <mode>', 'prices as traded, in today’s shares, or less dividends, too')
        .choices(['none', 'splits', 'all'])
        .default('none'),
    )
    .option('--as-of <time>', 'as known at an instant or at the end of a date', (text) =>
      parseBound(text, '--as-of'),
    )
    .option('--resample <interval>', 'make them into longer bars', readInterval)
    .option('--live', 'with bars that were seen before their period was over')
}

/** What the options mean for a query that is asked at an instant. */
export function wishesOf(
  { adjust, asOf, resample, live }: BarWishes,
  now: number,
): Pick<BarQuery, 'now' | 'adjust' | 'asOf' | 'resample' | 'live'> {
  return { now, adjust, asOf: asOf ?? null, resample: resample ?? null, live: live === true }
}
