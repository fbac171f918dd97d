/** The table store_kind: whether a store holds real or simulated data, which is decided once. */
import { StockyardError } from '../domain/error.ts'
import type { Queryable } from './connect.ts'

export type StoreKind = 'real' | 'simulated'

/** What the store holds; null while nothing was written to it. */
export async function findStoreKind(db: Queryable): Promise<StoreKind | null> {
  const { rows } = await db.query<{ simulated: boolean }>(
    'SELECT simulated FROM stockyard.store_kind',
  )
  if (rows[0] === undefined) return null
  return rows[0].simulated ? 'simulated' : 'real'
}

/**
 * Makes the store one of the given kind, which it must be from now on.
 * @throws StockyardError `STORE_SIMULATED`, `STORE_REAL` where it is of the other kind
 */
export async function claimStore(db: Queryable, kind: StoreKind): Promise<void> {
  const held = (await findStoreKind(db)) ?? (await decideKind(db, kind))
  if (held === kind) return
  if (held === 'simulated') {
    throw new StockyardError(
      'config',
      'STORE_SIMULATED',
      'This store holds simulated data, so that no real data may be written to it.',
      { hint: 'Use another STOCKYARD_HOME or DATABASE_URL for real data.' },
    )
  }
  throw new StockyardError(
    'config',
    'STORE_REAL',
    'This store holds real data, so that no simulated data may be written to it.',
    { hint: 'Use another STOCKYARD_HOME or DATABASE_URL for simulated data.' },
  )
}

async function decideKind(db: Queryable, kind: StoreKind): Promise<StoreKind> {
  await db.query(
    'INSERT INTO stockyard.store_kind (simulated) VALUES ($1) ON CONFLICT DO NOTHING',
    [kind === 'simulated'],
  )
  // Another process may have been first.
  return (await findStoreKind(db)) ?? kind
}
