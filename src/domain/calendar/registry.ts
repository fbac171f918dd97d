/**
 * The exchanges whose calendars are known. A new one is a file of rules and a line here.
 */
import { StockyardError } from '../error.ts'
import type { Calendar } from './calendar.ts'
import { makeCalendar } from './make-calendar.ts'
import type { ExchangeRules } from './rules.ts'
import { xnys } from './xnys.ts'

/** Rules by market identifier code (ISO 10383). */
const EXCHANGES: Readonly<Record<string, ExchangeRules>> = {
  XNYS: xnys,
}

/** Other names, upper case, of exchanges with the same sessions: codes, and the vendors' spellings. */
const ALIASES: Readonly<Record<string, string>> = {
  XNYS:
    'NYSE,NYQ,NEW YORK STOCK EXCHANGE,US,XNAS,NASDAQ,NMS,NGM,NCM,XNGS,XNMS,XNCM,' +
    'ARCX,NYSE ARCA,NYSEARCA,PCX,XASE,AMEX,NYSE AMERICAN,NYSE MKT,ASE,' +
    'BATS,BATZ,BATY,BZX,BTS,EDGA,EDGX,IEXG,XCHI,XCIS,XBOS,XPHL,MEMX,LTSE,MIHI,EPRL',
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

/**
 * The calendar of an exchange, by its market identifier code or another of its names, in any case.
 * @throws StockyardError `EXCHANGE_UNKNOWN`
 */
export function getCalendar(exchange: string): Calendar {
  const code = NAMES.get(exchange.trim().toUpperCase())
  if (code === undefined) {
    throw new StockyardError(
      'usage',
      'EXCHANGE_UNKNOWN',
      `There is no calendar for the exchange "${exchange}".`,
      {
        hint: `Known exchanges: ${listExchanges().join(', ')}; NYSE, NASDAQ and such are understood too.`,
      },
    )
  }
  let calendar = calendars.get(code)
  if (calendar === undefined) {
    calendar = makeCalendar(EXCHANGES[code]!)
    calendars.set(code, calendar)
  }
  return calendar
}
