/** `stockyard up`: everything in one process: database, migrations, API, web page, keeping current. */
import type { Define } from './commands.ts'
import { startKeepingCurrent } from './keep-current.ts'
import { addExamples } from './options.ts'
import { serveUntilStopped } from './serve-store.ts'

export const define: Define = (command, run) => {
  command
    .description(
      'Run everything in one process, until Ctrl-C or SIGTERM: the database (embedded unless DATABASE_URL is set), migrations, the API and the web page; and keep the watch list current, unless ETL_ENABLED=false.',
    )
    .action((options: { json?: boolean }) =>
      run(options, (context) => serveUntilStopped(context, startKeepingCurrent), { serves: true }),
    )
  addExamples(command, [
    ['up', 'at http://127.0.0.1:8000'],
    ['up --json', 'tells the address as JSON'],
  ])
}
