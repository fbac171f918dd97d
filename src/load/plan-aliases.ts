/** Calls under the symbols that an instrument had at the time, for vendors that keep history so. Pure. */
import type { Alias } from '../db/symbols.ts'
import type { BarNeed, BarRequest, Provider } from '../providers/provider.ts'

/**
 * A provider that plans calls for an instrument of some aliases. What has been put aside (`SYMBOL@DATE`)
 * has a symbol only where history is kept under the symbols of then: elsewhere that symbol is another
 * company's by now, or nobody's.
 */
export function withAliases(provider: Provider, aliases: readonly Alias[]): Provider {
  const isPlain = aliases.length < 2 && !aliases.some(({ symbol }) => isAside(symbol))
  if (isPlain) return provider
  const { planMarket: _whole, ...single } = provider
  if (provider.keepsOldSymbols === true) {
    return { ...single, planBars: (need) => planByAlias(provider, need, aliases) }
  }
  return aliases.some(({ symbol }) => isAside(symbol))
    ? { ...single, planBars: () => [] }
    : provider
}

function planByAlias(provider: Provider, need: BarNeed, aliases: readonly Alias[]): BarRequest[] {
  return aliases.flatMap(({ symbol, fromDay, untilDay }) => {
    if (isAside(symbol)) return []
    const from = later(need.from, fromDay)
    const until = Math.min(need.until, untilDay ?? Infinity)
    return from !== null && from >= until ? [] : provider.planBars({ ...need, symbol, from, until })
  })
}

function later(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.max(a, b)
}

function isAside(symbol: string): boolean {
  return symbol.includes('@')
}
