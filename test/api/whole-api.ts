/** The API with everything on, over a filled store: keys, runs that can be ordered, rows to decide about. */
import { createKey } from '../../src/api/keys.ts'
import { LOOPBACK_SECURITY } from '../../src/api/security.ts'
import type { ApiContext } from '../../src/api/context.ts'
import { inTransaction, type Pool } from '../../src/db/connect.ts'
import { addInstrument } from '../../src/db/instruments.ts'
import { startRun } from '../../src/db/runs.ts'
import type { Role } from '../../src/domain/api-key.ts'
import { fillStore, FRIDAY, type FilledStore } from '../support/filled-store.ts'
import { contextOf } from './app-under-test.ts'

export interface WholeApi extends FilledStore {
  readonly context: ApiContext
  readonly keys: Readonly<Record<Role, string>>
  /** A run that goes on; it is what every order is answered with. */
  readonly running: number
}

/** Fills an empty, migrated database. */
export async function makeWholeApi(pool: Pool): Promise<WholeApi> {
  const { runs } = await fillStore(pool)
  // The price-order reject of MSFT on 2024-05-06 gets values by which it can be loaded.
  await pool.query(
    "UPDATE stockyard.rejects SET bar_values = '{10,20,5,12,300,NaN,NaN}' WHERE rule = 'price-order'",
  )
  await addInstrument(pool, { symbol: '^GSPC', name: 'S&P 500', kind: 'index' })
  const task = { symbol: 'AAPL', interval: '1d', provider: 'alpha-vantage' } as const
  const running = await inTransaction(pool, (connection) =>
    startRun(connection, 'fetch', {}, [task]),
  )
  const make = async (role: Role) => {
    const wanted = { role, name: null, expiresAt: null }
    return (await createKey(pool, wanted, { actor: 'test', now: FRIDAY })).key
  }
  const keys = { read: await make('read'), write: await make('write'), admin: await make('admin') }
  const context = contextOf(pool, {
    // The clock stands still, so that a bucket would never fill again.
    security: { ...LOOPBACK_SECURITY, rateLimit: null },
    runs: { start: async () => running },
  })
  return { runs, context, keys, running }
}
