/** The table provider_priorities: whose bars come first, as people set it. Nothing is overwritten. */
import { AS_OF_GATE } from './as-of.ts'
import { inTransaction, type Pool, type Queryable } from './connect.ts'
import { tellOfAll } from './listen.ts'

/** What a priority is for; null: any. */
export interface PriorityScope {
  readonly kind: string | null
  readonly interval: string | null
}

export interface StoredPriority extends PriorityScope {
  /** Ids; the first one's bars come first. */
  readonly providers: readonly string[]
  readonly setAt: number
  readonly setBy: string
}

/**
 * The priority that holds for a kind of instrument at an interval, or held at an instant: the one set
 * for just that, else for the kind, else for the interval, else for all. Null where nobody set any.
 */
export async function findPriority(
  db: Queryable,
  need: { readonly kind: string; readonly interval: string; readonly asOf: number | null },
): Promise<readonly string[] | null> {
  const { rows } = await db.query<{ providers: string[] }>(
    `SELECT providers FROM stockyard.provider_priorities
     WHERE (kind = $1 OR kind IS NULL) AND (interval = $2 OR interval IS NULL)
       AND CASE WHEN $3::timestamptz IS NULL THEN replaced_at IS NULL
           ELSE set_at <= $3 AND (replaced_at IS NULL OR replaced_at > $3) END
     ORDER BY kind IS NULL, interval IS NULL
     LIMIT 1`,
    [need.kind, need.interval, need.asOf === null ? null : new Date(need.asOf)],
  )
  return rows[0]?.providers ?? null
}

/** The priorities that hold. */
export async function listPriorities(db: Queryable): Promise<StoredPriority[]> {
  const { rows } = await db.query<{
    kind: string | null
    interval: string | null
    providers: string[]
    set_at: Date
    set_by: string
  }>(
    `SELECT kind, interval, providers, set_at, set_by FROM stockyard.provider_priorities
     WHERE replaced_at IS NULL ORDER BY kind NULLS LAST, interval NULLS LAST`,
  )
  return rows.map((row) => ({
    kind: row.kind,
    interval: row.interval,
    providers: row.providers,
    setAt: row.set_at.getTime(),
    setBy: row.set_by,
  }))
}

/** Sets a priority in place of the one that held; an empty list lets the next more general one hold. */
export async function setPriority(
  pool: Pool,
  scope: PriorityScope,
  providers: readonly string[],
  setBy: string,
): Promise<void> {
  await inTransaction(pool, async (connection) => {
    await connection.query('SELECT pg_advisory_xact_lock_shared($1)', [AS_OF_GATE])
    await tellOfAll(connection)
    // One instant for both, so that at every instant just one of them holds.
    const { rows } = await connection.query<{ now: Date }>('SELECT clock_timestamp() AS now')
    const now = rows[0]!.now
    await connection.query(
      `UPDATE stockyard.provider_priorities SET replaced_at = $3
       WHERE kind IS NOT DISTINCT FROM $1 AND interval IS NOT DISTINCT FROM $2
         AND replaced_at IS NULL`,
      [scope.kind, scope.interval, now],
    )
    if (providers.length === 0) return
    await connection.query(
      `INSERT INTO stockyard.provider_priorities (kind, interval, providers, set_at, set_by)
       VALUES ($1, $2, $3, $4, $5)`,
      [scope.kind, scope.interval, providers, now, setBy],
    )
  })
}
