/** What the API tells of a schedule. */
import { SCHEDULE_NAMES } from '../domain/schedule.ts'
import { SCHEDULE_STATES } from '../query/schedules.ts'

const nullable = (type: string, description: string) => ({ type: [type, 'null'], description })

export const scheduleProperties = {
  name: { type: 'string', enum: [...SCHEDULE_NAMES] },
  description: { type: 'string', description: 'What is done, and when.' },
  state: {
    type: 'string',
    enum: [...SCHEDULE_STATES],
    description: '`off` while no process keeps series current, paused or not.',
  },
  why: nullable('string', 'Why it is paused or off; null while it is neither.'),
  next_at: nullable('string', 'Instant at which it is done next; null where nobody will.'),
  keeper: {
    type: ['object', 'null'],
    description: 'The process that does it; null where there is none.',
    properties: { host: { type: 'string' }, pid: { type: 'integer' } },
    required: ['host', 'pid'],
  },
  running_since: nullable('string', 'Instant; null while it is not being done.'),
  requested_at: nullable('string', 'When it was asked for and has not been done yet.'),
  paused_at: nullable('string', 'Instant; null where it is not paused.'),
  paused_by: nullable('string', 'Who paused it.'),
  reason: nullable('string', 'Why it was paused.'),
  last_at: nullable('string', 'When it ended last; null: never.'),
  last_run: nullable('integer', 'The run that it made then, where it made one.'),
  last_status: {
    type: ['string', 'null'],
    enum: ['succeeded', 'partial', 'failed', 'interrupted', 'skipped', null],
    description: 'How it ended; `skipped`: no vendor could be called.',
  },
}
