/** `stockyard init`: creates or migrates the schema. */
import { schemaVersion } from '../db/migrate.ts'
import type { Define } from './commands.ts'
import { addExamples } from './options.ts'
import { writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { simulatedNote } from './simulated-note.ts'

export const define: Define = (command, run) => {
  command
    .description(
      'Create or migrate the schema: in the embedded PostgreSQL, or in the one that DATABASE_URL names. Harmless when repeated.',
    )
    .action((options: { json?: boolean }) => run(options, init))
  addExamples(command, [
    ['init', 'in the embedded PostgreSQL under STOCKYARD_HOME'],
    ['init --json', 'for a script'],
  ])
}

async function init(context: CommandContext): Promise<void> {
  const store = await context.openStore()
  const version = await schemaVersion(store.pool)
  const { embedded, simulated, applied } = store
  if (context.json) {
    await writeJson(context.stdout, { version, applied, embedded, simulated })
    return
  }
  const what = applied.length === 0 ? 'is up to date' : `was brought to version ${version}`
  const where = embedded ? 'the embedded PostgreSQL' : 'the PostgreSQL of DATABASE_URL'
  await context.stdout.write(`${simulatedNote(store)}The schema in ${where} ${what}.\n`)
}
