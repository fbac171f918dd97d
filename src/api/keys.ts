/** API keys as they live: made, recognised, rotated, revoked. Shared by the API and `stockyard keys`. */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import { addAudit } from '../db/audit.ts'
import { inTransaction, type Pool, type Queryable } from '../db/connect.ts'
import {
  addKey,
  expireKey,
  findKey,
  revokeKey,
  type HashedKey,
  type StoredKey,
} from '../db/keys.ts'
import {
  formatKey,
  KEY_ALPHABET,
  KEY_ID_LENGTH,
  KEY_SECRET_LENGTH,
  parseKey,
  type Role,
} from '../domain/api-key.ts'
import { StockyardError } from '../domain/error.ts'

export interface NewKey {
  readonly role: Role
  readonly name: string | null
  /** Milliseconds UTC; null: never. */
  readonly expiresAt: number | null
}

/** A key as it is told once, and what is kept of it. */
export interface MadeKey {
  /** The key itself: cannot be had again. */
  readonly key: string
  readonly stored: StoredKey
}

/** Who makes a key, and when (milliseconds UTC). */
export interface Maker {
  readonly actor: string
  readonly now: number
}

/** Makes a key and keeps its hash. */
export async function createKey(pool: Pool, wanted: NewKey, maker: Maker): Promise<MadeKey> {
  return await inTransaction(pool, async (connection) => {
    const made = await makeKey(connection, { ...wanted, rotatedFrom: null }, maker.now)
    await noteKey(connection, 'key.created', made.stored, maker)
    return made
  })
}

/**
 * Makes a key in the place of another one, which goes on for a while so that its users can change over.
 * @param overlapMs how long the old key still holds
 * @throws StockyardError `KEY_UNKNOWN`
 */
export async function rotateKey(
  pool: Pool,
  { id, overlapMs, expiresAt }: { id: string; overlapMs: number; expiresAt: number | null },
  maker: Maker,
): Promise<MadeKey> {
  return await inTransaction(pool, async (connection) => {
    const old = await findKey(connection, id)
    if (old === null || stateOf(old, maker.now) !== 'valid') throw unknownKey(id)
    const { role, name } = old
    const made = await makeKey(connection, { role, name, expiresAt, rotatedFrom: id }, maker.now)
    await expireKey(connection, id, maker.now + overlapMs)
    await noteKey(connection, 'key.rotated', made.stored, maker)
    return made
  })
}

/** Ends a key at once. @throws StockyardError `KEY_UNKNOWN` */
export async function endKey(pool: Pool, id: string, maker: Maker): Promise<void> {
  await inTransaction(pool, async (connection) => {
    const key = await findKey(connection, id)
    if (key === null || !(await revokeKey(connection, id, maker.now))) throw unknownKey(id)
    await noteKey(connection, 'key.revoked', key, maker)
  })
}

function unknownKey(id: string): StockyardError {
  return new StockyardError('not-found', 'KEY_UNKNOWN', `No key ${id.slice(0, 40)} holds.`, {
    hint: 'stockyard keys list shows them; the id is the third part of a key.',
  })
}

async function makeKey(
  queryable: Queryable,
  wanted: NewKey & { readonly rotatedFrom: string | null },
  now: number,
): Promise<MadeKey> {
  const parts = {
    role: wanted.role,
    id: randomText(KEY_ID_LENGTH),
    secret: randomText(KEY_SECRET_LENGTH),
  }
  const key = formatKey(parts)
  const stored = { ...wanted, id: parts.id, createdAt: now, revokedAt: null, lastUsedAt: null }
  await addKey(queryable, { ...stored, hash: hashOf(key) })
  return { key, stored }
}

async function noteKey(
  queryable: Queryable,
  action: string,
  key: StoredKey,
  { actor, now }: Maker,
): Promise<void> {
  const detail = key.rotatedFrom === null ? key.role : `${key.role}, for ${key.rotatedFrom}`
  await addAudit(queryable, { at: now, action, actor, address: null, target: key.id, detail })
}

function randomText(length: number): string {
  return Array.from({ length }, () => KEY_ALPHABET[randomInt(KEY_ALPHABET.length)]!).join('')
}

/** SHA-256 is enough for a random secret of this length; slow hashes are for passwords. */
function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** True for the text of the key that has a hash; takes as long whatever the text is. */
export function isKeyOf(hash: Buffer, text: string): boolean {
  return timingSafeEqual(hashOf(text), hash)
}

export type KeyState = 'valid' | 'expired' | 'revoked'

export function stateOf(key: StoredKey, now: number): KeyState {
  if (key.revokedAt !== null) return 'revoked'
  return key.expiresAt !== null && key.expiresAt <= now ? 'expired' : 'valid'
}

/** Compared with where there is no such key, so that an unknown id takes as long as a known one. */
const NO_HASH = Buffer.alloc(32)

/** The stored key that a text is, whatever became of it; null where it is none. */
export async function recogniseKey(queryable: Queryable, text: string): Promise<HashedKey | null> {
  const parts = parseKey(text)
  if (parts === null) return null
  const stored = await findKey(queryable, parts.id)
  const isSame = isKeyOf(stored?.hash ?? NO_HASH, text)
  // The role in the text is part of what was hashed, so that nobody can change it.
  return isSame ? stored : null
}
