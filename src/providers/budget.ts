/**
 * How people write a budget: `1/s,5/min,25/day`. What a budget means is in domain/budget.ts.
 */
import type { Budget } from '../domain/budget.ts'
import { StockyardError } from '../domain/error.ts'

const UNITS: Readonly<Record<string, keyof Budget>> = {
  s: 'perSecond',
  sec: 'perSecond',
  second: 'perSecond',
  m: 'perMinute',
  min: 'perMinute',
  minute: 'perMinute',
  d: 'perDay',
  day: 'perDay',
}

/**
 * Reads `1/s,5/min,25/day`; `unlimited` means no limit.
 * @throws StockyardError `BUDGET_INVALID`
 */
export function parseBudget(text: string): Budget {
  const budget = { perSecond: Infinity, perMinute: Infinity, perDay: Infinity }
  if (text.trim().toLowerCase() === 'unlimited') return budget
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,9})\s*\/\s*([a-z]+)\s*$/i.exec(part)
    const unit = match === null ? undefined : UNITS[match[2]!.toLowerCase()]
    if (match === null || unit === undefined || Number(match[1]) === 0) {
      throw new StockyardError('config', 'BUDGET_INVALID', `"${text}" is not a budget.`, {
        hint: 'Write calls per second, minute or day, for example 1/s,5/min,25/day, or "unlimited".',
      })
    }
    budget[unit] = Number(match[1])
  }
  return budget
}

/**
 * The calls that a vendor's words name for a window: 25 in `our rate limit is 25 requests per day`; null
 * where they name none, or more than one number.
 */
export function callsNamed(words: string, window: 'second' | 'minute' | 'day'): number | null {
  const pattern = new RegExp(
    `(\\d{1,9}) (?:api |free )*(?:calls?|requests?) ?(?:per|a|an|each|/) ?${window}\\b`,
    'gi',
  )
  const named = new Set([...words.matchAll(pattern)].map((match) => Number(match[1])))
  const [calls] = named
  return calls === undefined || calls === 0 || named.size > 1 ? null : calls
}
