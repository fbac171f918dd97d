/** Events in the shapes of the API: bars, quotes and runs as its other routes show them. */
import { formatDate } from '../domain/date.ts'
import type { Action } from '../domain/action-ledger.ts'
import type { Interval } from '../domain/interval.ts'
import type { StoredEvent } from '../db/events.ts'
import type { StoredRun } from '../db/read-runs.ts'
import type { LastBar } from '../db/read-series.ts'
import { changeOf, lastBarRow } from './latest.ts'
import { runSummary } from './runs.ts'
import { formatInstant } from './rows.ts'

/** What an event says, as its JSON. */
export function eventData(event: StoredEvent): object {
  const { type, symbol, interval, data } = event
  if (type === 'bar') return barData(symbol!, interval as Interval, data as BarData)
  if (type === 'quote') return quoteData(symbol!, data as QuoteData)
  if (type === 'run') return runData(data as RunData)
  if (type === 'action') return actionData(symbol!, data as ActionData)
  return data as object
}

interface BarData {
  readonly provider: string
  readonly bar: LastBar | null
  readonly changed: object
  readonly run: number
}

function barData(symbol: string, interval: Interval, { provider, bar, changed, run }: BarData) {
  const newest = bar === null ? null : lastBarRow(interval, bar)
  return { symbol, interval, provider, bar: newest, changed, run }
}

interface QuoteData {
  readonly provider: string
  readonly price: number
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly previousClose: number | null
  readonly volume: number | null
  readonly session: string
  readonly observedAt: number
}

function quoteData(symbol: string, { previousClose, observedAt, ...quote }: QuoteData) {
  const { provider, price, open, high, low, volume, session } = quote
  return {
    symbol,
    provider,
    source: 'quote',
    price,
    open,
    high,
    low,
    previous_close: previousClose,
    ...changeOf(price, previousClose),
    volume,
    session,
    observed_at: formatInstant(observedAt),
  }
}

interface RunData extends StoredRun {
  readonly tasks: number
  readonly tasksEnded: number
}

function runData({ tasks, tasksEnded, ...run }: RunData) {
  return { ...runSummary(run), tasks, tasks_ended: tasksEnded }
}

interface ActionData {
  readonly provider: string
  readonly added: number
  readonly changed: number
  readonly actions: readonly Action[]
}

function actionData(symbol: string, { provider, added, changed, actions }: ActionData) {
  const rows = actions.map(({ kind, exDay, newShares, oldShares, amount, currency, basis }) => ({
    kind,
    ex_date: formatDate(exDay),
    new_shares: newShares,
    old_shares: oldShares,
    amount,
    currency,
    basis,
  }))
  return { symbol, provider, added, changed, actions: rows }
}
