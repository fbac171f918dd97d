/** Which PostgreSQL answers. */
import type { Queryable } from './connect.ts'

/** The server's version as it writes it, e.g. `18.4`. */
export async function findServerVersion(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ server_version: string }>('SHOW server_version')
  return rows[0].server_version.split(' ')[0]
}
