/** Splits and dividends that a chart answer brings along with its bars. */
import type { Zone } from '../../domain/zone.ts'
import { finiteOrNull, instantOf, sessionDayOf, textOrNull } from './chart.ts'
import { isRecord, type JsonRecord } from './failure.ts'
import type { CorporateActions, Dividend, Split, UnreadableRow } from '../provider.ts'

const RAW_LENGTH_MAX = 1000

export interface ReadActions {
  readonly actions: CorporateActions
  readonly unreadable: readonly UnreadableRow[]
}

/**
 * The splits, dividends and capital gains of an answer, by day. An event's own `date` counts; its key is
 * that of the bar it falls in, which for bars of months is another day. The vendor restates amounts
 * after a split. What it lists twice is one event; a capital gain that stands among the dividends too,
 * with the same day and amount, is a capital gain.
 */
export function readActions(events: JsonRecord, zone: Zone, meta: JsonRecord): ReadActions {
  const unreadable: UnreadableRow[] = []
  const read = <T>(name: string, parse: (event: JsonRecord, day: number) => T | null): T[] => {
    const listed = events[name]
    if (!isRecord(listed)) return []
    return Object.values(listed).flatMap((event) => {
      const instant = isRecord(event) ? instantOf(event['date']) : Number.NaN
      const day = sessionDayOf(instant, zone, meta)
      const parsed = isRecord(event) && !Number.isNaN(day) ? parse(event, day) : null
      if (parsed === null) unreadable.push(unreadableEvent(name, event))
      return parsed === null ? [] : [parsed]
    })
  }
  const splits = read('splits', parseSplit)
  const gains = read('capitalGains', (event, day) => parsePayment(event, day, 'capital-gain'))
  const paid = new Set(gains.map(({ day, amount }) => `${day} ${amount}`))
  const dividends = read('dividends', (event, day) => parsePayment(event, day, 'cash'))
  const others = dividends.filter(({ day, amount }) => !paid.has(`${day} ${amount}`))
  return {
    actions: { splits: distinct(splits), dividends: distinct([...others, ...gains]) },
    unreadable,
  }
}

function parseSplit(event: JsonRecord, day: number): Split | null {
  const newShares = finiteOrNull(event['numerator'])
  const oldShares = finiteOrNull(event['denominator'])
  if (newShares === null || oldShares === null || newShares <= 0 || oldShares <= 0) return null
  return { day, newShares, oldShares }
}

function parsePayment(event: JsonRecord, day: number, kind: Dividend['kind']): Dividend | null {
  const amount = finiteOrNull(event['amount'])
  if (amount === null || amount <= 0) return null
  return { day, amount, currency: textOrNull(event['currency']), kind, basis: 'split' }
}

function unreadableEvent(name: string, event: unknown): UnreadableRow {
  const raw = JSON.stringify({ [name]: event }).slice(0, RAW_LENGTH_MAX)
  return { rule: 'action', reason: `An event under "${name}" has no date or no value.`, raw }
}

/** By day, each once. */
function distinct<T extends { readonly day: number }>(events: readonly T[]): T[] {
  const byText = new Map(events.map((event) => [JSON.stringify(event), event]))
  return [...byText.values()].toSorted((a, b) => a.day - b.day)
}
