/**
 * What makes reads as of an instant repeatable: loads that are in flight are waited for, and instants
 * that have not come are refused.
 */
import { StockyardError } from '../domain/error.ts'
import type { Queryable } from './connect.ts'

/**
 * Number of the advisory lock that everything holds in shared mode which writes what as-of reads show,
 * from before it takes its instant until it is committed.
 */
export const AS_OF_GATE = 7_203_001

/**
 * Older than this, an instant has no writer in flight any more: a transaction that idles is ended after
 * two minutes, and none works for longer than seconds.
 */
const IN_FLIGHT_MS = 600_000

/**
 * Makes sure that whatever became known at or before an instant can be read: to be called before reads
 * as of it, outside of any transaction, and above all before a snapshot is taken. Costs one statement,
 * and for an instant of the last ten minutes a wait for the loads in flight.
 * @param asOf milliseconds UTC
 * @throws StockyardError `AS_OF_FUTURE`
 */
export async function settleAsOf(db: Queryable, asOf: number): Promise<void> {
  const { rows } = await db.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  const now = rows[0]!.now.getTime()
  if (asOf > now) throw futureError(asOf)
  // Taken and given back at once: in the meantime no load began, and those that had begun have ended.
  if (asOf > now - IN_FLIGHT_MS) await db.query('SELECT pg_advisory_xact_lock($1)', [AS_OF_GATE])
}

function futureError(asOf: number): StockyardError {
  const sentence = `Nothing is known yet as of ${new Date(asOf).toISOString()}.`
  return new StockyardError('usage', 'AS_OF_FUTURE', sentence, {
    hint: 'Name an instant that has passed by the clock of the database, or leave it out for what is known now.',
  })
}
