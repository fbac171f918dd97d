/** The table api_keys: hashes of keys, and what is known of each. */
import type { Role } from '../domain/api-key.ts'
import type { Queryable } from './connect.ts'

/** Instants in milliseconds UTC. */
export interface StoredKey {
  readonly id: string
  readonly role: Role
  readonly name: string | null
  readonly createdAt: number
  /** Null: never. */
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** To the minute. */
  readonly lastUsedAt: number | null
  /** The key that this one takes the place of. */
  readonly rotatedFrom: string | null
}

/** SHA-256 of the key's whole text. */
export interface HashedKey extends StoredKey {
  readonly hash: Buffer
}

interface KeyRow {
  readonly id: string
  readonly role: Role
  readonly name: string | null
  readonly secret_hash: Buffer
  readonly created_at: Date
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly last_used_at: Date | null
  readonly rotated_from: string | null
}

const COLUMNS =
  'id, role, name, secret_hash, created_at, expires_at, revoked_at, last_used_at, rotated_from'

function fromRow(row: KeyRow): HashedKey {
  return {
    id: row.id,
    role: row.role,
    name: row.name,
    hash: row.secret_hash,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at?.getTime() ?? null,
    revokedAt: row.revoked_at?.getTime() ?? null,
    lastUsedAt: row.last_used_at?.getTime() ?? null,
    rotatedFrom: row.rotated_from,
  }
}

export async function addKey(
  queryable: Queryable,
  key: Omit<HashedKey, 'revokedAt' | 'lastUsedAt'>,
): Promise<void> {
  await queryable.query(
    `INSERT INTO stockyard.api_keys (id, role, name, secret_hash, created_at, expires_at, rotated_from)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      key.id,
      key.role,
      key.name,
      key.hash,
      new Date(key.createdAt),
      key.expiresAt === null ? null : new Date(key.expiresAt),
      key.rotatedFrom,
    ],
  )
}

/** A key by its public id, whatever became of it; null where there is none. */
export async function findKey(queryable: Queryable, id: string): Promise<HashedKey | null> {
  const { rows } = await queryable.query<KeyRow>(
    `SELECT ${COLUMNS} FROM stockyard.api_keys WHERE id = $1`,
    [id],
  )
  return rows[0] === undefined ? null : fromRow(rows[0])
}

/** All keys, the oldest first, without their hashes. */
export async function listKeys(queryable: Queryable): Promise<StoredKey[]> {
  const { rows } = await queryable.query<KeyRow>(
    `SELECT ${COLUMNS} FROM stockyard.api_keys ORDER BY created_at, id`,
  )
  return rows.map((row) => {
    const { hash: _hash, ...key } = fromRow(row)
    return key
  })
}

/** Revokes a key; false where there is none that was not revoked already. */
export async function revokeKey(queryable: Queryable, id: string, now: number): Promise<boolean> {
  const { rowCount } = await queryable.query(
    'UPDATE stockyard.api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL',
    [id, new Date(now)],
  )
  return rowCount === 1
}

/** Lets a key end at an instant, unless it ends earlier anyway. */
export async function expireKey(queryable: Queryable, id: string, at: number): Promise<void> {
  await queryable.query(
    `UPDATE stockyard.api_keys SET expires_at = $2
     WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2)`,
    [id, new Date(at)],
  )
}

/** Notes that a key was used. */
export async function touchKey(queryable: Queryable, id: string, now: number): Promise<void> {
  await queryable.query('UPDATE stockyard.api_keys SET last_used_at = $2 WHERE id = $1', [
    id,
    new Date(now),
  ])
}

/** True where a key of one of these roles holds now. */
export async function hasKeyOf(
  queryable: Queryable,
  roles: readonly Role[],
  now: number,
): Promise<boolean> {
  const { rows } = await queryable.query<{ exists: boolean }>(
    `SELECT EXISTS (SELECT FROM stockyard.api_keys
       WHERE role = ANY ($1) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2))`,
    [roles, new Date(now)],
  )
  return rows[0]!.exists
}
