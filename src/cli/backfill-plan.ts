/** The plan of a backfill as people and programs read it. */
import { formatDate } from '../domain/date.ts'
import type { BackfillPlan, PlannedProvider, PlannedSeries } from '../load/backfill.ts'
import { getProvider } from '../providers/registry.ts'
import type { Output } from './output.ts'
import { includedText } from './provider-info.ts'
import { formatCount, formatSpan, formatTable } from './table.ts'

/** The document of `backfill --dry-run --json`: spans in seconds, days as dates. */
export function planJson(plan: BackfillPlan) {
  return {
    calls: plan.calls,
    rows: plan.rows,
    bytes: plan.bytes,
    seconds: Math.ceil(plan.ms / 1000),
    days: plan.days,
    providers: plan.providers.map(({ ms, ...rest }) => ({
      ...rest,
      seconds: Math.ceil(ms / 1000),
    })),
    actions: plan.actions,
    tasks: plan.series.map(({ days, notOffered, ...rest }) => ({
      ...rest,
      from: days === null ? null : formatDate(days.from),
      until: days === null ? null : formatDate(days.until),
      notOffered: notOffered.map(({ from, until }) => ({
        state: 'not-offered',
        from: formatDate(from),
        until: formatDate(until),
      })),
    })),
  }
}

/** The plan as a table with what it comes to. */
export function planText(output: Output, plan: BackfillPlan): string {
  const table = formatTable<PlannedSeries>(
    output,
    [
      { title: 'symbol', value: (series) => series.symbol },
      { title: 'interval', value: (series) => series.interval },
      { title: 'vendor', value: (series) => series.provider },
      { title: 'from', value: ({ days }) => (days === null ? null : formatDate(days.from)) },
      { title: 'until', value: ({ days }) => (days === null ? null : formatDate(days.until)) },
      { title: 'calls', align: 'right', value: (series) => series.calls },
      { title: 'bars, at most', align: 'right', value: (series) => series.rows },
    ],
    plan.series,
  )
  const lines = [
    `In all ${countOf(plan.calls, 'call')}, ${formatCount(plan.rows)} bars at most, ${sizeText(plan.bytes)} on disk.`,
    ...actionsTexts(plan),
    ...plan.providers.map(providerText),
    ...plan.providers.flatMap(includedTexts),
    ...plan.series.flatMap(lackTexts),
    'Nothing was spent: this is the plan only.',
  ]
  return `${table}${lines.join('\n')}\n`
}

function actionsTexts({ actions }: BackfillPlan): string[] {
  if (actions.length === 0) return []
  const calls = countOf(
    actions.reduce((total, one) => total + one.calls, 0),
    'call',
  )
  const symbols = countOf(new Set(actions.map(({ symbol }) => symbol)).size, 'symbol')
  return [`Of them ${calls} for the splits and dividends of ${symbols}, once the bars are in.`]
}

function providerText({
  provider,
  calls,
  budget,
  today,
  daysOnFreePlan,
  ms,
  days,
}: PlannedProvider) {
  const parts = [
    `${provider}: ${countOf(calls, 'call')} at ${budget} take ${ms === 0 ? 'no waiting' : formatSpan(ms)}`,
  ]
  if (today !== null) {
    parts.push(`${today.spent} are spent today and ${today.left} left: ${countOf(days, 'day')}`)
  }
  if (daysOnFreePlan !== null && today === null) {
    const { perDay, days: free } = daysOnFreePlan
    parts.push(`at ${perDay} a day it would be ${countOf(free, 'day')}`)
  }
  return `${parts.join('; ')}.`
}

/** What the user's plan has, before a call is spent to find out. */
function includedTexts({ provider, budget }: PlannedProvider): string[] {
  return includedText(provider, getProvider(provider).plan?.plans ?? [], budget).map(
    (text) => `${text}.`,
  )
}

function lackTexts({ symbol, interval, provider, notOffered }: PlannedSeries): string[] {
  if (provider === null) return [`${symbol} ${interval}: no vendor has it.`]
  return notOffered.map(
    ({ from, until }) =>
      `${symbol} ${interval}: not-offered by ${provider} from ${formatDate(from)} until ${formatDate(until)}.`,
  )
}

function countOf(count: number, what: string): string {
  return `${formatCount(count)} ${count === 1 ? what : `${what}s`}`
}

function sizeText(bytes: number): string {
  const megabytes = bytes / 1_000_000
  return megabytes < 1 ? 'less than 1 MB' : `about ${formatCount(megabytes)} MB`
}
