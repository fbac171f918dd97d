/** Entries of the merged ledger that are in doubt, as findings with the evidence for and against. */
import type { NewFinding } from '../db/findings.ts'
import type { ActionDoubt, Claim, LedgerEntry } from '../domain/action-claims.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { ratioOf } from '../domain/split-claims.ts'

/** Doubts for which an action is left out until a person decides, worst first. */
const SENTENCES: Partial<Record<ActionDoubt, string>> = {
  nonsense: 'has numbers that no action has',
  'sources-disagree': 'is told in different ways, and nothing says which is right',
  'too-large': 'is not smaller than the price that it would be paid out of',
  'too-small': 'is about a hundredth of the payments next to it, as if it were in another unit',
  'no-jump': 'left no trace in prices',
  'dates-differ': 'is told of days that are more than a session apart',
}

/** A finding for each entry that is suspicious. */
export function findActionDoubts(entries: readonly LedgerEntry[]): NewFinding[] {
  return entries.filter(({ status }) => status === 'suspicious').map(doubtFinding)
}

function doubtFinding(entry: LedgerEntry): NewFinding {
  const { family, exDay, actions, claims, doubts, move, jump } = entry
  const doubt = (Object.keys(SENTENCES) as ActionDoubt[]).find((one) => doubts.includes(one))!
  const vendors = [...new Set(claims.map(({ provider }) => provider))]
  const date = formatDate(exDay)
  return {
    rule: `action-${doubt}`,
    subject: `${family} ${date}`,
    interval: null,
    provider: actions[0]!.provider,
    other: vendors.find((vendor) => vendor !== actions[0]!.provider) ?? null,
    family,
    fromDay: exDay,
    untilDay: exDay + DAY_MS,
    message: `The ${describeClaim(actions[0]!)} on ${date} ${SENTENCES[doubt]!}: it is left out of adjusted prices.`,
    evidence: {
      claims: claims.map((claim) => ({
        provider: claim.provider,
        ex_date: formatDate(claim.exDay),
        kind: claim.kind,
        new_shares: claim.newShares,
        old_shares: claim.oldShares,
        amount: claim.amount,
        currency: claim.currency,
        basis: claim.basis,
      })),
      previous_close: move?.previousClose ?? null,
      open: move?.open ?? null,
      price_ratio: move === null ? null : move.previousClose / move.open,
      expected_ratio: family === 'split' ? ratioOf(actions[0]!) : null,
      jump,
    },
  }
}

/** `split of 4 for 1`, `payment of 0.82 USD`. */
function describeClaim({ kind, newShares, oldShares, amount, currency }: Claim): string {
  if (kind === 'split') return `split of ${newShares} for ${oldShares}`
  return `payment of ${amount}${currency === null ? '' : ` ${currency}`}`
}
