/** Under which symbols listings trade and traded: an instrument keeps its history when it is renamed. */

/** From the session of `day` on, what traded as `from` trades as `to`. */
export interface Rename {
  readonly from: string
  readonly to: string
  readonly day: number
}

/** Days [from, until) on which a listing trades under a symbol. */
export interface NameSpan {
  readonly symbol: string
  readonly from: number
  readonly until: number
}

export interface NameBook {
  add(rename: Rename): void
  list(): readonly Rename[]
  clear(): void
  /** The first symbol of the listing that has a symbol on a day; null where it has another by then. */
  originOf(symbol: string, day: number): string | null
  /** The first symbol of the listing that ever has a symbol. */
  originEver(symbol: string): string
  /** The symbols of a listing, by its first one, oldest first. */
  spansOf(origin: string): readonly NameSpan[]
}

/** A book without renames. */
export function makeNameBook(): NameBook {
  let renames: Rename[] = []

  function originEver(symbol: string): string {
    let found = symbol
    for (const { from, to } of renames.toReversed()) if (to === found) found = from
    return found
  }

  function spansOf(origin: string): NameSpan[] {
    const spans: NameSpan[] = [{ symbol: origin, from: -Infinity, until: Infinity }]
    for (const { from, to, day } of renames) {
      const last = spans.at(-1)!
      if (last.symbol !== from) continue
      spans[spans.length - 1] = { ...last, until: day }
      spans.push({ symbol: to, from: day, until: Infinity })
    }
    return spans
  }

  return {
    add(rename) {
      renames = [...renames, rename]
    },
    list: () => renames,
    clear() {
      renames = []
    },
    originOf(symbol, day) {
      const origin = originEver(symbol)
      const span = spansOf(origin).find(({ from, until }) => from <= day && day < until)
      return span?.symbol === symbol ? origin : null
    },
    originEver,
    spansOf,
  }
}
