/** Findings as people see them: what was found, and what somebody decided about it. */
import type { Queryable } from '../db/connect.ts'
import { listDecisions, type Decision } from '../db/decisions.ts'
import { listFindings, type Finding, type FindingFilter } from '../db/findings.ts'
import { formatDate } from '../domain/date.ts'
import { formatInstant } from './rows.ts'

/**
 * - `open`: nobody decided
 * - `decided`: a person took a side
 * - `muted`: a person does not want to be told
 * - `gone`: it is not there any more
 */
export type FindingStatus = 'open' | 'decided' | 'muted' | 'gone'

/** A finding as JSON. */
export interface FindingRow {
  readonly id: number
  readonly symbol: string
  readonly rule: string
  readonly status: FindingStatus
  readonly interval: string | null
  readonly provider: string | null
  readonly other: string | null
  readonly from: string
  readonly until: string
  readonly message: string
  readonly evidence: Readonly<Record<string, unknown>>
  readonly found_at: string
  readonly seen_at: string
  /** The decision that holds, or null. */
  readonly decision: DecisionRow | null
}

/** A decision as JSON. */
export interface DecisionRow {
  readonly id: number
  readonly verdict: string
  readonly symbol: string | null
  readonly rule: string | null
  readonly provider: string | null
  readonly interval: string | null
  readonly from: string | null
  readonly until: string | null
  readonly reason: string
  readonly decided_by: string
  readonly decided_at: string
  readonly withdrawn_at: string | null
}

/** Findings with their decisions, by symbol and day. */
export async function readFindings(
  db: Queryable,
  filter: FindingFilter = {},
): Promise<FindingRow[]> {
  const findings = await listFindings(db, filter)
  const decisions = await listDecisions(db)
  return findings.map((finding) => {
    const decision = decisions.findLast((one) => isAbout(one, finding)) ?? null
    return findingRow(finding, decision)
  })
}

/** True where a decision was made on a finding, or mutes its rule for what it is about. */
function isAbout(decision: Decision, finding: Finding): boolean {
  if (decision.findingId === finding.id) return true
  return (
    decision.verdict === 'mute' &&
    decision.findingId === null &&
    decision.rule === finding.rule &&
    (decision.instrumentId ?? finding.instrumentId) === finding.instrumentId &&
    (decision.interval ?? finding.interval) === finding.interval
  )
}

function findingRow(finding: Finding, decision: Decision | null): FindingRow {
  const decided = decision?.verdict === 'mute' ? 'muted' : decision === null ? 'open' : 'decided'
  return {
    id: finding.id,
    symbol: finding.symbol,
    rule: finding.rule,
    // What was decided can make a finding go: that is no news.
    status: finding.goneAt === null || decision !== null ? decided : 'gone',
    interval: finding.interval,
    provider: finding.provider,
    other: finding.other,
    from: formatDate(finding.fromDay),
    until: formatDate(finding.untilDay),
    message: finding.message,
    evidence: finding.evidence,
    found_at: formatInstant(finding.foundAt),
    seen_at: formatInstant(finding.seenAt),
    decision: decision === null ? null : decisionRow(decision),
  }
}

/** A decision in the shape that the API and the CLI share. */
export function decisionRow(decision: Decision): DecisionRow {
  return {
    id: decision.id,
    verdict: decision.verdict,
    symbol: decision.symbol,
    rule: decision.rule,
    provider: decision.provider,
    interval: decision.interval,
    from: decision.fromDay === null ? null : formatDate(decision.fromDay),
    until: decision.untilDay === null ? null : formatDate(decision.untilDay),
    reason: decision.reason,
    decided_by: decision.decidedBy,
    decided_at: formatInstant(decision.decidedAt),
    withdrawn_at: decision.withdrawnAt === null ? null : formatInstant(decision.withdrawnAt),
  }
}
