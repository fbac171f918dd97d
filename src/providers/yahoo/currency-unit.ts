/** Units in which the vendor quotes prices that are parts of a currency. */

/** By the vendor's code: the currency, and how many of the unit are one of it. */
const UNITS: ReadonlyMap<string, { readonly currency: string; readonly perCurrency: number }> =
  new Map([
    ['GBp', { currency: 'GBP', perCurrency: 100 }],
    ['GBX', { currency: 'GBP', perCurrency: 100 }],
    ['ZAc', { currency: 'ZAR', perCurrency: 100 }],
    ['ZAC', { currency: 'ZAR', perCurrency: 100 }],
    ['ILA', { currency: 'ILS', perCurrency: 100 }],
    ['KWF', { currency: 'KWD', perCurrency: 1000 }],
  ])

/** What a code such as `GBp` stands for; null for whole currencies and for no code. */
export function currencyUnit(code: unknown): { currency: string; perCurrency: number } | null {
  return typeof code === 'string' ? (UNITS.get(code) ?? null) : null
}
