/**
 * What is listed on the simulated exchange: well-known tickers with plausible prices, the best-known
 * indices, and any symbol SIM1, SIM2, … for work on many symbols. Nothing else exists.
 */
import { parseDay } from '../domain/date.ts'
import { hashOf, keyOf } from './counter-random.ts'

/** A split or, with a ratio below 1, a reverse split: `ratio` new shares for one old share. */
export interface Split {
  /** The first session that trades on the new basis. */
  readonly day: number
  readonly ratio: number
}

export interface Listing {
  readonly symbol: string
  readonly name: string
  readonly exchange: string
  readonly kind: 'Common Stock' | 'ETF' | 'Index'
  readonly sector: string
  readonly industry: string
  /** Day from which bars exist. */
  readonly firstDay: number
  /** US dollars around which the price moves right after a split. */
  readonly level: number
  /** Shares traded on a usual day. */
  readonly dailyVolume: number
  /** Standard deviation of a day's log return. */
  readonly volatility: number
  /** Dividends of a year as a part of the price; 0 for none. */
  readonly dividendYield: number
  /** Splits on dates of their own; a date without a session moves to the next one. */
  readonly splits: readonly Split[]
  /** Splits that come again and again, so that every clock has a recent one. */
  readonly recurring: RecurringSplit | null
  /** True where a quarter of the regular minutes sees no trade. */
  readonly thin: boolean
}

interface RecurringSplit {
  readonly firstYear: number
  readonly everyYears: number
  /** 1 to 12. */
  readonly month: number
  readonly ratio: number
}

/** The vendor's history begins here. */
const HISTORY_START = parseDay('1999-11-01')

// symbol | name | exchange | sector | industry | first day | price | volume in thousands | volatility
// in basis points | yearly dividend in basis points | splits (date x ratio; "every" recurs)
// Dates of listings and splits are the real ones where there is a date; the prices are not.
const TABLE = `
AAPL|Apple Inc|NASDAQ|TECHNOLOGY|CONSUMER ELECTRONICS|1999-11-01|190|58000|160|50|2000-06-21x2 2005-02-28x2 2014-06-09x7 2020-08-31x4
ADBE|Adobe Inc|NASDAQ|TECHNOLOGY|SOFTWARE - APPLICATION|1999-11-01|420|3100|180|0|2000-10-25x2 2005-05-24x2
AMD|Advanced Micro Devices Inc|NASDAQ|TECHNOLOGY|SEMICONDUCTORS|1999-11-01|140|45000|290|0|2000-08-22x2
AMZN|Amazon.com Inc|NASDAQ|CONSUMER CYCLICAL|INTERNET RETAIL|1999-11-01|170|42000|190|0|2022-06-06x20
BA|Boeing Company|NYSE|INDUSTRIALS|AEROSPACE & DEFENSE|1999-11-01|190|7200|210|0|
BRK.B|Berkshire Hathaway Inc|NYSE|FINANCIAL SERVICES|INSURANCE - DIVERSIFIED|1999-11-01|410|3600|105|0|
CAT|Caterpillar Inc|NYSE|INDUSTRIALS|FARM & HEAVY CONSTRUCTION MACHINERY|1999-11-01|330|2900|170|160|2005-07-14x2
COST|Costco Wholesale Corp|NASDAQ|CONSUMER DEFENSIVE|DISCOUNT STORES|1999-11-01|780|1900|130|60|2000-01-14x2
CRM|Salesforce Inc|NYSE|TECHNOLOGY|SOFTWARE - APPLICATION|2004-06-23|260|6100|200|60|2013-04-18x4
CSCO|Cisco Systems Inc|NASDAQ|TECHNOLOGY|COMMUNICATION EQUIPMENT|1999-11-01|55|19000|140|300|2000-03-23x2
DIS|Walt Disney Company|NYSE|COMMUNICATION SERVICES|ENTERTAINMENT|1999-11-01|105|9800|150|90|
GE|General Electric Company|NYSE|INDUSTRIALS|AEROSPACE & DEFENSE|1999-11-01|140|6400|180|80|2000-05-08x3 2021-08-02x0.125
GLD|SPDR Gold Shares|NYSE ARCA|||2004-11-18|230|8300|95|0|
GOOGL|Alphabet Inc Class A|NASDAQ|COMMUNICATION SERVICES|INTERNET CONTENT & INFORMATION|2004-08-19|165|27000|170|40|2014-04-03x2 2022-07-18x20
IBM|International Business Machines|NYSE|TECHNOLOGY|INFORMATION TECHNOLOGY SERVICES|1999-11-01|210|4800|135|320|
INTC|Intel Corp|NASDAQ|TECHNOLOGY|SEMICONDUCTORS|1999-11-01|34|52000|220|140|2000-07-31x2
IWM|iShares Russell 2000 ETF|NYSE ARCA|||2000-05-26|205|31000|130|120|2005-06-09x2
JNJ|Johnson & Johnson|NYSE|HEALTHCARE|DRUG MANUFACTURERS - GENERAL|1999-11-01|160|7000|100|300|2001-06-13x2
JPM|JPMorgan Chase & Co|NYSE|FINANCIAL SERVICES|BANKS - DIVERSIFIED|1999-11-01|200|9100|150|230|2000-06-12x1.5
KO|Coca-Cola Company|NYSE|CONSUMER DEFENSIVE|BEVERAGES - NON-ALCOHOLIC|1999-11-01|62|13000|95|310|2012-08-13x2
MA|Mastercard Inc|NYSE|FINANCIAL SERVICES|CREDIT SERVICES|2006-05-25|460|2500|140|60|2014-01-22x10
META|Meta Platforms Inc|NASDAQ|COMMUNICATION SERVICES|INTERNET CONTENT & INFORMATION|2012-05-18|480|14000|210|40|
MSFT|Microsoft Corp|NASDAQ|TECHNOLOGY|SOFTWARE - INFRASTRUCTURE|1999-11-01|400|21000|140|75|2003-02-18x2
NFLX|Netflix Inc|NASDAQ|COMMUNICATION SERVICES|ENTERTAINMENT|2002-05-23|95|38000|230|0|2004-02-12x2 2015-07-15x7 2025-11-17x10
NVDA|NVIDIA Corp|NASDAQ|TECHNOLOGY|SEMICONDUCTORS|1999-11-01|120|210000|260|3|2000-06-27x2 2006-04-07x2 2007-09-11x1.5 2021-07-20x4 2024-06-10x10 every:2026:2:6x4
ORCL|Oracle Corp|NYSE|TECHNOLOGY|SOFTWARE - INFRASTRUCTURE|1999-11-01|140|8200|170|120|2000-10-13x2
PEP|PepsiCo Inc|NASDAQ|CONSUMER DEFENSIVE|BEVERAGES - NON-ALCOHOLIC|1999-11-01|165|5400|95|310|
PFE|Pfizer Inc|NYSE|HEALTHCARE|DRUG MANUFACTURERS - GENERAL|1999-11-01|28|36000|130|580|
PG|Procter & Gamble Company|NYSE|CONSUMER DEFENSIVE|HOUSEHOLD & PERSONAL PRODUCTS|1999-11-01|160|6300|95|240|2004-06-21x2
QQQ|Invesco QQQ Trust|NASDAQ|||1999-11-01|450|41000|130|60|2000-03-20x2
SPY|SPDR S&P 500 ETF Trust|NYSE ARCA|||1999-11-01|520|72000|105|130|
TSLA|Tesla Inc|NASDAQ|CONSUMER CYCLICAL|AUTO MANUFACTURERS|2010-06-29|210|98000|330|0|2020-08-31x5 2022-08-25x3 every:2025:3:8x2
V|Visa Inc Class A|NYSE|FINANCIAL SERVICES|CREDIT SERVICES|2008-03-19|270|6700|130|75|2015-03-19x4
WMT|Walmart Inc|NYSE|CONSUMER DEFENSIVE|DISCOUNT STORES|1999-11-01|68|16000|105|120|2024-02-26x3
XOM|Exxon Mobil Corp|NYSE|ENERGY|OIL & GAS INTEGRATED|1999-11-01|112|15000|140|340|2001-07-19x2
`

/** The well-known tickers, by symbol. */
export const WELL_KNOWN: ReadonlyMap<string, Listing> = new Map(
  TABLE.trim()
    .split('\n')
    .map((line) => readLine(line))
    .map((listing): [string, Listing] => [listing.symbol, listing]),
)

// symbol | name | code of its maker at Yahoo | first day | level | volume in millions | volatility in basis points
const INDEX_TABLE = `
I:SPX|S&P 500|SNP|1999-11-01|5200|3900|100
I:DJI|Dow Jones Industrial Average|DJI|1999-11-01|39000|340|95
I:COMP|Nasdaq Composite|NIM|1999-11-01|16300|5100|130
I:NDX|Nasdaq 100|NIM|1999-11-01|18200|5100|135
I:RUT|Russell 2000|WCB|1999-11-01|2050|3900|145
I:VIX|Cboe Volatility Index|CXI|1999-11-01|15|0|600
`

/**
 * The best-known indices, by symbol. They are in no list of what trades. Their volume is that of their
 * members, which only some vendors tell.
 */
const INDICES: ReadonlyMap<string, Listing> = new Map(
  INDEX_TABLE.trim()
    .split('\n')
    .map((line) => readIndex(line))
    .map((listing): [string, Listing] => [listing.symbol, listing]),
)

function readIndex(line: string): Listing {
  const [symbol, name, exchange, first, level, volume, risk] = line.split('|')
  return {
    symbol,
    name,
    exchange,
    kind: 'Index',
    sector: '',
    industry: '',
    firstDay: parseDay(first),
    level: Number(level),
    dailyVolume: Number(volume) * 1e6,
    volatility: Number(risk) / 10_000,
    dividendYield: 0,
    splits: [],
    recurring: null,
    thin: false,
  }
}

function readLine(line: string): Listing {
  const [symbol, name, exchange, sector, industry, first, level, volume, risk, pays, splits] =
    line.split('|')
  const rules = splits.split(' ').filter((rule) => rule !== '')
  const every = rules.find((rule) => rule.startsWith('every:'))
  return {
    symbol,
    name,
    exchange,
    kind: sector === '' ? 'ETF' : 'Common Stock',
    sector,
    industry,
    firstDay: parseDay(first),
    level: Number(level),
    dailyVolume: Number(volume) * 1000,
    volatility: Number(risk) / 10_000,
    dividendYield: Number(pays) / 10_000,
    splits: rules.filter((rule) => rule !== every).map((rule) => readSplit(rule)),
    recurring: every === undefined ? null : readRecurring(every),
    thin: false,
  }
}

function readSplit(rule: string): Split {
  const [date, ratio] = rule.split('x')
  return { day: parseDay(date), ratio: Number(ratio) }
}

function readRecurring(rule: string): RecurringSplit {
  const [when, ratio] = rule.split('x')
  const [, firstYear, everyYears, month] = when.split(':').map(Number)
  return { firstYear, everyYears, month, ratio: Number(ratio) }
}

/** The listing of a symbol in capitals, with its class after a dot; null where there is none. */
export function findListing(seed: number, symbol: string): Listing | null {
  const known = WELL_KNOWN.get(symbol) ?? INDICES.get(symbol)
  if (known !== undefined) return known
  const match = /^SIM([1-9]\d{0,6})$/.exec(symbol)
  return match === null ? null : makeSimulated(seed, symbol, Number(match[1]))
}

/** SIM10, SIM20, … split 2:1 every other year; SIM5, SIM15, … 1:5; SIM3, SIM13, … trade thinly. */
function makeSimulated(seed: number, symbol: string, number: number): Listing {
  const key = keyOf(seed, symbol)
  const draw = (index: number): number => hashOf(key, index, 0) / 4_294_967_296
  const month = 1 + Math.floor(draw(4) * 12)
  return {
    symbol,
    name: `Simulated Company ${number}`,
    exchange: number % 2 === 0 ? 'NYSE' : 'NASDAQ',
    kind: 'Common Stock',
    sector: 'TECHNOLOGY',
    industry: 'SOFTWARE - APPLICATION',
    firstDay: HISTORY_START,
    level: Math.round(10 * 30 ** draw(0)),
    dailyVolume: number % 10 === 3 ? 60_000 : Math.round(300_000 * 30 ** draw(1)),
    volatility: 0.01 + 0.02 * draw(2),
    dividendYield: draw(3) < 0.5 ? 0 : 0.01 + 0.03 * draw(3),
    splits: [],
    recurring: recurringOf(number, month),
    thin: number % 10 === 3,
  }
}

function recurringOf(number: number, month: number): RecurringSplit | null {
  if (number % 10 === 0) return { firstYear: 2001, everyYears: 2, month, ratio: 2 }
  if (number % 10 === 5) return { firstYear: 2002, everyYears: 4, month, ratio: 0.2 }
  return null
}
