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

/** Other names, upper case, of exchanges with the same sessions: codes, and the vendors' spellings. */
const ALIASES: Readonly<Record<string, string>> = {
  XNYS:
    'NYSE,NYQ,NEW YORK STOCK EXCHANGE,US,XNAS,NASDAQ,NMS,NGM,NCM,XNGS,XNMS,XNCM,' +
    'ARCX,NYSE ARCA,NYSEARCA,PCX,XASE,AMEX,NYSE AMERICAN,NYSE MKT,ASE,' +
    'BATS,BATZ,BATY,BZX,BTS,EDGA,EDGX,IEXG,XCHI,XCIS,XBOS,XPHL,MEMX,LTSE,MIHI,EPRL,' +
    // The markets over the counter keep New York's hours.
    'OTCM,PINX,OTCB,OTCQ,EXPM,PNK,OTC',
  XTSE: 'TSX,TOR,TORONTO,XTSX,TSXV,VAN',
  BVMF: 'B3,BOVESPA,SAO,SAO PAULO',
  XLON: 'LSE,LON,LONDON,IOB',
  XETR: 'XETRA,GER,DEX',
  XFRA: 'FRA,FRANKFURT',
  XPAR: 'PAR,PARIS,EPA',
  XAMS: 'AMS,AMSTERDAM,AEX',
  XBRU: 'BRU,BRUSSELS,EBR',
  XSWX: 'XVTX,EBS,VTX,SWX,SIX',
  XMIL: 'MIL,MILAN,BIT,MTAA',
  XMAD: 'MCE,BME,MADRID,XMCE',
  XSTO: 'STO,STOCKHOLM',
  XTKS: 'JPX,TYO,TOKYO,XJPX',
  XHKG: 'HKG,HKEX,HKSE,HONG KONG',
  XSHG: 'SHH,SHG,SSE,SHANGHAI,XSHE,SHZ,SZSE,SHENZHEN,XSSC',
  XKRX: 'KSC,KRX,KOE,KOSDAQ,XKOS',
  XASX: 'ASX,SYDNEY',
  XBOM: 'BSE,BOMBAY,XNSE,NSE,NSI',
  '24/7': 'CCC,CRYPTO',
  '24/5': 'CCY,FOREX,FX',
}

const NAMES = new Map<string, string>(
  Object.keys(EXCHANGES).flatMap((exchange) =>
    [exchange, ...(ALIASES[exchange]?.split(',') ?? [])].map((name): [string, string] => [
      name,
      exchange,
    ]),
  ),
)

const calendars = new Map<string, Calendar>()

/** Codes of the exchanges whose calendars are known. */
export function listExchanges(): string[] {
  return Object.keys(EXCHANGES)
}

/** The calendar of an exchange, by its market identifier code or another of its names, in any case; null where it has none. */
export function findCalendar(exchange: string): Calendar | null {
  const code = NAMES.get(exchange.trim().toUpperCase())
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
