/**
 * What coverage has to say of each session, by the rules of docs/trust.md said plainly: from what the
 * exchange had, which calls a vendor answered and when, and what was taken out of the store. None of the
 * program's own ledgers, plans or calendars of finality is in it.
 */
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

export type State =
  | 'available'
  | 'provisional'
  | 'partial'
  | 'missing'
  | 'no-trades'
  | 'not-offered'
  | 'closed'

export interface Session {
  readonly day: number
  readonly open: number
  readonly close: number
  readonly extendedClose: number
}

/** What the exchange has of a session at an instant, as far as the vendor sells it. */
export interface DayTruth {
  /** Rows of all hours that are sold. */
  readonly rows: number
  /** Bars of regular hours, and their volume with that of the closing auction. */
  readonly bars: number
  readonly volume: number
}

export interface Vendor {
  /** From a close until bars are final, in hours. */
  readonly settleHours: number
}

export const VENDORS: Readonly<Record<'polygon' | 'yahoo', Vendor>> = {
  polygon: { settleHours: 19.25 },
  yahoo: { settleHours: 4 },
}

/** What never changes of a story's world. */
export interface World {
  readonly vendor: Vendor
  readonly isIntraday: boolean
  /** Bars of regular hours that a session can have. */
  readonly expectedBars: (session: Session) => number
  /** Sessions by the calendar that everybody knows, closures included that nobody announced. */
  readonly sessions: readonly Session[]
}

interface Stored extends DayTruth {
  readonly isFinal: boolean
}

/** What follows from all that happened so far. */
export interface Knowledge {
  readonly stored: Map<number, Stored>
  /** Answered for, and there was nothing. */
  readonly nothing: Set<number>
  /** Thin sessions of which the vendor said the same to a repair. */
  readonly repeated: Set<number>
  /** Volumes of final daily bars, and the days of which any daily bar has a volume. */
  readonly volumes: Map<number, number>
  readonly traded: Set<number>
  /** Closures that the store was told of. */
  readonly closures: Set<number>
  /** What the vendor can no longer give, as a repair found out. */
  readonly beyondReach: Set<number>
  /** Day of the first bar ever stored, and the newest day that ever was answered for as final. */
  first: number
  newest: number
}

/** One answered call. */
export interface Answer {
  /** Days that were asked for. */
  readonly from: number
  readonly until: number
  readonly at: number
  /** Whether any row came, be it of another day: an answer without one proves nothing but to a repair. */
  readonly hasRows: boolean
  readonly isRepair: boolean
  readonly truthOf: (day: number) => DayTruth
}

/** Rules that can be turned off, so that a test sees that each of them matters. */
export const RULES = [
  'a session settles some time after its close',
  'what was stored before it had settled is provisional',
  'an answer without a bar of a session proves that there was none',
  'the vendor does not have what lies before its first bar',
  'few bars are a doubt',
  'less than half of the volume of the day is a doubt',
  'half of the volume of the day clears a doubt',
  'the same said to a repair clears a doubt where no volume is known',
  'a volume of the day speaks against a session without bars',
  'a closure that was recorded late is no gap',
  'what was taken out is missing',
] as const
export type Rule = (typeof RULES)[number]

export function nothingKnown(): Knowledge {
  return {
    stored: new Map(),
    nothing: new Set(),
    repeated: new Set(),
    volumes: new Map(),
    traded: new Set(),
    closures: new Set(),
    beyondReach: new Set(),
    first: Infinity,
    newest: -Infinity,
  }
}

export function copyOf(known: Knowledge): Knowledge {
  return {
    stored: new Map(known.stored),
    nothing: new Set(known.nothing),
    repeated: new Set(known.repeated),
    volumes: new Map(known.volumes),
    traded: new Set(known.traded),
    closures: new Set(known.closures),
    beyondReach: new Set(known.beyondReach),
    first: known.first,
    newest: known.newest,
  }
}

/** Bars inside a day are final with their session, and that is not over before its late hours are. */
function settledAt({ vendor, isIntraday }: World, { close, extendedClose }: Session): number {
  const settled = close + vendor.settleHours * HOUR_MS
  return isIntraday ? Math.max(settled, extendedClose) : settled
}

/** Adds what an answer says. */
export function learn(world: World, known: Knowledge, answer: Answer): void {
  const { from, until, at, truthOf } = answer
  const asked = world.sessions.filter(
    ({ day, open }) => day >= from && day < until && open < at && !known.closures.has(day),
  )
  const isSettled = (session: Session) => settledAt(world, session) <= at
  const withBars = asked.filter(({ day }) => truthOf(day).rows > 0)
  const firstBefore = known.first
  for (const session of withBars) {
    const { day } = session
    const isFinal = isSettled(session)
    known.nothing.delete(day)
    known.beyondReach.delete(day)
    known.first = Math.min(known.first, day)
    // What came before a session had settled never takes the place of what came after.
    if (!isFinal && known.stored.get(day)?.isFinal === true) continue
    known.stored.set(day, { ...truthOf(day), isFinal })
    if (isFinal) known.newest = Math.max(known.newest, day)
  }
  const newest = withBars.findLast(isSettled)?.day ?? -Infinity
  const lastSettled = world.sessions.findLast(
    ({ close }) => close + world.vendor.settleHours * HOUR_MS <= at,
  )
  const end = Math.min(until, (lastSettled?.day ?? -Infinity) + DAY_MS)
  // A vendor may be late with the newest rows: of the end of an answer nothing is proven for a week.
  const isOld = end < at - 7 * DAY_MS
  for (const session of asked.filter(isSettled)) {
    const { day } = session
    if (truthOf(day).rows > 0 || known.stored.has(day)) continue
    const isProven = answer.hasRows
      ? isOld || day < newest
      : answer.isRepair || meetsFirst(world, known, asked, firstBefore)
    if (!isProven) continue
    known.nothing.add(day)
    // An answer without a row passes nothing over.
    if (answer.hasRows) known.newest = Math.max(known.newest, day)
  }
}

/** True for days right before the first bars, or before others that are known not to be there. */
function meetsFirst(
  world: World,
  known: Knowledge,
  asked: readonly Session[],
  first: number,
): boolean {
  const last = asked.at(-1)!.day
  if (first === Infinity || last >= first) return false
  return world.sessions.every(
    ({ day }) => day <= last || day >= first || known.closures.has(day) || known.nothing.has(day),
  )
}

/** Adds the volume of a daily bar that came at an instant. */
export function learnVolume(
  { vendor }: World,
  known: Knowledge,
  { day, close }: Session,
  volume: number,
  at: number,
): void {
  if (volume > 0) known.traded.add(day)
  if (close + vendor.settleHours * HOUR_MS <= at) known.volumes.set(day, volume)
}

/** Adds what a repair learnt beside its answers: thin sessions that it asked for are as they are. */
export function learnRepeated(days: readonly number[], known: Knowledge): void {
  for (const day of days) known.repeated.add(day)
}

/** Takes a session out of the store. */
export function lose(known: Knowledge, day: number): void {
  known.stored.delete(day)
  known.repeated.delete(day)
}

/** The state of each day of a range up to today, closed ones included. */
export function statesOf(
  world: World,
  known: Knowledge,
  range: { readonly from: number; readonly until: number },
  now: number,
  off?: Rule,
): Map<number, State> {
  const sessions = new Map(world.sessions.map((session) => [session.day, session]))
  const states = new Map<number, State>()
  for (let day = range.from; day < range.until; day += DAY_MS) {
    const session = sessions.get(day)
    const isClosed =
      session === undefined ||
      (known.closures.has(day) && off !== 'a closure that was recorded late is no gap')
    states.set(day, isClosed ? 'closed' : stateOf(world, known, session, now, off))
  }
  return states
}

function stateOf(
  world: World,
  known: Knowledge,
  session: Session,
  now: number,
  off: Rule | undefined,
): State {
  const { day } = session
  const stored = known.stored.get(day)
  const isSettled =
    off === 'a session settles some time after its close'
      ? session.close <= now
      : settledAt(world, session) <= now
  if (stored?.isFinal === true)
    return isDoubtful(world, known, session, stored, off) ? 'partial' : 'available'
  if (stored === undefined && known.nothing.has(day)) return emptyState(world, known, day, off)
  if (!isSettled) return 'provisional'
  if (known.beyondReach.has(day)) return 'not-offered'
  // The next run asks from the newest final day on: what came of all that lies behind it had not settled.
  const isLater = [...known.stored.keys()].some((other) => other >= day)
  if (day > known.newest && day >= known.first && isLater) {
    return off === 'what was stored before it had settled is provisional'
      ? 'missing'
      : 'provisional'
  }
  if (off === 'what was taken out is missing' && day >= known.first) return 'available'
  return 'missing'
}

function emptyState(
  { isIntraday }: World,
  known: Knowledge,
  day: number,
  off: Rule | undefined,
): State {
  if (off === 'an answer without a bar of a session proves that there was none') return 'missing'
  const isAfter =
    off === 'the vendor does not have what lies before its first bar' || day > known.first
  if (!isAfter) return 'not-offered'
  const isTraded =
    isIntraday &&
    known.traded.has(day) &&
    off !== 'a volume of the day speaks against a session without bars'
  return isTraded ? 'missing' : 'no-trades'
}

/** True where less than half of the volume of the day came, or of the bars and nothing tells that there were no more. */
function isDoubtful(
  world: World,
  known: Knowledge,
  session: Session,
  { bars, volume }: DayTruth,
  off: Rule | undefined,
): boolean {
  if (!world.isIntraday) return false
  const isFew = bars * 2 < world.expectedBars(session) && off !== 'few bars are a doubt'
  const ofDay = known.volumes.get(session.day) ?? 0
  if (ofDay > 0) {
    if (volume * 2 < ofDay && off !== 'less than half of the volume of the day is a doubt')
      return true
    return isFew && off === 'half of the volume of the day clears a doubt'
  }
  if (!isFew) return false
  const isCleared = known.repeated.has(session.day)
  return !isCleared || off === 'the same said to a repair clears a doubt where no volume is known'
}
