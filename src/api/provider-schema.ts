/** JSON Schemas of what the API tells of a provider: what it gives, its plans, budget and canary. */
import { LANES } from '../domain/budget.ts'
import { INTERVALS } from '../domain/interval.ts'

const text = (description: string) => ({ type: 'string', description })
const count = (description: string) => ({ type: 'integer', description })
const instant = (description: string) => ({ type: ['string', 'null'], description })

function record(
  description: string,
  properties: Readonly<Record<string, unknown>>,
  type: unknown = 'object',
) {
  return { type, description, properties, required: Object.keys(properties) }
}

const seenCeiling = record(
  'A limit below that of the budget, which a refusal showed; null where none did.',
  {
    calls: count('Calls that the vendor allows.'),
    words: text("The vendor's own."),
    seen_at: text('Instant in UTC.'),
    holds_until: text('When the limit of the budget holds again.'),
  },
  ['object', 'null'],
)

const budgetWindow = record('How a limit of the budget stands.', {
  window: { type: 'string', enum: ['second', 'minute', 'day'] },
  limit: count('Calls allowed: of the budget, or what a refusal showed where that is less.'),
  used: count('Calls that are spent.'),
  left: count('Calls that are left.'),
  resets_at: instant('When calls come free again; null while none is spent.'),
  seen_ceiling: seenCeiling,
})

const lanes = record('Who goes first: live, then close, repair, backfill.', {
  close_reserve: count('Calls of the day that repair and backfill leave for the close.'),
  reserve_until: instant('When these are let go today; null where nothing is kept back.'),
  waiting: {
    type: 'object',
    description: 'Calls that wait for their turn, by lane.',
    properties: Object.fromEntries(LANES.map((lane) => [lane, { type: 'integer' }])),
  },
})

const planLimit = record('What the plan was found to lack.', {
  topic: text('Calls that are refused together, e.g. `bars 1d full`.'),
  words: text("The vendor's own."),
  refused_at: text('Instant in UTC.'),
  retry_after: text('No call is spent on it before then.'),
})

/** Properties of a provider beside its id. */
export const providerProperties = {
  name: { ...text('Name.'), examples: ['Alpha Vantage'] },
  enabled: { type: 'boolean', description: 'False where its key is not set.' },
  needs_key: { type: 'boolean' },
  intervals: { type: 'array', items: { type: 'string', enum: [...INTERVALS] } },
  basis: { type: 'string', enum: ['raw', 'split'] },
  budget: { ...text('Calls that are allowed.'), examples: ['1/s,5/min,25/day'] },
  reset_zone: {
    ...text("Zone whose midnight resets the day's calls."),
    examples: ['America/New_York'],
  },
  plans: {
    type: 'array',
    description: 'What the vendor sells, the least plan first.',
    items: record('A plan.', {
      name: text('Name.'),
      budget: text('Calls that it allows.'),
      includes: text('What it includes.'),
    }),
  },
  windows: { type: 'array', items: budgetWindow },
  paused_until: instant("No call goes out before then, by a vendor's refusal; else null."),
  pause_reason: { type: ['string', 'null'], description: 'Why.' },
  lanes,
  plan_limits: { type: 'array', items: planLimit },
  canary: record(
    'What the last canary found; null where there was none.',
    {
      status: { type: 'string', enum: ['ok', 'changed', 'refused', 'unreachable'] },
      checked_at: text('Instant in UTC.'),
    },
    ['object', 'null'],
  ),
}
