/** The table audit: who did what. A trigger refuses every change of what was written. */
import type { Queryable } from './connect.ts'

export interface AuditEntry {
  /** Milliseconds UTC. */
  readonly at: number
  /** What was done, e.g. `key.created`, `auth.failed`, `POST /api/v1/stocks`. */
  readonly action: string
  /** `key:<id>`, `token:<subject>`, `local`, `nobody`, or `user:<name>` at the command line. */
  readonly actor: string
  readonly address: string | null
  readonly target: string | null
  readonly detail: string | null
}

export interface StoredAuditEntry extends AuditEntry {
  readonly id: number
}

/** Longer texts are cut: a stranger must not fill the disk. */
const TEXT_LENGTH_MAX = 300

export async function addAudit(queryable: Queryable, entry: AuditEntry): Promise<void> {
  await queryable.query(
    `INSERT INTO stockyard.audit (at, action, actor, address, target, detail)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      new Date(entry.at),
      entry.action,
      clean(entry.actor),
      entry.address,
      clean(entry.target),
      clean(entry.detail),
    ],
  )
}

/** Without control characters, of which PostgreSQL takes no NUL and a terminal no escape. */
function clean<T extends string | null>(text: T): T {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text?.replaceAll(/[\u0000-\u001f\u007f]/g, '?').slice(0, TEXT_LENGTH_MAX) as T
}

/** The newest entries first; those before an id. */
export async function readAudit(
  queryable: Queryable,
  { limit, before }: { readonly limit: number; readonly before?: number | undefined },
): Promise<StoredAuditEntry[]> {
  const { rows } = await queryable.query<Omit<StoredAuditEntry, 'at'> & { at: Date }>(
    `SELECT id, at, action, actor, address, target, detail FROM stockyard.audit
     WHERE id < $2 ORDER BY id DESC LIMIT $1`,
    [limit, before ?? Number.MAX_SAFE_INTEGER],
  )
  return rows.map((row) => ({ ...row, at: row.at.getTime() }))
}
