/** Opens the store of a configuration for a command: server, schema, and the kind of data it holds. */
import type { Config } from '../config.ts'
import { openDatabase, type Database } from '../db/open.ts'
import { claimStore, findStoreKind } from '../db/store-kind.ts'
import { storeClosures } from '../load/open-calendars.ts'
import type { Logger } from '../log.ts'
import { ensureHome } from './home-folder.ts'

/** A database that is ready for a command. */
export interface Store extends Database {
  /** True where the store holds simulated data; shown wherever data shows. */
  readonly simulated: boolean
  /** Names of the migrations that opening it applied. */
  readonly applied: readonly string[]
}

/** The store as it is now: a first answer may just have made it one of simulated data. */
export async function withPresentKind(store: Store): Promise<Store> {
  return { ...store, simulated: (await findStoreKind(store.pool)) === 'simulated' }
}

export interface StoreRequest {
  readonly config: Config
  readonly log: Logger
  /** True for commands that write data: refused on a store of the other kind. */
  readonly writes: boolean
}

/**
 * Opens and migrates the store.
 * @throws StockyardError of kind `database`; `STORE_SIMULATED`, `STORE_REAL`, `CLOSURES_UNREADABLE`
 */
export async function openStore(request: StoreRequest): Promise<Store> {
  const { config, log } = request
  if (config.databaseUrl === undefined) await ensureHome(config.home)
  const database = await openDatabase({
    databaseUrl: config.databaseUrl,
    home: config.home,
    log,
    applicationName: 'stockyard',
  })
  try {
    const { applied } = await database.migrate()
    if (applied.length > 0) log.info({ applied }, 'the schema was brought up to date')
    await storeClosures(database.pool, config.home, config.databaseUrl === undefined)
    // A store becomes one of real data with the first answer that is; the demo's is known before.
    if (request.writes && config.simulated) await claimStore(database.pool, 'simulated')
    const simulated = (await findStoreKind(database.pool)) === 'simulated'
    return { ...database, simulated, applied }
  } catch (error) {
    await database.close()
    throw error
  }
}
