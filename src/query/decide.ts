/** What a person decides about a finding, checked and recorded. */
import type { Pool } from '../db/connect.ts'
import { addDecision, type NewDecision } from '../db/decisions.ts'
import { listFindings, type Finding } from '../db/findings.ts'
import { DAY_MS, parseDay } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'

/** Value of `side` that takes nobody's: the action did not happen. */
export const NO_SIDE = 'none'

export interface Author {
  readonly reason: string
  readonly decidedBy: string
}

/**
 * Takes a side in a finding: of an action the vendor whose word counts, or none; of bars the vendor whose
 * bars come first on those days.
 * @returns id of the decision
 * @throws StockyardError `FINDING_UNKNOWN`, `SIDE_INVALID`
 */
export async function acceptSide(
  pool: Pool,
  findingId: number,
  side: string,
  author: Author,
): Promise<number> {
  const finding = await requireFinding(pool, findingId)
  if (finding.family !== null) return await addDecision(pool, actionDecision(finding, side, author))
  const sides = [finding.provider, finding.other]
  if (finding.other === null || !sides.includes(side)) throw sideError(finding, side)
  return await addDecision(pool, {
    ...author,
    ...aboutBars(finding),
    verdict: 'prefer',
    rule: null,
    provider: side,
  })
}

/** Does not tell of a finding any more. @throws StockyardError `FINDING_UNKNOWN` */
export async function muteFinding(pool: Pool, findingId: number, author: Author): Promise<number> {
  const finding = await requireFinding(pool, findingId)
  const { rule, provider } = finding
  return await addDecision(pool, {
    ...author,
    ...aboutBars(finding),
    verdict: 'mute',
    rule,
    provider,
  })
}

/** Does not tell of a rule any more, for one instrument and interval or for all. */
export async function muteRule(
  pool: Pool,
  rule: string,
  scope: { readonly instrumentId: number | null; readonly interval: string | null },
  author: Author,
): Promise<number> {
  const any = { findingId: null, family: null, provider: null, fromDay: null, untilDay: null }
  return await addDecision(pool, { ...author, ...any, ...scope, verdict: 'mute', rule })
}

function aboutBars({ id, instrumentId, interval, fromDay, untilDay }: Finding) {
  return { findingId: id, instrumentId, interval, fromDay, untilDay, family: null }
}

async function requireFinding(pool: Pool, id: number): Promise<Finding> {
  const [finding] = await listFindings(pool, { id, gone: true })
  if (finding !== undefined) return finding
  throw new StockyardError('not-found', 'FINDING_UNKNOWN', `There is no finding ${id}.`, {
    hint: 'stockyard verify list shows them with their numbers.',
  })
}

/** The ex day of an action is the one that the vendor says whose side is taken. */
function actionDecision(finding: Finding, side: string, author: Author): NewDecision {
  const { id, instrumentId, family, fromDay } = finding
  const about = { ...author, findingId: id, instrumentId, family, rule: null, interval: null }
  if (side === NO_SIDE) {
    const untilDay = fromDay + DAY_MS
    return { ...about, verdict: 'refuse', provider: null, fromDay, untilDay }
  }
  const claims = finding.evidence['claims'] as { provider: string; ex_date: string }[]
  const claim = claims.find(({ provider }) => provider === side)
  if (claim === undefined) throw sideError(finding, side)
  const exDay = parseDay(claim.ex_date)
  return { ...about, verdict: 'apply', provider: side, fromDay: exDay, untilDay: exDay + DAY_MS }
}

function sideError({ id, family, provider, other }: Finding, side: string): StockyardError {
  const known = [provider, other, family === null ? null : NO_SIDE].filter((one) => one !== null)
  const hasSides = family !== null || other !== null
  return new StockyardError('usage', 'SIDE_INVALID', `Finding ${id} has no side "${side}".`, {
    hint: hasSides
      ? `Its sides are ${known.join(', ')}.`
      : `It has none: mend it by fetching again, or mute it: stockyard verify mute ${id}`,
  })
}
