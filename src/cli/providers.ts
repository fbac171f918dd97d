/** `stockyard providers`: what the vendors can give, and what is left of each budget. */
import type { ProviderInfo } from '../api/context.ts'
import type { BudgetState } from '../db/budgets.ts'
import type { StoredCanary } from '../db/canaries.ts'
import { forgetLimits } from '../db/plan-limits.ts'
import { getProvider } from '../providers/registry.ts'
import {
  providerStateJson,
  readProviderStates,
  type ProviderState,
} from '../query/provider-state.ts'
import { formatInstant } from '../query/rows.ts'
import type { Define } from './commands.ts'
import { addDefaultOptions, addExamples } from './options.ts'
import { writeJson } from './output.ts'
import { describeProviders, includedText } from './provider-info.ts'
import { definePriority } from './provider-priority.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

export const define: Define = (command, run) => {
  const list = command
    .command('list', { isDefault: true })
    .description(
      'Show the vendors: what they can give, and what is left of their budgets. Calls nobody.',
    )
    .option(
      '--forget-limits <provider>',
      'ask again for what the plan lacked, and up to the budget',
    )
    .action((options: ProvidersOptions) => run(options, (context) => providers(context, options)))
  addExamples(list, [['providers list', 'the same as providers']])
  addDefaultOptions(command, list)
  definePriority(command, run)
  addExamples(command, [
    ['providers', 'all of them'],
    ['providers --json | jq .data[0].windows', 'what is left, for a script'],
    ['providers --forget-limits alpha-vantage', 'after the plan was changed'],
  ])
}

interface ProvidersOptions {
  readonly json?: boolean
  readonly forgetLimits?: string
}

type Shown = ProviderInfo & { readonly state: ProviderState }

async function providers(context: CommandContext, options: ProvidersOptions): Promise<void> {
  const { forgetLimits: forgotten } = options
  const provider = forgotten === undefined ? null : getProvider(forgotten.trim().toLowerCase())
  const infos = describeProviders(await context.config())
  const { pool } = await context.openStore()
  if (provider !== null) await forgetLimits(pool, provider.id)
  const states = await readProviderStates(pool, infos)
  const shown = infos.map((info, index) => ({ ...info, state: states[index]! }))
  if (context.json) {
    await writeJson(context.stdout, { data: shown.map(shownJson) })
    return
  }
  await context.stdout.write(
    formatTable(
      context.stdout,
      [
        { title: 'provider', value: (one) => one.id },
        { title: 'name', value: (one) => one.name },
        { title: 'state', value: (one) => (one.enabled ? 'on' : 'off: no key') },
        { title: 'intervals', value: (one) => one.intervals.join(' ') },
        { title: 'prices', value: (one) => one.basis },
        { title: 'budget', value: (one) => one.budget },
        { title: 'left', value: ({ state }) => leftText(state.budget) },
        { title: 'canary', value: ({ state }) => canaryText(state.canary) },
      ],
      shown,
    ),
  )
  for (const line of shown.flatMap(remarks)) await context.stdout.write(`${line}\n`)
}

/** What is out of the ordinary, a line each. */
function remarks({ id, enabled, plans, budget: written, state }: Shown): string[] {
  const { budget, ceilings, limits } = state
  const lines = enabled ? includedText(id, plans, written) : []
  const day = budget.windows.find(({ window }) => window === 'day')
  if (day !== undefined && day.resetsAt !== null) {
    lines.push(`${id}: the day's calls reset at ${formatInstant(day.resetsAt)}`)
  }
  const minute = budget.windows.find(({ window }) => window === 'minute')
  if (minute !== undefined && minute.left === 0 && minute.resetsAt !== null) {
    lines.push(`${id}: the minute's next call is free at ${formatInstant(minute.resetsAt)}`)
  }
  if (budget.pausedUntil !== null) {
    const until = formatInstant(budget.pausedUntil)
    lines.push(`${id} takes no calls before ${until}: ${budget.pauseReason}`)
  }
  if (budget.reserveUntil !== null) {
    const until = formatInstant(budget.reserveUntil)
    lines.push(
      `${id}: repair and backfill leave the last ${budget.closeReserve} calls of the day for the close until ${until}`,
    )
  }
  for (const [lane, calls] of Object.entries(budget.waiting)) {
    const wait = calls === 1 ? `call of the lane ${lane} waits` : `calls of the lane ${lane} wait`
    lines.push(`${id}: ${calls} ${wait} for a turn`)
  }
  for (const { window, calls, words, holdsUntil } of ceilings) {
    lines.push(
      `${id}: seen ceiling of ${calls} a ${window}, until ${formatInstant(holdsUntil)}: ${words}`,
    )
  }
  for (const { topic, words, refusedAt, retryAfter } of limits) {
    const [refused, retry] = [refusedAt, retryAfter].map((at) => formatInstant(at).slice(0, 10))
    lines.push(
      `${id}: the plan lacks "${topic}" (refused ${refused}, not asked before ${retry}): ${words}`,
    )
  }
  return lines
}

function leftText(state: BudgetState): string {
  const windows = state.windows.map(
    ({ window, left, limit }) => `${left} of ${limit} this ${window}`,
  )
  return windows.length === 0 ? 'unlimited' : windows.join(', ')
}

function canaryText(canary: StoredCanary | undefined): string | null {
  return canary === undefined
    ? null
    : `${canary.status} ${formatInstant(canary.checkedAt).slice(0, 10)}`
}

function shownJson({
  state,
  needsKey,
  resetZone,
  account: _account,
  limits: _limits,
  ...info
}: Shown) {
  return { ...info, needs_key: needsKey, reset_zone: resetZone, ...providerStateJson(state) }
}
