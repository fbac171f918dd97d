/** Serving a store over HTTP, for every command that does. */
import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../config.ts'
import { untilAborted } from './interrupt.ts'
import type { Store } from './open-store.ts'
import { writeJson } from './output.ts'
import { describeProviders } from './provider-info.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'

/**
 * Serves the API and the web page until the command ends; answers with the address.
 * @throws StockyardError `PORT_IN_USE`, `PORT_REFUSED`, `BIND_REFUSED`
 */
export async function serveStore(
  context: CommandContext,
  store: Store,
  config: Config,
): Promise<string> {
  // Loaded when it serves: the help of a command need not wait for it.
  const { serve } = await import('../api/serve.ts')
  const { makeLatestCache } = await import('../api/latest-cache.ts')
  const { defaultPageSize, maxPageSize } = config
  const log = await context.log()
  const latest = makeLatestCache(store.pool, { log, elapsedMs: () => performance.now() })
  const { makeRunStarter } = await import('./serve-runs.ts')
  const runs = await makeRunStarter(context, store, config)
  const { openReadPool } = await import('../db/roles.ts')
  const readPool = await openReadPool(store.pool, { url: store.url, log })
  context.onClose(() => readPool.end())
  const server = await serve(
    {
      pool: store.pool,
      readPool,
      options: { defaultPageSize, maxPageSize, simulated: store.simulated },
      log,
      latest,
      clock: context.clock,
      version: packageJson.version,
      providers: describeProviders(config),
      etlEnabled: config.etlEnabled,
      home: config.home,
      security: { bind: 'loopback', ...config.apiSecurity },
      runs,
    },
    { host: config.apiHost, port: config.apiPort },
  )
  context.onClose(async () => {
    await server.close()
    await latest.close()
  })
  return server.url
}

/** Something that a command does beside serving, until it is told to stop. */
type Beside = (context: CommandContext, store: Store, config: Config) => Promise<void>

/** Serves the store of the configuration and says where, until the command is told to stop. */
export async function serveUntilStopped(context: CommandContext, beside?: Beside): Promise<void> {
  const config = await context.config()
  const store = await context.openStore()
  const url = await serveStore(context, store, config)
  if (context.json) await writeJson(context.stdout, { url, simulated: store.simulated })
  else await context.stdout.write(servingText(store, url))
  await beside?.(context, store, config)
  await untilAborted(context.signal)
}

/** Where to look, for a person. */
export function servingText(store: Store, url: string): string {
  return `${simulatedNote(store)}Stockyard is at ${url} (API ${url}/api/v1, its documentation ${url}/docs). Ctrl-C stops it.\n`
}
