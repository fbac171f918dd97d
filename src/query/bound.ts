/**
 * Bounds of time as people write them: a plain date means the exchange's date, an instant carries its
 * offset. Everywhere, `from` is included and `until` is not.
 */
import { parseDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'

export type Bound =
  | { readonly kind: 'day'; readonly day: number }
  | { readonly kind: 'instant'; readonly at: number }

// The offset's sign may be a space: that is what a "+" in a query string turns into.
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?(Z|[+\- ]\d{2}:?\d{2})$/i

/**
 * The bound that a text means: `2024-01-02`, `2024-01-02T14:30:00Z`, `2024-01-02T09:30:00-05:00`.
 * @throws StockyardError `DATE_INVALID`
 */
export function parseBound(text: string, name: string): Bound {
  const typed = text.trim()
  const day = parseDay(typed)
  if (!Number.isNaN(day)) return { kind: 'day', day }
  const at = parseInstant(typed)
  if (!Number.isNaN(at)) return { kind: 'instant', at }
  const shown = JSON.stringify(typed.slice(0, 40))
  throw new StockyardError(
    'usage',
    'DATE_INVALID',
    `${name} ${shown} is not a date or an instant.`,
    {
      hint: 'Write YYYY-MM-DD for a date of the exchange, or an instant with its offset such as 2024-01-02T14:30:00Z.',
    },
  )
}

/** Milliseconds of an instant with an offset, or NaN. */
function parseInstant(text: string): number {
  const match = INSTANT.exec(text)
  if (match === null) return Number.NaN
  const [, date, hour, minute, second = '0', fraction = '', zone] = match
  const offsetMinutes = parseOffset(zone!)
  const inRange = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
  if (!inRange) return Number.NaN
  const clockMs = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000
  return parseDay(date!) + clockMs + Number(fraction.padEnd(3, '0')) - offsetMinutes * 60_000
}

/** Minutes east of UTC, or NaN. */
function parseOffset(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2))
  if (hours > 18 || minutes > 59) return Number.NaN
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
