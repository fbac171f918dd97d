/**
 * Takes over what a vendor tells of a listing's symbols: former ones become dated aliases, a new one a
 * rename, as if a person had recorded them. Two listings of the store are never made one: where that would
 * be, a finding tells of it.
 */
import { inTransaction, type Pool } from '../db/connect.ts'
import { storeUnclearRename } from '../db/findings.ts'
import { addFormerSymbols, type FormerSymbol } from '../db/former-symbols.ts'
import type { Instrument } from '../db/instruments.ts'
import { listAliases, renameSymbol } from '../db/symbols.ts'
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { spellSymbol } from '../domain/symbol-meaning.ts'
import type { SymbolSince } from '../providers/provider.ts'

/** What could not be taken over: a rename on a day. */
interface Unclear {
  readonly day: number
  readonly message: string
}

/**
 * Records the symbols of an instrument.
 * @param symbols as the vendor tells them, oldest first
 * @param isPresent whether a symbol of the vendor is the present one of the instrument, be it spelt otherwise
 * @param today renames of later days are left for then
 */
export async function takeSymbolHistory(
  pool: Pool,
  { id, symbol: present }: Pick<Instrument, 'id' | 'symbol'>,
  provider: string,
  symbols: readonly SymbolSince[],
  isPresent: (symbol: string) => boolean,
  today: number,
): Promise<void> {
  const told = symbols.filter(({ day }) => day <= today)
  const at = told.findLastIndex(({ symbol }) => isPresent(symbol))
  // A history without the symbol that was asked about is of something else.
  if (at < 0) return
  const later = told[at + 1]
  const unclear =
    (await takeFormer(pool, id, present, told.slice(0, at + 1))) ??
    (later === undefined ? null : await takeRename(pool, present, later))
  await storeUnclearRename(pool, id, provider, unclear)
}

async function takeFormer(
  pool: Pool,
  id: number,
  present: string,
  told: readonly SymbolSince[],
): Promise<Unclear | null> {
  const former = told.slice(0, -1).map(({ symbol, day }, i): FormerSymbol => {
    return {
      symbol: spellSymbol(symbol),
      fromDay: i === 0 ? null : day,
      untilDay: told[i + 1]!.day,
    }
  })
  const aliases = await listAliases(pool, id)
  // What a person recorded holds.
  const isOpen = aliases.length === 1 && aliases[0]!.fromDay === null
  if (former.length === 0 || !isOpen || former.some(({ symbol }) => symbol === present)) return null
  const taken = await inTransaction(pool, (connection) =>
    addFormerSymbols(connection, id, present, former),
  )
  if (taken === null) return null
  const { untilDay: day } = former.find(({ symbol }) => symbol === taken)!
  const date = formatDate(day)
  const message = `${present} was ${taken} until ${date}, and ${taken} names something else here. If both are one listing: stockyard symbols rename ${taken} ${present} --on ${date} --merge`
  return { day, message }
}

async function takeRename(
  pool: Pool,
  present: string,
  { symbol, day }: SymbolSince,
): Promise<Unclear | null> {
  const to = spellSymbol(symbol)
  try {
    await inTransaction(pool, (connection) =>
      renameSymbol(connection, { from: present, to, day, replace: false }),
    )
    return null
  } catch (error) {
    if (!(error instanceof StockyardError) || error.code !== 'RENAME_INVALID') throw error
    const message = `${present} is ${to} since ${formatDate(day)}, which was not taken over: ${error.message} ${error.hint}`
    return { day, message: message.trim() }
  }
}
