/** `stockyard sandbox`: the simulated exchange alone, for people who develop against the vendors. */
import { startSandbox } from '../sandbox/server.ts'
import type { Define } from './commands.ts'
import { untilAborted } from './interrupt.ts'
import { addExamples, wholeNumber } from './options.ts'
import { writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'

interface SandboxOptions {
  readonly json?: boolean
  readonly port: number
  readonly seed: number
}

export const define: Define = (command, run) => {
  command
    .description(
      'Run the simulated exchange: a server on this machine that speaks the vendors’ formats over made-up prices.',
    )
    .option(
      '--port <n>',
      'port on 127.0.0.1; 0 takes a free one',
      wholeNumber('--port', 0, 65_535),
      8090,
    )
    .option(
      '--seed <n>',
      'another number, another market',
      wholeNumber('--seed', 0, 2 ** 31 - 1),
      1,
    )
    .action((options: SandboxOptions) =>
      run(options, (context) => sandbox(context, options), { serves: true }),
    )
  addExamples(command, [
    ['sandbox', 'at http://127.0.0.1:8090'],
    ['sandbox --port 0 --seed 7 --json', 'a free port, told as JSON'],
  ])
}

async function sandbox(context: CommandContext, options: SandboxOptions): Promise<void> {
  const { port, seed } = options
  const server = await startSandbox({ port, seed, clock: context.clock.now })
  context.onClose(() => server.close())
  const { url } = server
  if (context.json) await writeJson(context.stdout, { url, port: server.port, seed })
  else await context.stdout.write(adviceText(url))
  await untilAborted(context.signal)
}

function adviceText(url: string): string {
  return `SIMULATED exchange at ${url} (Ctrl-C stops it). All its prices are made up.

To point Stockyard at it, in another terminal:

  export STOCKYARD_HOME=$(mktemp -d)
  export ALPHA_VANTAGE_BASE_URL=${url} POLYGON_BASE_URL=${url} YAHOO_BASE_URL=${url}
  export ALPHA_VANTAGE_API_KEY=sandbox POLYGON_API_KEY=sandbox
  export ALPHA_VANTAGE_BUDGET=unlimited POLYGON_BUDGET=unlimited YAHOO_BUDGET=unlimited
  stockyard fetch AAPL

Or by hand:

  curl '${url}/query?function=TIME_SERIES_DAILY&symbol=AAPL&apikey=sandbox'
  curl ${url}/_sandbox/        faults that it can be told to make
`
}
