/** `stockyard providers`: what the vendors can give, and what is left of each budget. */
import type { ProviderInfo } from '../api/context.ts'
import { readCanaries, type StoredCanary } from '../db/canaries.ts'
import { budgetState, type BudgetState } from '../db/budgets.ts'
import { parseBudget } from '../providers/budget.ts'
import { formatInstant } from '../query/rows.ts'
import type { Define } from './commands.ts'
import { addExamples } from './options.ts'
import { writeJson } from './output.ts'
import { describeProviders } from './provider-info.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

export const define: Define = (command, run) => {
  command
    .description(
      'Show the vendors: what they can give, and what is left of their budgets. Calls nobody.',
    )
    .action((options: { json?: boolean }) => run(options, providers))
  addExamples(command, [
    ['providers', 'all of them'],
    ['providers --json | jq .data[0].windows', 'what is left, for a script'],
  ])
}

interface ProviderState extends ProviderInfo {
  readonly state: BudgetState
  /** Undefined where there was none yet. */
  readonly canary: StoredCanary | undefined
}

async function providers(context: CommandContext): Promise<void> {
  const config = await context.config()
  const store = await context.openStore()
  const canaries = await readCanaries(store.pool)
  const states: ProviderState[] = []
  for (const info of describeProviders(config)) {
    const budget = parseBudget(info.budget)
    const state = await budgetState(store.pool, info.id, budget, info.resetZone)
    states.push({ ...info, state, canary: canaries.get(info.id) })
  }
  if (context.json) {
    await writeJson(context.stdout, { data: states.map(stateJson) })
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
        { title: 'left', value: ({ state }) => leftText(state) },
        { title: 'canary', value: ({ canary }) => canaryText(canary) },
      ],
      states,
    ),
  )
  for (const { id, state } of states) {
    if (state.pausedUntil === null) continue
    const until = formatInstant(state.pausedUntil)
    await context.stdout.write(`${id} takes no calls before ${until}: ${state.pauseReason}\n`)
  }
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

function stateJson({ state, canary, needsKey, resetZone, ...info }: ProviderState) {
  return {
    ...info,
    needs_key: needsKey,
    reset_zone: resetZone,
    windows: state.windows.map(({ resetsAt, ...window }) => ({
      ...window,
      resets_at: resetsAt === null ? null : formatInstant(resetsAt),
    })),
    paused_until: state.pausedUntil === null ? null : formatInstant(state.pausedUntil),
    pause_reason: state.pauseReason,
    canary:
      canary === undefined
        ? null
        : { status: canary.status, checked_at: formatInstant(canary.checkedAt) },
  }
}
