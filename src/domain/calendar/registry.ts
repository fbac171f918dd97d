/**
 * The exchanges whose calendars are known. A new one is a file of rules and a line here.
 */
import { StockyardError } from '../error.ts'
import { everyDay, everyWeekday } from './always-open.ts'
import { bvmf } from './bvmf.ts'
import type { Calendar } from './calendar.ts'
import { makeCalendar } from './make-calendar.ts'
import type { ExchangeRules } from './rules.ts'
import { xams } from './xams.ts'
import { xasx } from './xasx.ts'
import { xbom } from './xbom.ts'
import { xbru } from './xbru.ts'
import { xetr } from './xetr.ts'
import { xfra } from './xfra.ts'
import { xhkg } from './xhkg.ts'
import { xkrx } from './xkrx.ts'
import { xlon } from './xlon.ts'
import { xmad } from './xmad.ts'
import { xmil } from './xmil.ts'
import { xnys } from './xnys.ts'
import { xpar } from './xpar.ts'
import { xshg } from './xshg.ts'
import { xsto } from './xsto.ts'
import { xswx } from './xswx.ts'
import { xtks } from './xtks.ts'
import { xtse } from './xtse.ts'

/** Rules by market identifier code (ISO 10383). */
const EXCHANGES: Readonly<Record<string, ExchangeRules>> = {
  XNYS: xnys,
  XTSE: xtse,
  BVMF: bvmf,
  XLON: xlon,
  XETR: xetr,
  XFRA: xfra,
  XPAR: xpar,
  XAMS: xams,
  XBRU: xbru,
  XSWX: xswx,
  XMIL: xmil,
  XMAD: xmad,
  XSTO: xsto,
  XTKS: xtks,
  XHKG: xhkg,
  XSHG: xshg,
  XKRX: xkrx,
  XASX: xasx,
  XBOM: xbom,
  '24/7': everyDay,
  '24/5': everyWeekday,
}

/**
 * The markets that have the sessions of a calendar, each by its code and then its other names, upper case:
 * codes of its parts, and the vendors' spellings.
 */
const MARKETS: Readonly<Record<string, readonly string[]>> = {
  XNYS: [
    'XNYS,NYSE,NYQ,NEW YORK STOCK EXCHANGE',
    'XNAS,NASDAQ,NMS,NGM,NCM,XNGS,XNMS,XNCM',
    'ARCX,NYSE ARCA,NYSEARCA,PCX',
    'XASE,AMEX,NYSE AMERICAN,NYSE MKT,ASE',
    'BATS,BATZ,BZX,BTS',
    ...'BATY,EDGA,EDGX,IEXG,XCHI,XCIS,XBOS,XPHL,MEMX,LTSE,MIHI,EPRL,US'.split(','),
    // The markets over the counter keep New York's hours.
    'OTCM,PINX,OTCB,OTCQ,EXPM,PNK,OTC',
  ],
  XTSE: ['XTSE,TSX,TOR,TORONTO', 'XTSX,TSXV,VAN'],
  BVMF: ['BVMF,B3,BOVESPA,SAO,SAO PAULO'],
  XLON: ['XLON,LSE,LON,LONDON,IOB'],
  XETR: ['XETR,XETRA,GER,DEX'],
  XFRA: ['XFRA,FRA,FRANKFURT'],
  XPAR: ['XPAR,PAR,PARIS,EPA'],
  XAMS: ['XAMS,AMS,AMSTERDAM,AEX'],
  XBRU: ['XBRU,BRU,BRUSSELS,EBR'],
  XSWX: ['XSWX,XVTX,EBS,VTX,SWX,SIX'],
  XMIL: ['XMIL,MIL,MILAN,BIT,MTAA'],
  XMAD: ['XMAD,MCE,BME,MADRID,XMCE'],
  XSTO: ['XSTO,STO,STOCKHOLM'],
  XTKS: ['XTKS,JPX,TYO,TOKYO,XJPX'],
  XHKG: ['XHKG,HKG,HKEX,HKSE,HONG KONG'],
  XSHG: ['XSHG,SHH,SHG,SSE,SHANGHAI,XSSC', 'XSHE,SHZ,SZSE,SHENZHEN'],
  XKRX: ['XKRX,KSC,KRX', 'XKOS,KOE,KOSDAQ'],
  XASX: ['XASX,ASX,SYDNEY'],
  XBOM: ['XBOM,BSE,BOMBAY', 'XNSE,NSE,NSI'],
  '24/7': ['24/7,CCC,CRYPTO'],
  '24/5': ['24/5,CCY,FOREX,FX'],
}

interface Market {
  /** The exchange that has its calendar. */
  readonly exchange: string
  /** All its names, its own code first. */
  readonly names: readonly string[]
}

const MARKET_BY_NAME = new Map<string, Market>(
  Object.keys(EXCHANGES).flatMap((exchange) =>
    (MARKETS[exchange] ?? [exchange]).flatMap((line) => {
      const names = line.split(',')
      return names.map((name): [string, Market] => [name, { exchange, names }])
    }),
  ),
)

const calendars = new Map<string, Calendar>()

/** Codes of the exchanges whose calendars are known. */
export function listExchanges(): string[] {
  return Object.keys(EXCHANGES)
}

/** All names of markets that are known, upper case. */
export function listMarketNames(): string[] {
  return [...MARKET_BY_NAME.keys()]
}

function findMarket(name: string): Market | undefined {
  return MARKET_BY_NAME.get(name.trim().toUpperCase())
}

/**
 * All names of the market that has one of them, in any case, its code first; null where it is not known. Markets
 * that share a calendar, as those of New York do, are several.
 */
export function findMarketNames(name: string): readonly string[] | null {
  return findMarket(name)?.names ?? null
}

/** The calendar of an exchange, by its market identifier code or another of its names, in any case; null where it has none. */
export function findCalendar(exchange: string): Calendar | null {
  const code = findMarket(exchange)?.exchange
  if (code === undefined) return null
  let calendar = calendars.get(code)
  if (calendar === undefined) {
    calendar = makeCalendar(EXCHANGES[code]!)
    calendars.set(code, calendar)
  }
  return calendar
}

/**
 * The same of an exchange that has to have one.
 * @throws StockyardError `EXCHANGE_UNKNOWN`
 */
export function getCalendar(exchange: string): Calendar {
  const calendar = findCalendar(exchange)
  if (calendar !== null) return calendar
  throw new StockyardError(
    'usage',
    'EXCHANGE_UNKNOWN',
    `There is no calendar for the exchange "${exchange}".`,
    {
      hint: `Known exchanges: ${listExchanges().join(', ')}; NYSE, NASDAQ and such are understood too.`,
    },
  )
}
