/**
 * One ledger of an instrument's splits and payments out of what all vendors say: what two of them
 * confirm, what one says alone, what is in doubt and therefore left out of adjusted prices. Pure, and
 * the same whatever order the claims come in.
 */
import {
  familyOf,
  type ActionVerdict,
  type Claim,
  type LedgerEntry,
  type Weighing,
} from './action-claims.ts'
import type { Payment, ShareSplit } from './adjust.ts'
import { mergePayments } from './payment-claims.ts'
import { mergeSplits } from './split-claims.ts'

/**
 * The merged ledger, by ex date.
 * @param verdicts what people decided, the newest last: it overrules all else
 */
export function mergeActions(
  claims: readonly Claim[],
  verdicts: readonly ActionVerdict[],
  weighing: Weighing,
): LedgerEntry[] {
  const sorted = claims.toSorted(inOrder)
  const isRefused = (claim: Claim) => verdictOn([claim], claim.exDay, verdicts) === 'refuse'
  const refused = sorted.filter(isRefused)
  const kept = sorted.filter((claim) => !isRefused(claim))
  const splits = mergeSplits(
    kept.filter((claim) => familyOf(claim) === 'split'),
    weighing,
  ).map((entry) => withVerdict(entry, verdicts))
  const payments = mergePayments(
    kept.filter((claim) => familyOf(claim) === 'payment'),
    splitsOf(splits),
    weighing,
  ).map((entry) => withVerdict(entry, verdicts))
  const entries = [...splits, ...payments, ...refused.map((claim) => refusedEntry(claim, weighing))]
  return entries.toSorted(
    (a, b) => a.exDay - b.exDay || (a.family === b.family ? 0 : a.family === 'split' ? -1 : 1),
  )
}

function inOrder(a: Claim, b: Claim): number {
  if (a.exDay !== b.exDay) return a.exDay - b.exDay
  const [left, right] = [a, b].map(
    ({ provider, kind, number }) => `${provider} ${kind} ${String(number).padStart(5, '0')}`,
  )
  return left! < right! ? -1 : 1
}

/** The newest verdict that speaks of one of the claims. */
function verdictOn(
  claims: readonly Claim[],
  exDay: number,
  verdicts: readonly ActionVerdict[],
): ActionVerdict['verdict'] | null {
  return findVerdict(claims, exDay, verdicts)?.verdict ?? null
}

function findVerdict(
  claims: readonly Claim[],
  exDay: number,
  verdicts: readonly ActionVerdict[],
): ActionVerdict | undefined {
  return verdicts.findLast(
    (verdict) =>
      verdict.family === familyOf(claims[0]!) &&
      (verdict.provider === null
        ? verdict.exDay === exDay || claims.some((claim) => claim.exDay === verdict.exDay)
        : claims.some(
            (claim) => claim.provider === verdict.provider && claim.exDay === verdict.exDay,
          )),
  )
}

/** An entry that a person said counts, with the values of the vendor whose side was taken. */
function withVerdict(entry: LedgerEntry, verdicts: readonly ActionVerdict[]): LedgerEntry {
  const verdict = findVerdict(entry.claims, entry.exDay, verdicts)
  if (verdict === undefined) return entry
  if (verdict.verdict === 'refuse') {
    return { ...entry, status: 'refused', applied: false, doubts: ['decided'] }
  }
  const decided = { ...entry, status: 'confirmed', applied: true, doubts: ['decided'] } as const
  if (verdict.provider === null) return decided
  const side = entry.claims.filter(
    ({ provider, exDay }) => provider === verdict.provider && exDay === verdict.exDay,
  )
  return { ...decided, exDay: verdict.exDay, actions: side }
}

function refusedEntry(claim: Claim, { moveOn }: Weighing): LedgerEntry {
  return {
    family: familyOf(claim),
    exDay: claim.exDay,
    status: 'refused',
    applied: false,
    actions: [claim],
    claims: [claim],
    doubts: ['decided'],
    move: moveOn(claim.exDay),
    jump: null,
  }
}

/** The splits of a ledger that count, for `findAdjustment`. */
export function splitsOf(entries: readonly LedgerEntry[]): ShareSplit[] {
  return entries
    .filter(({ family, applied }) => family === 'split' && applied)
    .flatMap(({ exDay, actions }) =>
      actions.map(({ newShares, oldShares }) => ({
        day: exDay,
        newShares: newShares!,
        oldShares: oldShares!,
      })),
    )
}

/** The payments of a ledger that count, for `findAdjustment`. */
export function paymentsOf(entries: readonly LedgerEntry[]): Payment[] {
  return entries
    .filter(({ family, applied }) => family === 'payment' && applied)
    .flatMap(({ exDay, actions }) =>
      actions.map(({ amount, currency, basis }) => ({
        day: exDay,
        amount: amount!,
        currency,
        basis: basis ?? 'raw',
      })),
    )
}
