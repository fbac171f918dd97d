/** A day of the whole market in place of one call a symbol: how it is asked for, and read for one symbol. */
import type { Calendar } from '../../domain/calendar/calendar.ts'
import { takeBars } from '../../domain/bar-batch.ts'
import { DAY_MS } from '../../domain/date.ts'
import { readSymbolMeaning } from '../../domain/symbol-meaning.ts'
import type { BarAnswer, BarNeed, BarRequest, ParseContext } from '../provider.ts'
import type { VendorBody, VendorFailure } from '../provider.ts'
import { parseBars as parseRange } from './bars.ts'
import { noData } from './failure.ts'
import { GROUPED_PATH, parseGrouped, requestGrouped, type GroupedAnswer } from './grouped.ts'
import { SETTLE_MS, vendorTicker } from './request.ts'

/** The calls for the sessions of a need, oldest first; none for what the answers do not hold. */
export function planMarket(need: BarNeed): BarRequest[] {
  const { symbol, interval, calendar, now, from, until } = need
  const isListed = readSymbolMeaning(symbol).kind === 'stock' && calendar.timeZone === NEW_YORK
  if (interval !== '1d' || from === null || !isListed) return []
  const settledUntil = calendar.lastClosed(now - SETTLE_MS).day + DAY_MS
  const begun = calendar.sessions(from, until).filter(({ open }) => open <= now)
  return begun.map(({ day }) => {
    const asked = { from: day, until: day + DAY_MS }
    const covers = day < settledUntil ? asked : null
    const request = requestGrouped(day)
    return { request, symbol, interval, asked, covers, fallback: null, isShared: true }
  })
}

const NEW_YORK = 'America/New_York'

/** Bars of an answer to either kind of call. */
export function parseBars(
  body: VendorBody,
  request: BarRequest,
  context: ParseContext,
): BarAnswer | VendorFailure {
  if (!request.request.path.startsWith(GROUPED_PATH)) return parseRange(body, request, context)
  const day = request.asked?.from ?? Number.NaN
  const market = readMarket(body, day, context.calendar)
  if (!market.ok) return market
  const { answer, indexes } = market
  const index = indexes.get(vendorTicker(request.symbol))
  // No proof that nothing was traded: the list leaves out what it does not know by this name.
  if (index === undefined) return noData(`The market's answer has no bar of ${request.symbol}.`)
  return {
    ok: true,
    symbol: request.symbol,
    batch: takeBars(answer.batch, [index]),
    rawAt: () => answer.rawAt(index),
    unreadable: [],
    notes: answer.notes,
  }
}

interface Market {
  readonly ok: true
  readonly answer: GroupedAnswer
  /** Places of the tickers in it. */
  readonly indexes: ReadonlyMap<string, number>
}

/** Answers that were read: one is read for many symbols. */
const markets = new WeakMap<Uint8Array, Market | VendorFailure>()

function readMarket(body: VendorBody, day: number, calendar: Calendar): Market | VendorFailure {
  const known = markets.get(body.bytes)
  if (known !== undefined && (!known.ok || known.answer.day === day)) return known
  const answer = parseGrouped(body, day, calendar)
  const market: Market | VendorFailure = answer.ok
    ? { ok: true, answer, indexes: new Map(answer.tickers.map((ticker, i) => [ticker, i])) }
    : answer
  markets.set(body.bytes, market)
  return market
}
