/** The program: hands the command line to cli/ and ends with its exit code. */
import { runCommandLine } from './cli/command-line.ts'

const exitCode = await runCommandLine({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
})
// What a command left open must not keep a finished program alive.
process.exit(exitCode)
