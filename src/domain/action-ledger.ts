/**
 * Corporate actions as the ledger has them, and what a vendor's answer changes in it. Pure: rows in,
 * rows out.
 */

export const ACTION_KINDS = ['split', 'dividend', 'special-dividend', 'capital-gain'] as const
export type ActionKind = (typeof ACTION_KINDS)[number]

/** A split or a payment. The values that its kind does not have are null. */
export interface Action {
  readonly kind: ActionKind
  /** Ex date: the first session that trades without it. */
  readonly exDay: number
  /** From 1; tells those apart that have the kind and the day in common. */
  readonly number: number
  /** So many new shares for so many old ones. */
  readonly newShares: number | null
  readonly oldShares: number | null
  /** Paid for one share. */
  readonly amount: number | null
  /** Null where the vendor does not say. */
  readonly currency: string | null
  /** Shares that the amount is for: as they were then, or restated for every split since. */
  readonly basis: 'raw' | 'split' | null
}

/** What a vendor says; see CorporateActions in providers/provider.ts. */
export interface SaidActions {
  readonly splits: readonly {
    readonly day: number
    readonly newShares: number
    readonly oldShares: number
  }[]
  readonly dividends: readonly {
    readonly day: number
    readonly amount: number
    readonly currency: string | null
    readonly kind: 'cash' | 'special' | 'capital-gain'
    readonly basis: 'raw' | 'split'
  }[]
}

/** What an answer adds to the ledger and changes in it. What it does not mention stays. */
export interface LedgerChange {
  readonly added: readonly Action[]
  readonly changed: readonly { readonly before: Action; readonly after: Action }[]
}

const PAYMENT_KINDS = {
  cash: 'dividend',
  special: 'special-dividend',
  'capital-gain': 'capital-gain',
} as const

/**
 * The rows of an answer by day. Vendors list some actions twice: the same again is left out. What
 * differs, on the same day, are several, numbered by size.
 */
export function toActions(said: SaidActions): Action[] {
  const splits = said.splits.map(({ day, newShares, oldShares }): Action => {
    const payment = { amount: null, currency: null, basis: null }
    return { kind: 'split', exDay: day, number: 1, newShares, oldShares, ...payment }
  })
  const payments = said.dividends.map(({ day, amount, currency, kind, basis }): Action => {
    const split = { newShares: null, oldShares: null }
    return { kind: PAYMENT_KINDS[kind], exDay: day, number: 1, ...split, amount, currency, basis }
  })
  const distinct = new Map([...splits, ...payments].map((one) => [JSON.stringify(one), one]))
  const counts = new Map<string, number>()
  return [...distinct.values()].toSorted(inOrder).map((action) => {
    const key = `${action.kind} ${action.exDay}`
    const number = (counts.get(key) ?? 0) + 1
    counts.set(key, number)
    return { ...action, number }
  })
}

function inOrder(a: Action, b: Action): number {
  if (a.exDay !== b.exDay) return a.exDay - b.exDay
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1
  return sizeOf(a) - sizeOf(b)
}

function sizeOf({ amount, newShares, oldShares }: Action): number {
  return amount ?? newShares! / oldShares!
}

/** What the ledger of one instrument and vendor gains by an answer. */
export function diffActions(known: readonly Action[], said: readonly Action[]): LedgerChange {
  const byKey = new Map(known.map((action) => [keyOf(action), action]))
  const added: Action[] = []
  const changed: { before: Action; after: Action }[] = []
  for (const after of said) {
    const before = byKey.get(keyOf(after))
    if (before === undefined) added.push(after)
    else if (!isSame(before, after)) changed.push({ before, after })
  }
  return { added, changed }
}

function keyOf({ kind, exDay, number }: Action): string {
  return `${kind} ${exDay} ${number}`
}

function isSame(a: Action, b: Action): boolean {
  return (
    a.newShares === b.newShares &&
    a.oldShares === b.oldShares &&
    a.amount === b.amount &&
    a.currency === b.currency &&
    a.basis === b.basis
  )
}
