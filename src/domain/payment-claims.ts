/** Which payments took place, by what vendors say and what prices as traded did. Pure. */
import {
  bestRank,
  groupLinked,
  sessionFrom,
  sessionsApart,
  vendorsOf,
  type ActionDoubt,
  type Claim,
  type LedgerEntry,
  type OvernightMove,
  type Weighing,
} from './action-claims.ts'
import type { ShareSplit } from './adjust.ts'

/** Amounts that are nearer to each other than this share are one, differently rounded. */
const SAME_SHARE = 0.01
/** … and so are those that half a cent keeps apart. */
const SAME_AMOUNT = 0.005
/** The same amount from two vendors within so many sessions is one payment. */
const ONE_PAYMENT_SESSIONS = 3
/** A payment of this share of the price must show in the session. */
const VISIBLE_SHARE = 0.15
/** Of a payment above this share of the price the opens tell which of two days is the likelier. */
const TELLING_SHARE = 0.01
/** A payment in pounds among payments in pence is a hundredth of its kind; an interim one is up to a third of a final one. */
const UNIT_RATIOS = { from: 33, until: 300 }
/** What one vendor lists on neighbouring sessions is one payment where the amounts are this near. */
const REPEATED_SHARE = 0.1

/** What one vendor says was paid on one day, for a share as it was then. */
interface PaidDay {
  readonly provider: string
  readonly exDay: number
  readonly session: number
  readonly amount: number
  readonly currency: string | null
  /** Each amount once. */
  readonly claims: readonly Claim[]
  /** All of them. */
  readonly told: readonly Claim[]
}

/**
 * The payments that claims amount to, by day.
 * @param splits those that took place, to compare amounts that are on different bases
 */
export function mergePayments(
  claims: readonly Claim[],
  splits: readonly ShareSplit[],
  given: Weighing,
): LedgerEntry[] {
  const weighing = { ...given, moveOn: (day: number) => nightBefore(day, splits, given) }
  const nonsense = claims.filter((claim) => !isPossible(claim))
  const byDay = Map.groupBy(
    claims.filter(isPossible),
    ({ provider, exDay }) => `${provider} ${exDay}`,
  )
  const told = [...byDay.values()].map((ofDay) => paidOn(ofDay, splits, weighing))
  const paid = withoutIncludedGains(told, splits, weighing)
  const sorted = paid.toSorted((a, b) => a.session - b.session)
  return [
    ...groupLinked(sorted, (a, b) => isOnePayment(a, b, sorted, weighing)).map((group) =>
      mergeGroup(group, sorted, splits, weighing),
    ),
    ...nonsense.map((claim) => ({
      ...entryOf([claim], sessionFrom(weighing.calendar, claim.exDay), weighing),
      status: 'suspicious' as const,
      applied: false,
      doubts: ['nonsense' as const],
    })),
  ]
}

function isPossible({ amount }: Claim): boolean {
  return amount !== null && amount > 0 && Number.isFinite(amount)
}

/** A vendor's payments of a day together; the same amount again under another name counts once. */
function paidOn(
  claims: readonly Claim[],
  splits: readonly ShareSplit[],
  { calendar }: Weighing,
): PaidDay {
  const { provider, exDay } = claims[0]!
  const distinct = [
    ...new Map(claims.map((claim) => [`${claim.amount} ${claim.basis}`, claim])).values(),
  ]
  return {
    provider,
    exDay,
    session: sessionFrom(calendar, exDay),
    amount: distinct.reduce((sum, claim) => sum + asPaid(claim, splits), 0),
    currency: claims.find(({ currency }) => currency !== null)?.currency ?? null,
    claims: distinct,
    told: claims,
  }
}

/** The amount for one share of the ex date, before any later split. */
function asPaid({ amount, basis, exDay }: Claim, splits: readonly ShareSplit[]): number {
  if (basis !== 'split') return amount!
  return splits
    .filter(({ day }) => day > exDay)
    .reduce((paid, { newShares, oldShares }) => (paid * newShares) / oldShares, amount!)
}

/** The night before a session in the shares of that session, by the best bars that there are. */
function nightBefore(
  session: number,
  splits: readonly ShareSplit[],
  { moveOn, restatedMoveOn }: Weighing,
): OvernightMove | null {
  const traded = moveOn(session)
  if (traded !== null) {
    const ratio = ratioOfSplits(splits.filter(({ day }) => day === session))
    return { ...traded, previousClose: traded.previousClose / ratio }
  }
  const restated = restatedMoveOn(session)
  if (restated === null) return null
  const ratio = ratioOfSplits(splits.filter(({ day }) => day > session))
  const { previousClose, open, low } = restated
  return { previousClose: previousClose * ratio, open: open * ratio, low: low * ratio }
}

function ratioOfSplits(splits: readonly ShareSplit[]): number {
  return splits.reduce((ratio, { newShares, oldShares }) => (ratio * newShares) / oldShares, 1)
}

/**
 * Some vendors list a fund's capital gain beside its dividend, others beside a dividend that holds it
 * already. Prices tell which, over all days of the vendor together; without prices both count.
 */
function withoutIncludedGains(
  told: readonly PaidDay[],
  splits: readonly ShareSplit[],
  { moveOn }: Weighing,
): PaidDay[] {
  const without = told.map((one) => withoutGain(one, splits))
  const evidence = new Map<string, number>()
  told.forEach((one, i) => {
    const [move, less] = [moveOn(one.session), without[i]!]
    if (move === null || less === one) return
    const fallen = move.previousClose - move.open
    const farther = Math.abs(fallen - less.amount) - Math.abs(fallen - one.amount)
    const sum = evidence.get(one.provider) ?? 0
    evidence.set(one.provider, sum + farther / move.previousClose)
  })
  return told.map((one, i) => ((evidence.get(one.provider) ?? 0) < 0 ? without[i]! : one))
}

/** A day without its capital gain; the day itself where there is none that its dividend could hold. */
function withoutGain(paid: PaidDay, splits: readonly ShareSplit[]): PaidDay {
  const others = paid.claims.filter(({ kind }) => kind !== 'capital-gain')
  const amount = others.reduce((sum, claim) => sum + asPaid(claim, splits), 0)
  const isThere = others.length < paid.claims.length && amount >= paid.amount - amount
  return isThere ? { ...paid, amount, claims: others } : paid
}

function isSameAmount(a: PaidDay, b: PaidDay): boolean {
  if (isForeign(a, b)) return false
  const difference = Math.abs(a.amount - b.amount)
  const larger = Math.max(a.amount, b.amount)
  return difference <= larger * SAME_SHARE || (difference <= SAME_AMOUNT && larger > 0.05)
}

function isForeign(a: PaidDay, b: PaidDay): boolean {
  return a.currency !== null && b.currency !== null && a.currency !== b.currency
}

/** True for two amounts of one vendor that are too near each other to be two payments. */
function isRepeated(a: PaidDay, b: PaidDay): boolean {
  if (a.provider !== b.provider || isForeign(a, b)) return false
  return Math.abs(a.amount - b.amount) <= Math.max(a.amount, b.amount) * REPEATED_SHARE
}

function isOnePayment(
  a: PaidDay,
  b: PaidDay,
  all: readonly PaidDay[],
  { calendar }: Weighing,
): boolean {
  if (a.session === b.session) return true
  const apart = sessionsApart(calendar, a.session, b.session)
  if (apart <= 1 && isRepeated(a, b)) return true
  if (!isSameAmount(a, b)) return false
  if (apart <= 1) return true
  if (apart > ONE_PAYMENT_SESSIONS || a.provider === b.provider) return false
  // Where one of the two has a payment on the other's day as well, they are two payments.
  return !all.some(
    (other) =>
      (other.provider === a.provider && other.session === b.session) ||
      (other.provider === b.provider && other.session === a.session),
  )
}

function mergeGroup(
  group: readonly PaidDay[],
  all: readonly PaidDay[],
  splits: readonly ShareSplit[],
  weighing: Weighing,
): LedgerEntry {
  const { priority } = weighing
  const sides = groupLinked(group, isSameAmount).toSorted(
    (a, b) =>
      vendorCount(b) - vendorCount(a) ||
      bestRank(claimsOf(a), priority) - bestRank(claimsOf(b), priority),
  )
  const [best, second] = sides
  const chosen = chooseDay(best!, weighing)
  const doubts: ActionDoubt[] = []
  if (second !== undefined) {
    doubts.push(vendorCount(best!) > vendorCount(second) ? 'outvoted' : 'sources-disagree')
  }
  const isFar = best!.some(
    (one) => sessionsApart(weighing.calendar, one.session, chosen.session) > 1,
  )
  if (isFar) doubts.push('dates-differ')
  doubts.push(...sizeDoubts(chosen, weighing))
  if (vendorCount(best!) === 1 && isTooSmall(chosen, all, splits)) doubts.push('too-small')
  if (best!.some(({ exDay }) => exDay !== chosen.session)) doubts.push('moved')
  if (
    best!.length > vendorCount(best!) ||
    best!.some((one) => one.told.length > one.claims.length)
  ) {
    doubts.push('repeated')
  }
  const isSuspicious = doubts.some((doubt) => SUSPICIOUS.has(doubt))
  const agreed = vendorCount(best!) > 1 ? 'confirmed' : 'single-source'
  return {
    ...entryOf(chosen.claims, chosen.session, weighing),
    status: isSuspicious ? 'suspicious' : agreed,
    applied: !isSuspicious,
    claims: group.flatMap(({ told }) => told),
    doubts,
  }
}

const SUSPICIOUS = new Set<ActionDoubt>([
  'sources-disagree',
  'dates-differ',
  'too-large',
  'too-small',
  'no-jump',
])

function entryOf(
  claims: readonly Claim[],
  exDay: number,
  { moveOn }: Weighing,
): Omit<LedgerEntry, 'status' | 'applied' | 'doubts'> {
  return { family: 'payment', exDay, actions: claims, claims, move: moveOn(exDay), jump: null }
}

function claimsOf(group: readonly PaidDay[]): Claim[] {
  return group.flatMap(({ claims }) => claims)
}

function vendorCount(group: readonly PaidDay[]): number {
  return vendorsOf(claimsOf(group)).length
}

/**
 * The day that most vendors say, dates that are sessions first; then the one on which prices fell by it;
 * then the one of the most trusted vendor.
 */
function chooseDay(side: readonly PaidDay[], { priority, moveOn }: Weighing): PaidDay {
  const votes = (one: PaidDay) =>
    side.filter(({ session, exDay }) => session === one.session && exDay === session).length
  return side.toSorted(
    (a, b) =>
      votes(b) - votes(a) ||
      b.claims.length - a.claims.length ||
      misfit(a, moveOn) - misfit(b, moveOn) ||
      bestRank(a.claims, priority) - bestRank(b.claims, priority) ||
      a.session - b.session,
  )[0]!
}

/** How far the open of a day was from where its payment takes it, as a share of the price; 0 where nothing tells. */
function misfit({ session, amount }: PaidDay, moveOn: Weighing['moveOn']): number {
  const move = moveOn(session)
  if (move === null || amount / move.previousClose < TELLING_SHARE) return 0
  return Math.abs(move.previousClose - amount - move.open) / move.previousClose
}

/** A payment that is a good part of the price takes the price down with it. */
function sizeDoubts({ session, amount }: PaidDay, { moveOn }: Weighing): ActionDoubt[] {
  const move = moveOn(session)
  if (move === null) return []
  const share = amount / move.previousClose
  if (share >= 1) return ['too-large']
  if (share < VISIBLE_SHARE) return []
  const fallen = Math.log(move.previousClose / move.low)
  return fallen < -Math.log(1 - share) / 3 ? ['no-jump'] : []
}

/**
 * True where the two payments of the vendor next to one, in shares of today, are both about a hundred times as large.
 * No other payments tell of it: a company that pays so much less at once goes on with it.
 */
function isTooSmall(
  paid: PaidDay,
  all: readonly PaidDay[],
  splits: readonly ShareSplit[],
): boolean {
  const nearest = all
    .filter((one) => one.provider === paid.provider && one.session !== paid.session)
    .filter((one) => !isForeign(one, paid))
    .toSorted((a, b) => Math.abs(a.session - paid.session) - Math.abs(b.session - paid.session))
    .slice(0, 2)
  const today = ({ amount, session }: PaidDay) =>
    amount / ratioOfSplits(splits.filter(({ day }) => day > session))
  const ratios = nearest.map((one) => today(one) / today(paid))
  return (
    ratios.length === 2 &&
    ratios.every((ratio) => ratio >= UNIT_RATIOS.from && ratio <= UNIT_RATIOS.until)
  )
}
