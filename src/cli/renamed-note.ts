/** What to tell where a former symbol was typed. */
import { findRenamed } from '../db/symbols.ts'
import { formatDate } from '../domain/date.ts'
import type { Store } from './open-store.ts'
import type { CommandContext } from './run-command.ts'

/** Tells on standard error what a symbol is called now, where it was given up for another one. */
export async function tellRenamed(
  context: CommandContext,
  { pool }: Store,
  symbol: string,
): Promise<void> {
  for (const { now, sinceDay } of (await findRenamed(pool, [symbol])).values()) {
    await context.stderr.write(`${symbol} is ${now} since ${formatDate(sinceDay)}.\n`)
  }
}
