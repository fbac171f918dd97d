/**
 * What several vendors say of one instrument's splits and payments, and the words for what is made of
 * it. Pure; split-claims.ts and payment-claims.ts do the weighing, merge-actions.ts the whole.
 */
import type { Action } from './action-ledger.ts'
import type { Calendar } from './calendar/calendar.ts'
import { DAY_MS } from './date.ts'

/** An action as one vendor says it. */
export interface Claim extends Action {
  readonly provider: string
}

/** Splits, and all that is paid: vendors do not agree on which payments are special. */
export type ActionFamily = 'split' | 'payment'

export function familyOf({ kind }: Pick<Action, 'kind'>): ActionFamily {
  return kind === 'split' ? 'split' : 'payment'
}

/**
 * - `confirmed`: two vendors say it, or a person does
 * - `single-source`: one vendor says it, and nothing speaks against it
 * - `suspicious`: something speaks against it; it is not applied until a person says so
 * - `refused`: a person said that it is wrong
 */
export type ActionStatus = 'confirmed' | 'single-source' | 'suspicious' | 'refused'

/**
 * What was noticed about an action. These make it suspicious:
 * - `nonsense`: numbers that no split or payment has
 * - `no-jump`: prices as traded did not move as they would have had to
 * - `sources-disagree`: vendors say different things of the same day, and neither prices nor a majority decide
 * - `dates-differ`: vendors say the same of days that are more than a session apart
 * - `too-large`: not less than the price it would be paid out of
 * - `too-small`: about a hundredth of the vendor's payments before and after it
 *
 * These were settled:
 * - `moved`: the ex date is not the one, or not the only one, that vendors say
 * - `repeated`: a vendor lists it twice
 * - `outvoted`: a vendor says otherwise, and prices or the other vendors speak against it
 * - `decided`: a person decided
 */
export type ActionDoubt =
  | 'nonsense'
  | 'no-jump'
  | 'sources-disagree'
  | 'dates-differ'
  | 'too-large'
  | 'too-small'
  | 'moved'
  | 'repeated'
  | 'outvoted'
  | 'decided'

/** Prices around the open of a session. */
export interface OvernightMove {
  readonly previousClose: number
  readonly open: number
  /** Of the session: a share that hardly trades opens where it closed, and falls later. */
  readonly low: number
}

/** What the bars say of a split. */
export type JumpVerdict = 'present' | 'absent' | 'unclear'

/** An action of the merged ledger: what all vendors say of one event. */
export interface LedgerEntry {
  readonly family: ActionFamily
  /** The session that first trades without it. */
  readonly exDay: number
  readonly status: ActionStatus
  /** True where adjusted prices heed it. */
  readonly applied: boolean
  /** The values that hold: one split, or the payments of the day. */
  readonly actions: readonly Claim[]
  /** All that was said, the values that hold included. */
  readonly claims: readonly Claim[]
  readonly doubts: readonly ActionDoubt[]
  /** Prices over the night before the ex date, where there are bars as traded; of splits, what they say. */
  readonly move: OvernightMove | null
  readonly jump: JumpVerdict | null
}

/** What a person decided about an action. */
export interface ActionVerdict {
  readonly verdict: 'apply' | 'refuse'
  readonly family: ActionFamily
  readonly exDay: number
  /** Whose word it is about; null for all that is said of the day. */
  readonly provider: string | null
}

/** What claims are weighed with. */
export interface Weighing {
  readonly calendar: Calendar
  /** Bars as traded over the night before a session's open; null where there are none. */
  readonly moveOn: (session: number) => OvernightMove | null
  /** The same in today's shares, by bars that were restated for splits. They show payments, but no splits. */
  readonly restatedMoveOn: (session: number) => OvernightMove | null
  /** Vendors, the most trusted first: the last resort between equals. */
  readonly priority: readonly string[]
}

/** A session further away than any closure lasts is none. */
const SEARCH_DAYS = 30

/** The session of a day, or the next one. Days that the calendar does not know count as sessions. */
export function sessionFrom(calendar: Calendar, day: number): number {
  if (day < calendar.firstDay || calendar.session(day) !== null) return day
  return calendar.sessions(day, day + SEARCH_DAYS * DAY_MS)[0]?.day ?? day
}

/** The last session before a day. */
export function sessionBefore(calendar: Calendar, day: number): number {
  if (day <= calendar.firstDay) return day - DAY_MS
  return calendar.sessions(day - SEARCH_DAYS * DAY_MS, day).at(-1)?.day ?? day - DAY_MS
}

/** Sessions from one session to another; 0 for the same. */
export function sessionsApart(calendar: Calendar, a: number, b: number): number {
  const [from, until] = a < b ? [a, b] : [b, a]
  if (from < calendar.firstDay) return (until - from) / DAY_MS
  return calendar.countSessions(from, until)
}

/** How many vendors stand behind claims. */
export function vendorsOf(claims: readonly Claim[]): string[] {
  return [...new Set(claims.map(({ provider }) => provider))]
}

/** Place of the most trusted vendor of claims in the order of trust; lower is better. */
export function bestRank(claims: readonly Claim[], priority: readonly string[]): number {
  const ranks = claims.map(({ provider }) => priority.indexOf(provider))
  return Math.min(...ranks.map((rank) => (rank < 0 ? priority.length : rank)))
}

/** Groups of items of which each is linked to another one of its group; in the order of the items. */
export function groupLinked<T>(items: readonly T[], isLinked: (a: T, b: T) => boolean): T[][] {
  const groups: T[][] = []
  for (const item of items) {
    const linked = groups.filter((group) => group.some((one) => isLinked(one, item)))
    const merged = [...linked.flat(), item]
    for (const group of linked) groups.splice(groups.indexOf(group), 1)
    groups.push(merged)
  }
  return groups
}
