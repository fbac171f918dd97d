/** Runs some command lines, one after the other, as src/main.ts runs one. Usage: several-commands.ts JSON */
import { runCommandLine } from '../../src/cli/command-line.ts'

const { env, stdout, stderr } = process
for (const argv of JSON.parse(process.argv[2]!) as string[][]) {
  await runCommandLine({ argv, env, stdout, stderr })
}
