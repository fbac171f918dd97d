/** Is the process alive, and can it do its work. */
import { StockyardError } from '../domain/error.ts'
import { readMigrations, schemaVersion } from '../db/migrate.ts'
import type { ApiContext, App } from './context.ts'
import { object, problems, query } from './schemas.ts'

/** A database that does not answer in this time counts as away. */
const PATIENCE_MS = 3000

export function addHealth(app: App, { readPool: pool, clock, version }: ApiContext): void {
  app.get(
    '/health',
    {
      config: { access: 'open' },
      schema: {
        tags: ['health'],
        summary: 'Is the process alive',
        description: 'Answers without touching the database.',
        querystring: query({}),
        response: {
          200: {
            description: 'It is.',
            ...object({
              status: { type: 'string', enum: ['alive'] },
              version: { type: 'string', examples: ['0.1.0'] },
            }),
          },
        },
      },
    },
    async () => ({ status: 'alive', version }),
  )
  const codeVersion = readMigrations().length
  app.get(
    '/api/v1/health',
    {
      config: { access: 'read' },
      schema: {
        tags: ['health'],
        summary: 'Is it ready: database and schema',
        querystring: query({}),
        response: {
          200: {
            description: 'It is ready.',
            ...object({
              status: { type: 'string', enum: ['ready'] },
              version: { type: 'string', examples: ['0.1.0'] },
              database: { type: 'string', enum: ['up'] },
              schema: { type: 'integer', description: 'Number of the newest migration.' },
            }),
          },
          ...problems({}),
        },
      },
    },
    async () => {
      const abort = new AbortController()
      const schema = await Promise.race([
        schemaVersion(pool),
        tooSlow(clock.sleep(PATIENCE_MS, abort.signal)),
      ]).finally(() => abort.abort())
      if (schema < codeVersion) throw notMigrated(schema, codeVersion)
      return { status: 'ready', version, database: 'up', schema }
    },
  )
}

async function tooSlow(patience: Promise<void>): Promise<never> {
  await patience
  throw new StockyardError('database', 'DATABASE_SLOW', 'The database does not answer in time.', {
    hint: 'See whether it is overloaded or out of connections.',
    retry: true,
  })
}

function notMigrated(is: number, wanted: number): StockyardError {
  return new StockyardError(
    'database',
    'DATABASE_NOT_MIGRATED',
    `The database is at schema ${is}, this version of Stockyard wants ${wanted}.`,
    { hint: 'Run: stockyard init' },
  )
}
