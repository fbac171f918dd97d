/**
 * The checks, in the order in which they are made: a row is refused by the first that it fails. A new
 * check is a function in a file of rules and a line here.
 */
import type { Rule } from './reject.ts'
import { future, grid, range, session } from './time-rules.ts'
import { number, positive, priceOrder, trades, volume, vwap } from './value-rules.ts'

export const RULES: readonly Rule[] = [
  number,
  positive,
  priceOrder,
  volume,
  vwap,
  trades,
  future,
  range,
  grid,
  session,
]
