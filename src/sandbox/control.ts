/** The control routes under /_sandbox/: faults, calls, limits, plans, clock, events and the truth. */
import { barAt, type Bar } from '../domain/bar-batch.ts'
import { DAY_MS, formatDate, requireDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { isIntraday, parseInterval, type Interval } from '../domain/interval.ts'
import type { CallEntry } from './call-log.ts'
import {
  readClockChange,
  readClosure,
  readFaultRequest,
  readInstant,
  readLimits,
  readObject,
  readPlan,
  readRename,
  readRevision,
  readSplit,
  requireText,
} from './control-input.ts'
import { FAULTS } from './fault-effects.ts'
import type { Market } from './market.ts'
import { FULL_PLAN } from './plans.ts'
import type { SimulatedClock } from './simulated-clock.ts'
import type { VendorId } from './vendor.ts'
import type { VendorDesk } from './vendor-call.ts'

export interface ControlDesk extends VendorDesk {
  readonly exchangeClock: SimulatedClock
}

export interface ControlCall {
  readonly method: string
  /** Path after /_sandbox/. */
  readonly path: string
  readonly query: URLSearchParams
  /** The parsed JSON of the body; undefined without one. */
  readonly body: unknown
}

type Route = (desk: ControlDesk, call: ControlCall) => unknown

const ROUTES: Readonly<Record<string, Route>> = {
  'GET ': () => help(),
  'GET faults': (desk) => ({ faults: desk.faults.list() }),
  'POST faults': (desk, { body }) => desk.faults.add(readFaultRequest(body)),
  'DELETE faults': (desk, { query }) => {
    const id = query.get('id')
    desk.faults.clear(id === null ? undefined : Number(id))
    return { faults: desk.faults.list() }
  },
  'GET calls': (desk) => describeCalls(desk),
  'DELETE calls': (desk) => {
    desk.calls.clear()
    return describeCalls(desk)
  },
  'GET limits': (desk) => desk.limits.get(),
  'POST limits': (desk, { body }) => {
    desk.limits.set(readLimits(body))
    return desk.limits.get()
  },
  'GET clock': (desk) => describeClock(desk),
  'POST clock': (desk, { body }) => {
    const change = readClockChange(body)
    if (change.kind === 'fix') desk.exchangeClock.fix(change.instant)
    else desk.exchangeClock.shift(change.offsetMs)
    return describeClock(desk)
  },
  'POST revisions': (desk, { body }) => revise(desk, body),
  'DELETE revisions': (desk) => {
    desk.market.restore()
    return {}
  },
  'GET plans': ({ plans }) => ({ polygon: plans.get('polygon') ?? FULL_PLAN }),
  'POST plans': ({ plans }, { body }) => {
    plans.set('polygon', readPlan(body))
    return { polygon: plans.get('polygon') }
  },
  'POST splits': ({ market }, { body }) => {
    const { symbol, split } = readSplit(body)
    market.events.split(symbol, split)
    return {
      symbol,
      splits: market
        .splits(symbol, Infinity)
        .filter(({ day }) => day === split.day)
        .map(dated),
    }
  },
  'DELETE splits': ({ market }) => forget(market, 'splits'),
  'GET renames': ({ market }) => describeRenames(market),
  'POST renames': ({ market }, { body }) => {
    market.events.rename(readRename(body))
    return describeRenames(market)
  },
  'DELETE renames': ({ market }) => forget(market, 'renames'),
  'GET closures': ({ market }) => describeClosures(market),
  'POST closures': ({ market }, { body }) => {
    market.events.close(readClosure(body))
    return describeClosures(market)
  },
  'DELETE closures': ({ market }) => forget(market, 'closures'),
  'GET truth': (desk, { query }) => describeTruth(desk, query),
}

/**
 * The answer of a control route, to be sent as JSON.
 * @throws StockyardError `ROUTE_UNKNOWN`, or what is wrong with the input
 */
export function answerControl(desk: ControlDesk, call: ControlCall): unknown {
  const name = `${call.method} ${call.path}`
  const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined
  if (route === undefined) {
    throw new StockyardError(
      'not-found',
      'ROUTE_UNKNOWN',
      `There is no ${call.method} /_sandbox/${call.path}.`,
      {
        hint: 'GET /_sandbox/ lists the routes.',
      },
    )
  }
  return route(desk, call)
}

/** Paths by vendor; `…` stands for what the vendors' documentation says. */
const VENDOR_PATHS = {
  'alpha-vantage': ['/query'],
  polygon: ['/v2/aggs/…', '/v1/open-close/…', '/v3/reference/…', '/v1/marketstatus/…'],
  yahoo: ['/v8/finance/chart/…', '/v1/finance/search', '/v7/finance/quote'],
} as const satisfies Readonly<Record<VendorId, readonly string[]>>

function help(): unknown {
  return {
    about: 'The control routes of a simulated exchange. Nothing it serves is real.',
    vendors: VENDOR_PATHS,
    routes: Object.keys(ROUTES).map((name) => name.replace(' ', ' /_sandbox/')),
    faults: {
      ...Object.fromEntries(Object.entries(FAULTS).map(([name, { about }]) => [name, about])),
      'http-400 … http-599': 'the status of that number with a line of plain text',
    },
    docs: 'docs/sandbox.md',
  }
}

function describeCalls({ calls }: ControlDesk): unknown {
  const list = calls.list()
  return {
    count: calls.count(),
    byVendor: countBy(list, (entry) => entry.vendor),
    byFunction: countBy(list, (entry) => entry.function),
    bySymbol: countBy(list, (entry) => entry.symbol),
    byOutcome: countBy(list, (entry) => entry.outcome),
    calls: list.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })),
  }
}

function countBy(
  entries: readonly CallEntry[],
  nameOf: (entry: CallEntry) => string,
): Record<string, number> {
  const counts = new Map<string, number>()
  for (const entry of entries) counts.set(nameOf(entry), (counts.get(nameOf(entry)) ?? 0) + 1)
  return Object.fromEntries(counts)
}

function describeClock({ market, exchangeClock }: ControlDesk): unknown {
  return {
    now: new Date(market.now()).toISOString(),
    today: formatDate(market.today()),
    open: market.calendar.isOpen(market.now()),
    fixed: exchangeClock.isFixed(),
  }
}

function describeRenames({ events }: Market): unknown {
  return {
    renames: events
      .renames()
      .map(({ from, to, day }) => ({ symbol: from, to, session: formatDate(day) })),
  }
}

function describeClosures({ events }: Market): unknown {
  return { closures: events.closures().map(formatDate) }
}

function forget({ events }: Market, what: 'splits' | 'renames' | 'closures'): unknown {
  events.forget(what)
  return {}
}

function revise({ market }: ControlDesk, body: unknown): unknown {
  const input = readObject(body)
  const symbol = requireText(input, 'symbol').toUpperCase()
  const interval = parseInterval(requireText(input, 'interval'))
  const ts = isIntraday(interval)
    ? readInstant(input.ts, 'ts')
    : requireDay(requireText(input, 'ts'), 'ts')
  const revision = readRevision(input)
  market.revise(symbol, interval, ts, revision)
  return { symbol, interval, ts: labelOf(interval, ts), ...revision }
}

function describeTruth({ market }: ControlDesk, query: URLSearchParams): unknown {
  const symbol = (query.get('symbol') ?? '').toUpperCase()
  const interval = parseInterval(query.get('interval') ?? '1d')
  const hours = query.get('hours') === 'regular' ? 'regular' : 'all'
  const end = market.today() + DAY_MS
  const until = query.has('until') ? requireDay(query.get('until')!, 'until') : end
  const firstDay = isIntraday(interval) ? until - 7 * DAY_MS : 0
  const from = query.has('from') ? requireDay(query.get('from')!, 'from') : firstDay
  const batch = market.bars({ symbol, interval, from, until, hours })
  const bars: unknown[] = []
  for (let i = 0; i < batch.length; i += 1) bars.push(describeBar(interval, barAt(batch, i)))
  return {
    symbol,
    interval,
    bars,
    splits: market.splits(symbol, end).map(dated),
    dividends: market.dividends(symbol, end).map(dated),
  }
}

/** An action with its ex day as a date. */
function dated({ day, ...rest }: { readonly day: number }): unknown {
  return { session: formatDate(day), ...rest }
}

function describeBar(interval: Interval, { ts, open, high, low, close, volume }: Bar): unknown {
  const key = isIntraday(interval) ? 'ts' : 'session'
  return { [key]: labelOf(interval, ts), open, high, low, close, volume }
}

function labelOf(interval: Interval, ts: number): string {
  return isIntraday(interval) ? new Date(ts).toISOString().replace('.000Z', 'Z') : formatDate(ts)
}
