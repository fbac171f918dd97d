/** What the holidays of New York are called, by the month in which they fall. */

/** How far ahead holidays are announced: a year. */
export const MARKET_HOLIDAYS_AHEAD_MS = 365 * 86_400_000

/** Names by month; no month has two holidays but January, of which the first days are New Year's. */
const NAMES = [
  'Martin Luther King, Jr. Day',
  'Presidents Day',
  'Good Friday',
  'Good Friday',
  'Memorial Day',
  'Juneteenth',
  'Independence Day',
  '',
  'Labor Day',
  '',
  'Thanksgiving',
  'Christmas',
] as const

/** The name of the holiday, or of the eve of one, on a day. */
export function holidayName(day: number): string {
  const date = new Date(day)
  if (date.getUTCMonth() === 0 && date.getUTCDate() < 10) return 'New Years Day'
  return NAMES[date.getUTCMonth()] || 'Holiday'
}
