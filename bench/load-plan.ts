/**
 * What the loading benchmark loads: so many symbols over so many months of minute bars, the same for
 * everybody who takes part.
 */
export const SYMBOLS = Array.from(
  { length: 20 },
  (_, i) => `BENCH${String(i + 1).padStart(2, '0')}`,
)

/** Months as [from, until) days. */
export const MONTHS: readonly (readonly [number, number])[] = Array.from(
  { length: 11 },
  (_, month) => [Date.UTC(2025, month, 1), Date.UTC(2025, month + 1, 1)],
)

export const FROM = MONTHS[0]![0]
export const UNTIL = MONTHS[MONTHS.length - 1]![1]
/** A Saturday long after, so that all bars are final. */
export const NOW = Date.UTC(2026, 5, 6, 12)
