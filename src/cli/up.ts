/** `stockyard up`: everything in one process: database, migrations, API and web page. */
import type { Define } from './commands.ts'
import { addExamples } from './options.ts'
import { serveUntilStopped } from './serve-store.ts'

export const define: Define = (command, run) => {
  command
    .description(
      'Run everything in one process, until Ctrl-C or SIGTERM: the database (embedded unless DATABASE_URL is set), migrations, the API and the web page.',
    )
    .action((options: { json?: boolean }) => run(options, serveUntilStopped, { serves: true }))
  addExamples(command, [
    ['up', 'at http://127.0.0.1:8000'],
    ['up --json', 'tells the address as JSON'],
  ])
}
