/**
 * Tells whether intraday labels are the starts or the ends of bars, and moves ends back. Alpha Vantage
 * labelled bars by their end until 2022 and has labelled them by their start since 2023, without a word
 * about it in the answer, so the labels of the whole answer are the evidence.
 */
import type { Calendar, Session } from '../../domain/calendar/calendar.ts'
import { DAY_MS } from '../../domain/date.ts'

/** How labels were read; `by` says which hours gave an end-labelled answer away. */
export type LabelSide =
  | { readonly side: 'start' }
  | { readonly side: 'end'; readonly by: 'extended' | 'regular' }

/**
 * The side of an answer's labels, ascending instants:
 * 1. Extended hours. A day whose last label is the very end of the extended window (20:00) speaks for
 *    ends, one whose first label is its very start (04:00) for starts; when in doubt ends, since no bar
 *    can start at 20:00.
 * 2. Regular hours, where no day says anything by 1. A day that has each label from one interval after
 *    the open up to the close, and none at the open, speaks for ends; a day with a label at the open
 *    (09:30) for starts. The majority has it.
 * 3. Else starts, which is what the vendor sends today.
 */
export function findLabelSide(ts: Float64Array, intervalMs: number, calendar: Calendar): LabelSide {
  const votes = { extendedEnd: 0, extendedStart: 0, regularEnd: 0, regularStart: 0 }
  forEachSession(ts, calendar, (session, from, until) => {
    if (ts[until - 1] === session.extendedClose) votes.extendedEnd += 1
    if (ts[from] === session.extendedOpen) votes.extendedStart += 1
    const regular = countRegular(ts, from, until, session, intervalMs)
    if (regular.atOpen) votes.regularStart += 1
    else if (regular.ends === Math.ceil((session.close - session.open) / intervalMs))
      votes.regularEnd += 1
  })
  if (votes.extendedEnd > 0 && votes.extendedEnd >= votes.extendedStart) {
    return { side: 'end', by: 'extended' }
  }
  if (votes.extendedStart > 0) return { side: 'start' }
  return votes.regularEnd > votes.regularStart ? { side: 'end', by: 'regular' } : { side: 'start' }
}

/**
 * Moves labels that are ends back to the starts of their bars, in place. Where bars are counted from
 * the open and the last one is shorter (15:30 to 16:00 for hours), that one moves by its own length.
 */
export function shiftToStarts(
  ts: Float64Array,
  intervalMs: number,
  calendar: Calendar,
  by: 'extended' | 'regular',
): void {
  if (by === 'regular') {
    forEachSession(ts, calendar, (session, from, until) => {
      const lastMs = (session.close - session.open) % intervalMs
      if (lastMs === 0) return
      for (let i = from; i < until; i += 1) {
        if (ts[i] === session.close) ts[i] = session.close - lastMs + intervalMs
      }
    })
  }
  for (let i = 0; i < ts.length; i += 1) ts[i] = ts[i]! - intervalMs
}

/** Labels of one session: whether one is at the open, and how many different ends of bars there are. */
function countRegular(
  ts: Float64Array,
  from: number,
  until: number,
  session: Session,
  intervalMs: number,
): { atOpen: boolean; ends: number } {
  let atOpen = false
  let ends = 0
  for (let i = from; i < until; i += 1) {
    const label = ts[i]!
    if (i > from && label === ts[i - 1]) continue
    if (label === session.open) atOpen = true
    if (label <= session.open || label > session.close) continue
    if ((label - session.open) % intervalMs === 0 || label === session.close) ends += 1
  }
  return { atOpen, ends }
}

/** Calls `visit` for each session that has labels, with the range of indexes of its date. */
function forEachSession(
  ts: Float64Array,
  calendar: Calendar,
  visit: (session: Session, from: number, until: number) => void,
): void {
  let from = 0
  while (from < ts.length) {
    const day = calendar.localDay(ts[from]!)
    const midnight = calendar.instantAt(day + DAY_MS, 0)
    let until = from + 1
    while (until < ts.length && ts[until]! < midnight) until += 1
    const session = calendar.session(day)
    if (session !== null) visit(session, from, until)
    from = until
  }
}
