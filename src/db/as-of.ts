/**
 * What makes reads as of an instant repeatable: loads that are in flight are waited for, and instants
 * that have not come are refused.
 */
import { StockyardError } from '../domain/error.ts'
import type { Connection, Pool, Queryable } from './connect.ts'
import { BEGIN_SNAPSHOT } from './snapshot.ts'

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
 * Makes sure that whatever became known at or before an instant can be read: to be called before anything
 * is read as of it. Costs one statement, and for an instant of the last ten minutes a wait for the loads in
 * flight; a snapshot (`inSnapshot`) that does not show them is then taken anew.
 * @param asOf milliseconds UTC
 * @throws StockyardError `AS_OF_FUTURE`
 */
export async function settleAsOf(db: Pool | Connection, asOf: number): Promise<void> {
  const { rows } = await db.query<{ now: Date; snapshot: boolean }>(
    `SELECT clock_timestamp() AS now, now() < statement_timestamp()
       AND current_setting('transaction_isolation') = 'repeatable read' AS snapshot`,
  )
  const { now, snapshot } = rows[0]!
  if (asOf > now.getTime()) throw futureError(asOf)
  if (asOf <= now.getTime() - IN_FLIGHT_MS) return
  if (snapshot) await db.query('ROLLBACK')
  // Taken and given back at once: in the meantime no load began, and those that had begun have ended.
  await db.query('SELECT pg_advisory_xact_lock($1)', [AS_OF_GATE])
  if (snapshot) await db.query(BEGIN_SNAPSHOT)
}

/** The newest instant as of which can be read, by the clock of the database; milliseconds UTC. */
export async function newestAsOf(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  return rows[0]!.now.getTime()
}

function futureError(asOf: number): StockyardError {
  const sentence = `Nothing is known yet as of ${new Date(asOf).toISOString()}.`
  return new StockyardError('usage', 'AS_OF_FUTURE', sentence, {
    hint: 'Name an instant that has passed by the clock of the database, or leave it out for what is known now.',
  })
}
