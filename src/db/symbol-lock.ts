/** The lock under which symbols are given, taken away and renamed. */
import { AS_OF_GATE } from './as-of.ts'
import type { Connection } from './connect.ts'

/** Locks what symbols name until the transaction ends. */
export async function lockSymbols(
  connection: Connection,
  symbols: readonly string[],
): Promise<void> {
  // Before the others, as loads take it, and before the instant of what is changed.
  await connection.query('SELECT pg_advisory_xact_lock_shared($1)', [AS_OF_GATE])
  // The lock under which series.ts makes instruments, in one order, so that two renames cannot embrace.
  for (const symbol of symbols.toSorted()) {
    await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7))', [symbol])
  }
}
