/** What an answer shows of a vendor's habits, held against what its adapter expects. Pure. */
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { intervalMs, isIntraday, type Interval } from '../domain/interval.ts'
import { fieldsOf, type Canary, type CanaryProbe, type LabelSide } from '../providers/canary.ts'
import type {
  BarAnswer,
  BarRequest,
  Basis,
  Provider,
  VendorBody,
  VendorFailure,
} from '../providers/provider.ts'

export interface CanaryCheck {
  /** `labels`, `zone`, `basis`, `fields`, `errors`, `rows`. */
  readonly check: string
  /** `unseen` where this answer does not show it. */
  readonly status: 'ok' | 'changed' | 'unseen'
  readonly expected: string
  /** What the answer shows, with the evidence. */
  readonly found: string
}

/** How far a price may move across a split, besides by the split. */
const MOVE_MAX = 1.5

/** Checks an answer that was understood. */
export function checkHabits(
  provider: Provider,
  probe: CanaryProbe,
  request: BarRequest,
  calendar: Calendar,
  body: VendorBody,
  answer: BarAnswer,
): CanaryCheck[] {
  const { canary } = provider
  const document = documentOf(body)
  if (canary === undefined) return []
  if (document === undefined) {
    return [held('fields', 'JSON', 'text that is not JSON', false)]
  }
  return [
    checkLabels(canary, document, request.interval, calendar),
    checkZone(canary, document),
    checkBasis(canary, probe, document, answer, calendar),
    checkFields(probe, document),
    checkRows(answer),
    { check: 'errors', status: 'unseen', expected: 'a known refusal', found: 'no refusal came' },
  ]
}

/** Checks that a refusal is one that the adapter knows. */
export function checkRefusal(
  provider: Provider,
  body: VendorBody,
  failed: VendorFailure,
): CanaryCheck[] {
  const isKnown = failed.failure !== 'malformed'
  const words = `"${failed.message.slice(0, 120)}" with status ${body.status}`
  const found = isKnown ? `${failed.failure}: ${words}` : `not understood: ${words}`
  const without = ['labels', 'zone', 'basis', 'fields', 'rows'].map((check): CanaryCheck => ({
    check,
    status: 'unseen',
    expected: '',
    found: `${provider.name} sent no bars`,
  }))
  return [...without, held('errors', 'a known refusal', found, isKnown)]
}

function documentOf({ bytes }: VendorBody): unknown {
  try {
    return JSON.parse(
      Buffer.from(bytes)
        .toString()
        .replace(/^\uFEFF/, ''),
    ) as unknown
  } catch {
    // Told by the caller as a change.
    return undefined
  }
}

function held(check: string, expected: string, found: string, isSame: boolean): CanaryCheck {
  return { check, status: isSame ? 'ok' : 'changed', expected, found }
}

function unseen(check: string, expected: string, found: string): CanaryCheck {
  return { check, status: 'unseen', expected, found }
}

// Labels ---------------------------------------------------------------------------------------------

function checkLabels(
  canary: Canary,
  document: unknown,
  interval: Interval,
  calendar: Calendar,
): CanaryCheck {
  const labels = canary.labelsIn(document, calendar)
  const verdict = labelSide(labels, interval, calendar)
  if (verdict !== null) {
    return held(
      'labels',
      canary.labels,
      `${verdict.side}: ${verdict.why}`,
      verdict.side === canary.labels,
    )
  }
  if (labels.length === 0) return unseen('labels', canary.labels, 'no instants in this answer')
  return held('labels', canary.labels, 'labels at neither end of any session', false)
}

interface Verdict {
  readonly side: LabelSide
  readonly why: string
}

/**
 * The side of labels. In extended hours a bar at the very end (20:00) can only be labelled by its end,
 * one at the very start (04:00) only by its start. Where neither is there, a label at each opening
 * speaks for starts: in a liquid stock no opening is without a trade. Without one, labels one bar after
 * each opening speak for ends.
 */
function labelSide(
  labels: readonly number[],
  interval: Interval,
  calendar: Calendar,
): Verdict | null {
  const known = new Set(labels)
  const sessions = [...new Set(labels.map((label) => calendar.localDay(label)))]
    .map((day) => calendar.session(day))
    .filter((session) => session !== null)
  const count = (at: (session: Session) => number) =>
    sessions.filter((session) => known.has(at(session))).length
  const days = `${sessions.length} sessions`
  if (isIntraday(interval)) {
    const ends = count((session) => session.extendedClose)
    if (ends > 0)
      return { side: 'END', why: `a bar at the end of extended hours in ${ends} of ${days}` }
    const starts = count((session) => session.extendedOpen)
    if (starts > 0) {
      return { side: 'START', why: `a bar at the start of extended hours in ${starts} of ${days}` }
    }
  }
  const opens = count((session) => session.open)
  if (opens > 0 && opens === sessions.length) {
    return { side: 'START', why: `a bar at the opening in each of ${days}` }
  }
  // A session that is one bar has its end at the close.
  const firstEnd = (session: Session) =>
    isIntraday(interval) ? session.open + intervalMs(interval) : session.close
  const ends = count(firstEnd)
  if (ends === 0 || ends < sessions.length) return null
  const missing = sessions.length - opens
  return {
    side: 'END',
    why: `the first bar's end in each of ${days}, and no bar at ${missing} openings`,
  }
}

// The others -----------------------------------------------------------------------------------------

function checkZone({ zone, zoneIn }: Canary, document: unknown): CanaryCheck {
  if (zone === null) return unseen('zone', 'instants', 'the vendor names no zone')
  const found = zoneIn(document)
  return held('zone', zone, found ?? 'no zone is named', found === zone)
}

function checkBasis(
  canary: Canary,
  probe: CanaryProbe,
  document: unknown,
  answer: BarAnswer,
  calendar: Calendar,
): CanaryCheck {
  const claimed = canary.basisIn(document)
  const jump = probe.split === null ? null : jumpAt(probe, answer, calendar)
  if (jump === null) {
    if (claimed === null) return unseen('basis', canary.basis, 'no split lies in this answer')
    return held('basis', canary.basis, `${claimed}, as the answer says`, claimed === canary.basis)
  }
  const { before, after, basis } = jump
  const prices = `close ${before} before the split and ${after} after it`
  const said = claimed === null ? '' : `; the answer says ${claimed}`
  const isSame = basis === canary.basis && (claimed === null || claimed === canary.basis)
  return held('basis', canary.basis, `${basis ?? 'neither'}: ${prices}${said}`, isSame)
}

/** The last close before the split and the first after it; null where the answer lacks one. */
function jumpAt(
  { split, interval }: CanaryProbe,
  { batch }: BarAnswer,
  calendar: Calendar,
): { before: number; after: number; basis: Basis | null } | null {
  if (split === null) return null
  const at = isIntraday(interval) ? calendar.instantAt(split.day, 0) : split.day
  const index = batch.ts.findIndex((ts) => ts >= at)
  if (index < 1) return null
  const before = batch.close[index - 1]!
  const after = batch.close[index]!
  const fall = before / after
  if (isNear(fall, split.ratio)) return { before, after, basis: 'raw' }
  return { before, after, basis: isNear(fall, 1) ? 'split' : null }
}

function isNear(value: number, expected: number): boolean {
  return value < expected * MOVE_MAX && value > expected / MOVE_MAX
}

function checkFields({ fields }: CanaryProbe, document: unknown): CanaryCheck {
  const found = fieldsOf(document)
  const missing = fields.filter((field) => !found.has(field))
  const expected = `${fields.length} fields that the adapter reads`
  if (missing.length === 0) return held('fields', expected, 'all of them', true)
  return held('fields', expected, `without ${missing.join(', ')}`, false)
}

function checkRows({ batch, unreadable, notes }: BarAnswer): CanaryCheck {
  const expected = 'bars, every row readable'
  const said = [`${batch.length} bars`, `${unreadable.length} rows unreadable`, ...notes].join('; ')
  return held('rows', expected, said, batch.length > 0 && unreadable.length === 0)
}
