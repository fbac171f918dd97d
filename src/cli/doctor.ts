/** `stockyard doctor`: checks the whole set-up and says what to do. */
import { StockyardError } from '../domain/error.ts'
import { PROVIDERS } from '../providers/registry.ts'
import {
  checkDatabase,
  checkDisk,
  checkHome,
  checkProviders,
  checkReachable,
  failed,
  ok,
  type Check,
} from './checks.ts'
import type { Define } from './commands.ts'
import { addExamples } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'

interface DoctorOptions {
  readonly json?: boolean
  readonly online?: boolean
}

export const define: Define = (command, run) => {
  command
    .option('--online', 'see whether the vendors’ servers answer, too; spends no call')
    .action((options: DoctorOptions) => run(options, (context) => doctor(context, options)))
  addExamples(command, [
    ['doctor', 'Node, home, disk, database, schema, keys'],
    ['doctor --online', 'and the vendors’ servers'],
    ['doctor --json | jq .ok', 'for a script; exits 1, 3 or 4 where something fails'],
  ])
}

async function doctor(context: CommandContext, options: DoctorOptions): Promise<number> {
  const checks = await runChecks(context, options)
  const bad = checks.find((check) => check.status === 'fail')
  if (context.json) {
    const shown = checks.map(({ exitCode: _exitCode, ...check }) => check)
    await writeJson(context.stdout, { ok: bad === undefined, checks: shown })
  } else {
    for (const check of checks) await context.stdout.write(checkText(context, check))
  }
  return bad?.exitCode ?? 0
}

async function runChecks(context: CommandContext, options: DoctorOptions): Promise<Check[]> {
  const checks = [ok('node', process.versions.node)]
  try {
    const config = await context.config()
    const log = await context.log()
    checks.push(ok('configuration', 'every variable can be read'))
    const home = await checkHome(config.home)
    checks.push(home)
    // Without a home there is no disk to measure and no embedded database to look at.
    if (home.status !== 'fail') checks.push(await checkDisk(config.home))
    if (home.status !== 'fail' || config.databaseUrl !== undefined) {
      const { checks: found, database } = await checkDatabase(config, log)
      if (database !== null) context.onClose(() => database.close())
      checks.push(...found)
    }
    checks.push(...checkProviders(config))
    if (options.online === true) {
      const { clock, signal } = context
      for (const provider of PROVIDERS) {
        if (provider.needsKey && config.providers[provider.id]?.key === undefined) continue
        checks.push(await checkReachable(provider, config, { clock, log, signal }))
      }
    }
  } catch (error) {
    if (!(error instanceof StockyardError) || error.kind !== 'config') throw error
    checks.push(failed('configuration', error))
  }
  return checks
}

function checkText({ stdout }: CommandContext, check: Check): string {
  const marks = {
    ok: stdout.paint('green', 'ok  '),
    warn: stdout.paint('yellow', 'warn'),
    fail: stdout.paint('red', 'fail'),
  }
  const line = `${marks[check.status]}  ${check.name.padEnd(14)} ${plainText(check.message)}\n`
  return check.hint === null ? line : `${line}${' '.repeat(21)}${plainText(check.hint)}\n`
}
