/* Numbers and times as the page writes them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const price = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 4 })
const percent = new Intl.NumberFormat('en', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: 'exceptZero',
})
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const dayFormat = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'UTC' })
const timeFormat = new Intl.DateTimeFormat('en', {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

export const NONE = '–'

export function formatCount(value) {
  return value === null ? NONE : value < 1_000_000 ? whole.format(value) : compact.format(value)
}

export function formatPrice(value) {
  return value === null ? NONE : price.format(value)
}

export function formatPercent(value) {
  return value === null ? NONE : `${percent.format(value)} %`
}

/** A date of an exchange, `2024-01-02`. */
export function formatDay(text) {
  return text === null ? NONE : dayFormat.format(new Date(`${text}T00:00:00Z`))
}

/** An instant in the reader's own zone. */
export function formatTime(instant) {
  return timeFormat.format(new Date(instant))
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

/** How long ago an instant was. */
export function formatAgo(instant, now) {
  if (instant === null) return NONE
  const seconds = (Date.parse(instant) - now) / 1000
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit)
  }
  return 'just now'
}

/** The class that colours a change. */
export function directionOf(change) {
  return change === null || change === 0 ? '' : change > 0 ? 'up' : 'down'
}
