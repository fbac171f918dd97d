/** `stockyard canary`: one call a vendor, to see whether it still behaves as its adapter expects. */
import type { Config } from '../config.ts'
import { StockyardError } from '../domain/error.ts'
import { runCanary, type CanaryReport } from '../load/canary.ts'
import type { CanaryCheck } from '../load/canary-checks.ts'
import type { Provider } from '../providers/provider.ts'
import { openVendor } from './ask-vendor.ts'
import type { Define } from './commands.ts'
import { chooseProviders } from './fetch-symbols.ts'
import { addExamples } from './options.ts'
import { plainText, writeJson, type Output } from './output.ts'
import { providerOption } from './provider-option.ts'
import type { CommandContext } from './run-command.ts'

interface CanaryOptions {
  readonly json?: boolean
  readonly provider?: string
}

export const define: Define = (command, run) => {
  command
    .description(
      'Spend one call a vendor to see whether it still labels, zones, adjusts, refuses and names things as before.',
    )
    .addOption(providerOption())
    .action((options: CanaryOptions) => run(options, (context) => canary(context, options)))
  addExamples(command, [
    ['canary', 'every vendor whose key is set'],
    ['canary -p yahoo --json', 'one vendor, for a script; exits 1 where something changed'],
  ])
}

async function canary(context: CommandContext, options: CanaryOptions): Promise<number> {
  const config = await context.config()
  const reports: CanaryReport[] = []
  for (const provider of wanted(options, config)) {
    const report = await runCanary(await openVendor(context, provider), provider)
    if (report === null) continue
    reports.push(report)
    if (!context.json) await context.stdout.write(reportText(context.stdout, report))
  }
  if (context.json) await writeJson(context.stdout, { data: reports })
  return exitCodeOf(reports)
}

function wanted(options: CanaryOptions, config: Config): readonly Provider[] {
  const providers = chooseProviders(options.provider, config, [])
  const known = providers.filter((provider) => provider.canary !== undefined)
  if (known.length > 0) return known
  const names = providers.map((provider) => provider.name).join(', ')
  throw new StockyardError('not-found', 'CANARY_UNKNOWN', `There is no canary for ${names}.`, {
    hint: 'Its habits are not written down yet: see docs/adding-a-provider.md.',
  })
}

/** 1 where something changed; else 3 where a key was refused, 5 where a vendor did not answer. */
function exitCodeOf(reports: readonly CanaryReport[]): number {
  if (reports.some((report) => report.status === 'changed')) return 1
  const kinds = reports.map((report) => report.error?.kind)
  if (kinds.includes('config')) return 3
  // What the plan lacks is a habit like any other.
  const failed = reports.filter(({ error }) => error !== null && error.code !== 'PLAN_LACKS')
  return failed.length > 0 ? 5 : 0
}

function reportText(stdout: Output, report: CanaryReport): string {
  const mark = report.simulated === true ? ` ${stdout.paint('yellow', 'SIMULATED')}` : ''
  const lines = [`${report.provider}: ${report.status}${mark} (${report.call})`]
  for (const check of report.checks) lines.push(checkText(stdout, check))
  if (report.error !== null) {
    const { message, hint } = report.error
    lines.push(plainText(`  ${message} ${hint ?? ''}`).trimEnd())
  }
  return `${lines.join('\n')}\n`
}

function checkText(stdout: Output, { check, status, expected, found }: CanaryCheck): string {
  const colours = { ok: 'green', changed: 'red', unseen: 'dim' } as const
  const said = status === 'changed' ? `${found} (expected ${expected})` : found
  return `  ${stdout.paint(colours[status], status.padEnd(7))}  ${check.padEnd(6)}  ${plainText(said)}`
}
