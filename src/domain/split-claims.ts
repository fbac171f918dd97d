/** Which splits took place, by what vendors say and what prices as traded did. Pure. */
import {
  bestRank,
  groupLinked,
  sessionBefore,
  sessionFrom,
  sessionsApart,
  vendorsOf,
  type ActionDoubt,
  type Claim,
  type JumpVerdict,
  type LedgerEntry,
  type OvernightMove,
  type Weighing,
} from './action-claims.ts'
import { DAY_MS } from './date.ts'

/** No split turned one share into more than this, or this many into one. */
const RATIO_MAX = 20_000
/** Ratios that are nearer to each other than this are the same one, differently rounded. */
const SAME_RATIO = 1e-3
/** A vendor that lists the same ratio again within so many days lists one split twice. */
const REPEATED_DAYS = 15
/** Below this logarithm (1.16 for 1) a split cannot be told from an ordinary night. */
const LOG_RATIO_MIN = 0.15

/** New shares for an old one. */
export function ratioOf({ newShares, oldShares }: Claim): number {
  return (newShares ?? Number.NaN) / (oldShares ?? Number.NaN)
}

/**
 * What a night says of a split: the price falls by ln(ratio), give or take the night's own move. Null
 * where the ratio is too small to be seen.
 */
function judgeJump(ratio: number, move: OvernightMove): JumpVerdict | null {
  const expected = Math.log(ratio)
  if (Math.abs(expected) < LOG_RATIO_MIN) return null
  const fallen = Math.log(move.previousClose / move.open)
  if (Math.abs(fallen - expected) < Math.abs(expected) / 3) return 'present'
  if (Math.abs(fallen) < Math.abs(expected) / 3) return 'absent'
  return 'unclear'
}

/** The splits that claims amount to, by day. */
export function mergeSplits(claims: readonly Claim[], weighing: Weighing): LedgerEntry[] {
  const nonsense = claims.filter((claim) => !isPossible(claim))
  const groups = groupLinked(claims.filter(isPossible), (a, b) => isOneEvent(a, b, weighing))
  return [
    ...groups.map((group) => mergeGroup(group, weighing)),
    ...nonsense.map((claim) => nonsenseEntry(claim, weighing)),
  ]
}

function isPossible(claim: Claim): boolean {
  const ratio = ratioOf(claim)
  return ratio > 0 && ratio !== 1 && ratio <= RATIO_MAX && ratio >= 1 / RATIO_MAX
}

function nonsenseEntry(claim: Claim, { calendar }: Weighing): LedgerEntry {
  return {
    family: 'split',
    exDay: sessionFrom(calendar, claim.exDay),
    status: 'suspicious',
    applied: false,
    actions: [claim],
    claims: [claim],
    doubts: ['nonsense'],
    move: null,
    jump: null,
  }
}

function isSameRatio(a: Claim, b: Claim): boolean {
  return Math.abs(Math.log(ratioOf(a) / ratioOf(b))) < SAME_RATIO
}

/** The same again within some days, or anything else on the same or the next session. */
function isOneEvent(a: Claim, b: Claim, { calendar }: Weighing): boolean {
  if (isSameRatio(a, b)) return Math.abs(a.exDay - b.exDay) <= REPEATED_DAYS * DAY_MS
  const [from, to] = [a, b].map(({ exDay }) => sessionFrom(calendar, exDay))
  return sessionsApart(calendar, from!, to!) <= 1
}

/** A ratio and a day on which it may have taken place. */
interface Candidate {
  readonly day: number
  readonly claims: readonly Claim[]
  /** Vendors that say exactly this day. */
  readonly votes: number
  readonly jump: JumpVerdict | null
}

function mergeGroup(group: readonly Claim[], weighing: Weighing): LedgerEntry {
  const byRatio = groupLinked(group, isSameRatio)
  const candidates = byRatio
    .map((claims) => bestDay(claims, weighing))
    .toSorted((a, b) => compareCandidates(a, b, weighing))
  const [best, second] = candidates
  const { day, claims, jump } = best!
  const vendors = vendorsOf(claims)
  const doubts: ActionDoubt[] = []
  if (second !== undefined) doubts.push(isDecided(best!, second) ? 'outvoted' : 'sources-disagree')
  if (jump === 'absent') doubts.push('no-jump')
  if (jump !== 'present' && !isNear(claims, weighing)) doubts.push('dates-differ')
  if (claims.some(({ exDay }) => exDay !== day)) doubts.push('moved')
  if (claims.length > vendors.length) doubts.push('repeated')
  const isSuspicious = doubts.some((doubt) => SUSPICIOUS.has(doubt))
  const chosen = claims.toSorted(
    (a, b) => bestRank([a], weighing.priority) - bestRank([b], weighing.priority),
  )[0]!
  const agreed = vendors.length > 1 ? 'confirmed' : 'single-source'
  return {
    family: 'split',
    exDay: day,
    status: isSuspicious ? 'suspicious' : agreed,
    applied: !isSuspicious,
    actions: [chosen],
    claims: group,
    doubts,
    move: weighing.moveOn(day),
    jump,
  }
}

const SUSPICIOUS = new Set<ActionDoubt>(['sources-disagree', 'no-jump', 'dates-differ'])

/** True where different vendors mean neighbouring sessions; what one vendor repeats does not count. */
function isNear(claims: readonly Claim[], { calendar }: Weighing): boolean {
  return claims.every((a) =>
    claims.every((b) => {
      if (a.provider === b.provider) return true
      const [from, to] = [a, b].map(({ exDay }) => sessionFrom(calendar, exDay))
      return sessionsApart(calendar, from!, to!) <= 1
    }),
  )
}

/** The day of a ratio: where prices jump, else the one that most vendors say. */
function bestDay(claims: readonly Claim[], weighing: Weighing): Candidate {
  const { calendar, moveOn } = weighing
  const said = claims.map(({ exDay }) => sessionFrom(calendar, exDay))
  const around = said.flatMap((day) => [
    day,
    sessionBefore(calendar, day),
    sessionFrom(calendar, day + DAY_MS),
  ])
  const candidates = [...new Set(around)].map((day): Candidate => {
    const move = moveOn(day)
    const jump = move === null ? null : judgeJump(ratioOf(claims[0]!), move)
    return { day, claims, jump, votes: votesFor(day, claims, weighing) }
  })
  const jumped = candidates.filter(({ jump, votes }) => jump === 'present' || votes > 0)
  return jumped.toSorted((a, b) => compareCandidates(a, b, weighing))[0]!
}

/** Vendors that name the day, those with a date that is a session counting more. */
function votesFor(day: number, claims: readonly Claim[], { calendar }: Weighing): number {
  const exact = vendorsOf(claims.filter(({ exDay }) => exDay === day)).length
  const snapped = claims.filter(({ exDay }) => sessionFrom(calendar, exDay) === day)
  return exact + (snapped.length > 0 ? 0.5 : 0)
}

const BY_JUMP = { present: 0, unclear: 1, absent: 2 } as const

function compareCandidates(a: Candidate, b: Candidate, { priority }: Weighing): number {
  const byJump = (one: Candidate) => (one.jump === null ? 1 : BY_JUMP[one.jump])
  return (
    byJump(a) - byJump(b) ||
    vendorsOf(b.claims).length - vendorsOf(a.claims).length ||
    b.votes - a.votes ||
    bestRank(a.claims, priority) - bestRank(b.claims, priority) ||
    a.day - b.day
  )
}

/** True where prices or the number of vendors decide between two ratios. */
function isDecided(best: Candidate, second: Candidate): boolean {
  if (best.jump === 'present') return second.jump !== 'present'
  return vendorsOf(best.claims).length > vendorsOf(second.claims).length
}
