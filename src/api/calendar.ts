/** The exchanges' calendars: sessions with their hours, whether one trades, and when it opens next. */
import { Type } from 'typebox'
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { requireReach } from '../domain/calendar/reach.ts'
import { listExchanges } from '../domain/calendar/registry.ts'
import { DAY_MS, formatDate, periodError, requireDay } from '../domain/date.ts'
import { openCalendars } from '../load/open-calendars.ts'
import { parseBound } from '../query/bound.ts'
import { formatInstant } from '../query/rows.ts'
import type { ApiContext, App } from './context.ts'
import { requireShort } from './period.ts'
import { list, object, problems, query, text } from './schemas.ts'

const tags = ['calendar']
const url = '/api/v1/calendar'
const HOME_EXCHANGE = 'XNYS'
/** Days that are listed where no end is given. */
const USUAL_DAYS = 31
/** Days in one answer: ten years. */
const DAYS_MAX = 3660

const exchange = Type.Optional(
  text(40, {
    default: HOME_EXCHANGE,
    description: `ISO 10383 code: ${listExchanges().join(', ')}; or a name such as NASDAQ.`,
  }),
)
const at = Type.Optional(
  text(40, {
    default: 'now',
    description: 'An instant, or a date of the exchange.',
    examples: ['2024-07-03T17:30:00Z', '2024-07-04'],
  }),
)
const instant = (description: string, example: string) => ({
  type: 'string',
  description,
  examples: [example],
})
const session = {
  session: { type: 'string', description: 'Its date.', examples: ['2024-07-03'] },
  open: instant('When regular trading begins.', '2024-07-03T13:30:00Z'),
  close: instant('When it ends.', '2024-07-03T17:00:00Z'),
  early: { type: 'boolean', description: 'It closes earlier than usual.' },
  breaks: {
    type: 'array',
    description: 'Pauses of regular trading: start and end.',
    items: { type: 'array', items: { type: 'string' } },
  },
}
const head = {
  exchange: { type: 'string', examples: [HOME_EXCHANGE] },
  name: { type: 'string', description: 'Of the exchange.' },
  time_zone: { type: 'string', examples: ['America/New_York'] },
  certain_until: {
    type: ['string', 'null'],
    description:
      'Last day whose holidays were announced; later ones are by rule, and some will differ. Null: by rule until the rule is changed.',
  },
}
const when = { ...head, at: { type: 'string', description: 'The instant or date asked about.' } }
const wrong = problems({ 400: 'A parameter is wrong.' })

export function addCalendar(app: App, context: ApiContext): void {
  addSessions(app, context)
  addMoments(app, context)
}

function addSessions(app: App, { readPool, clock, home }: ApiContext): void {
  app.get(
    url,
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Sessions of an exchange',
        description: `With the closures that were recorded. From today for ${USUAL_DAYS} days, or over a period of ten years at most, all in one answer.`,
        querystring: query({
          exchange,
          from: Type.Optional(text(10, { description: 'First day.', examples: ['2024-07-01'] })),
          until: Type.Optional(text(10, { description: 'Day to stop before.' })),
        }),
        response: { 200: { description: 'Sessions.', ...list(object(session), head) }, ...wrong },
      },
    },
    async ({ query: asked }) => {
      const calendarOf = await openCalendars(readPool, home)
      const calendar = calendarOf(asked.exchange ?? HOME_EXCHANGE)
      const until = asked.until === undefined ? null : requireDay(asked.until, 'until')
      const before = until === null ? calendar.localDay(clock.now()) : until - USUAL_DAYS * DAY_MS
      const from = asked.from === undefined ? before : requireDay(asked.from, 'from')
      const end = until ?? from + USUAL_DAYS * DAY_MS
      checkPeriod(calendar, from, end)
      return { ...headOf(calendar), data: calendar.sessions(from, end).map(sessionRow), next: null }
    },
  )
}

function addMoments(app: App, context: ApiContext): void {
  const common = { tags, querystring: query({ exchange, at }) }
  app.get(
    `${url}/is-open`,
    {
      config: { access: 'read' },
      schema: {
        ...common,
        summary: 'Whether an exchange trades',
        description: 'At an instant, or at all on a date.',
        response: {
          200: {
            description: 'Whether it does, and its session of that day.',
            ...object({
              ...when,
              open: { type: 'boolean' },
              session: { anyOf: [object(session), { type: 'null' }] },
            }),
          },
          ...wrong,
        },
      },
    },
    async ({ query: asked }) => {
      const { calendar, moment } = await readMoment(context, asked)
      const isDay = moment.kind === 'day'
      const found = calendar.session(isDay ? moment.day : calendar.localDay(moment.at))
      return {
        ...headOf(calendar),
        at: isDay ? formatDate(moment.day) : formatInstant(moment.at),
        open: isDay ? found !== null : calendar.isOpen(moment.at),
        session: found === null ? null : sessionRow(found),
      }
    },
  )
  app.get(
    `${url}/next`,
    {
      config: { access: 'read' },
      schema: {
        ...common,
        summary: 'When an exchange opens next',
        response: {
          200: {
            description: 'The first session that opens later.',
            ...object({
              ...when,
              ...session,
              opens_in_s: { type: 'integer', description: 'Seconds until then.' },
            }),
          },
          ...wrong,
        },
      },
    },
    async ({ query: asked }) => {
      const { calendar, moment } = await readMoment(context, asked)
      const from = moment.kind === 'day' ? calendar.instantAt(moment.day, 0) : moment.at
      const next = calendar.nextSession(from)
      const opensInS = Math.round((next.open - from) / 1000)
      const shown = { at: formatInstant(from), ...sessionRow(next), opens_in_s: opensInS }
      return { ...headOf(calendar), ...shown }
    },
  )
}

interface MomentQuery {
  readonly exchange?: string
  readonly at?: string
}

/** The calendar and the moment that are asked about. */
async function readMoment({ readPool, clock, home }: ApiContext, asked: MomentQuery) {
  const calendarOf = await openCalendars(readPool, home)
  const calendar = calendarOf(asked.exchange ?? HOME_EXCHANGE)
  const typed = asked.at ?? 'now'
  if (typed === 'now') return { calendar, moment: { kind: 'instant', at: clock.now() } as const }
  const moment = parseBound(typed, 'at')
  requireReach(calendar, moment.kind === 'day' ? moment.day : calendar.localDay(moment.at))
  return { calendar, moment }
}

function headOf({ exchange: code, name, timeZone, knownUntil }: Calendar) {
  const certainUntil = knownUntil === Infinity ? null : formatDate(knownUntil)
  return { exchange: code, name, time_zone: timeZone, certain_until: certainUntil }
}

function sessionRow({ day, open, close, early, breaks }: Session) {
  return {
    session: formatDate(day),
    open: formatInstant(open),
    close: formatInstant(close),
    early,
    breaks: breaks.map(([start, end]) => [formatInstant(start), formatInstant(end)]),
  }
}

function checkPeriod(calendar: Calendar, from: number, until: number): void {
  requireReach(calendar, from)
  requireReach(calendar, until)
  if (from >= until) throw periodError()
  requireShort(from, until, DAYS_MAX, 'ten')
}
