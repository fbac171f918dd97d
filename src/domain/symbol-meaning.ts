/** What the spelling of a symbol alone says of an instrument, before any vendor was asked about it. */

/** Where it trades decides its calendar. */
export interface SymbolMeaning {
  readonly kind: 'stock' | 'index' | 'currency'
  /** ISO 10383 code, or another name that calendar/registry.ts knows. */
  readonly exchange: string
}

/**
 * Codes behind the last dot, in the spellings of Yahoo and Alpha Vantage. Share classes are written
 * there too (`BRK.B`), so that a code is only here where no class is called so.
 */
const SUFFIXES: Readonly<Record<string, string>> = {
  L: 'XLON',
  LON: 'XLON',
  DE: 'XETR',
  DEX: 'XETR',
  F: 'XFRA',
  FRK: 'XFRA',
  PA: 'XPAR',
  PAR: 'XPAR',
  AS: 'XAMS',
  AMS: 'XAMS',
  BR: 'XBRU',
  BRU: 'XBRU',
  SW: 'XSWX',
  MI: 'XMIL',
  MC: 'XMAD',
  ST: 'XSTO',
  TO: 'XTSE',
  TRT: 'XTSE',
  V: 'XTSX',
  TRV: 'XTSX',
  SA: 'BVMF',
  SAO: 'BVMF',
  T: 'XTKS',
  HK: 'XHKG',
  HKG: 'XHKG',
  SS: 'XSHG',
  SHH: 'XSHG',
  SZ: 'XSHE',
  SHZ: 'XSHE',
  KS: 'XKRX',
  KQ: 'XKOS',
  AX: 'XASX',
  BO: 'XBOM',
  BSE: 'XBOM',
  NS: 'XNSE',
}

/** Exchanges of indices whose Yahoo symbol has no suffix and that are not American. */
const INDEX_EXCHANGES: Readonly<Record<string, string>> = {
  '^FTSE': 'XLON',
  '^GDAXI': 'XETR',
  '^FCHI': 'XPAR',
  '^AEX': 'XAMS',
  '^SSMI': 'XSWX',
  '^GSPTSE': 'XTSE',
  '^BVSP': 'BVMF',
  '^N225': 'XTKS',
  '^HSI': 'XHKG',
  '^KS11': 'XKRX',
  '^AXJO': 'XASX',
  '^BSESN': 'XBOM',
  '^NSEI': 'XNSE',
}

/**
 * A preferred share, right or when-issued share of New York in the spelling of Polygon and of the tape:
 * the one kind of symbol that has a small letter, as in `PEBpE`, `TpA`, `KIMw`.
 */
const SMALL_LETTER = /^[A-Z]{1,5}[prw][A-Z]{0,2}$/

/** A symbol as it is kept, of what a person typed: `aapl` is AAPL, and `TpA` stays as it is. */
export function spellSymbol(typed: string): string {
  return SMALL_LETTER.test(typed) ? typed : typed.toUpperCase()
}

/**
 * Kind and exchange by spelling: `^GSPC` and `I:SPX` are indices, `EURUSD=X` and `C:EURUSD` pairs of
 * currencies, `BTC-USD` and `X:BTCUSD` trade at all hours, `VOD.L` in London; all else is a stock of
 * New York. A vendor's word on it wins later.
 */
export function readSymbolMeaning(symbol: string): SymbolMeaning {
  const name = symbol.toUpperCase()
  if (name.startsWith('^') || name.startsWith('I:')) {
    return { kind: 'index', exchange: INDEX_EXCHANGES[name] ?? suffixExchange(name) ?? 'XNYS' }
  }
  if (name.startsWith('C:') || name.endsWith('=X')) return { kind: 'currency', exchange: '24/5' }
  if (name.startsWith('X:') || /^[A-Z0-9]{2,10}-(?:USD|EUR|GBP|USDT)$/.test(name)) {
    return { kind: 'currency', exchange: '24/7' }
  }
  return { kind: 'stock', exchange: suffixExchange(name) ?? 'XNYS' }
}

function suffixExchange(name: string): string | undefined {
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? undefined : SUFFIXES[name.slice(dot + 1)]
}
