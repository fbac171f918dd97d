/** `stockyard serve`: the API and the web page, and nothing else. */
import type { Define } from './commands.ts'
import { addExamples } from './options.ts'
import { serveUntilStopped } from './serve-store.ts'

export const define: Define = (command, run) => {
  command
    .description('Run the API and the web page at API_HOST and API_PORT, until Ctrl-C or SIGTERM.')
    .action((options: { json?: boolean }) =>
      run(options, (context) => serveUntilStopped(context), { serves: true }),
    )
  addExamples(command, [
    ['serve', 'at http://127.0.0.1:8000'],
    ['serve --json', 'tells the address as JSON'],
  ])
}
