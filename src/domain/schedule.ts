/** Schedules: what is done by itself while a process keeps the watch list current. */
import { StockyardError } from './error.ts'

export const SCHEDULE_NAMES = ['keep-current', 'actions'] as const
export type ScheduleName = (typeof SCHEDULE_NAMES)[number]

/** What each does and when, for people. */
export const SCHEDULE_MEANINGS: Readonly<Record<ScheduleName, string>> = {
  'keep-current':
    'bars of the watch list: every ETL_INTERVAL_MINUTES of a session, and after its close',
  actions: 'splits and dividends: each instrument once a week, and after a jump of its price',
}

/** How a time of work of a schedule ended; `skipped`: no vendor could be called. */
export type ScheduleStatus = 'succeeded' | 'partial' | 'failed' | 'interrupted' | 'skipped'

/** @throws StockyardError `SCHEDULE_UNKNOWN` */
export function requireSchedule(text: string): ScheduleName {
  const name = SCHEDULE_NAMES.find((one) => one === text)
  if (name !== undefined) return name
  const shown = JSON.stringify(text.slice(0, 40))
  throw new StockyardError('not-found', 'SCHEDULE_UNKNOWN', `There is no schedule ${shown}.`, {
    hint: `There are ${SCHEDULE_NAMES.join(' and ')}.`,
  })
}
