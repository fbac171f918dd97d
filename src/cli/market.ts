/** `stockyard market`: the exchange calendar. Only `check` asks a vendor: the calendar is built in, with what was recorded since. */
import type { Command } from 'commander'
import type { Calendar, Session } from '../domain/calendar/calendar.ts'
import { requireReach } from '../domain/calendar/reach.ts'
import { DAY_MS, formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import type { Define, Run } from './commands.ts'
import { formatInstant, formatWallTime, formatWeekday, readMoment } from './instant-option.ts'
import { addExamples, addPeriod, checkPeriod, type Period } from './options.ts'
import { defineCheck } from './market-check.ts'
import { defineChanges, exchangeOption, openMarketCalendars } from './market-changes.ts'
import { writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatSpan, formatTable } from './table.ts'

interface MarketOptions {
  readonly json?: boolean
  readonly exchange: string
  readonly at?: string
}

interface SessionsOptions extends MarketOptions, Period {}

/** Days that `market sessions` shows where no end is given. */
const SESSIONS_DAYS = 31
/** Years that one answer may span; a wider one is a slip of the keyboard. */
const SESSIONS_DAYS_MAX = 366 * 150

export const define: Define = (command, run) => {
  defineIsOpen(command, run)
  defineNext(command, run)
  defineSessions(command, run)
  defineChanges(command, run)
  defineCheck(command, run)
  addExamples(command, [
    ['market is-open && stockyard fetch AAPL -i 5m', 'fetch while the exchange trades'],
    ['market next', 'when it opens next'],
    ['market sessions --from 2024-12-01 --until 2025-02-01', 'sessions with their hours'],
    ['market close 2025-01-09 --reason "Mourning"', 'record a closure that nobody announced'],
  ])
}

function defineIsOpen(market: Command, run: Run): void {
  const command = market
    .command('is-open')
    .description('Say whether the exchange trades: exit 0 while it is open, 1 while it is closed.')
    .addOption(exchangeOption())
    .option(
      '--at <time>',
      'another time than now: with Z or an offset, or on the exchange’s clock; a date alone asks whether it trades that day',
    )
    .action((options: MarketOptions) => run(options, (context) => isOpen(context, options)))
  addExamples(command, [
    ['market is-open', 'now'],
    ['market is-open --at 2024-07-03T17:30:00Z', 'half an hour after an early close: exit 1'],
    ['market is-open --at 2024-07-04', 'a holiday: exit 1'],
  ])
}

async function isOpen(context: CommandContext, options: MarketOptions): Promise<number> {
  const calendar = (await openMarketCalendars(context))(options.exchange)
  const moment = momentOf(context, options, calendar)
  const day = 'day' in moment ? moment.day : calendar.localDay(moment.instant)
  const session = calendar.session(day)
  const open = 'day' in moment ? session !== null : calendar.isOpen(moment.instant)
  const at = 'day' in moment ? formatDate(moment.day) : formatInstant(moment.instant)
  await tellOfRule(context, calendar, day)
  if (context.json) {
    const { exchange } = calendar
    const shown = session === null ? null : sessionJson(session)
    await writeJson(context.stdout, { exchange, at, open, session: shown })
  } else {
    const state = open ? context.stdout.paint('green', 'open') : 'closed'
    const hours = session === null ? 'no session that day' : hoursText(session, calendar)
    await context.stdout.write(`${calendar.exchange} ${state}: ${formatWeekday(day)}, ${hours}\n`)
  }
  return open ? 0 : 1
}

function defineNext(market: Command, run: Run): void {
  const command = market
    .command('next')
    .description('Say when the exchange opens next.')
    .addOption(exchangeOption())
    .option('--at <time>', 'seen from another time than now')
    .action((options: MarketOptions) => run(options, (context) => next(context, options)))
  addExamples(command, [
    ['market next', 'from now'],
    ['market next --at 2024-07-03T20:00:00Z --json', 'over a holiday, for a script'],
  ])
}

async function next(context: CommandContext, options: MarketOptions): Promise<void> {
  const calendar = (await openMarketCalendars(context))(options.exchange)
  const moment = momentOf(context, options, calendar)
  const instant = 'day' in moment ? calendar.instantAt(moment.day, 0) : moment.instant
  const session = calendar.nextSession(instant)
  await tellOfRule(context, calendar, session.day)
  if (context.json) {
    const at = formatInstant(instant)
    await writeJson(context.stdout, {
      exchange: calendar.exchange,
      at,
      ...sessionJson(session),
      opens_in_s: Math.round((session.open - instant) / 1000),
    })
    return
  }
  await context.stdout.write(
    `${calendar.exchange} opens ${formatWeekday(session.day)}, ${hoursText(session, calendar)}; ` +
      `in ${formatSpan(session.open - instant)}\n`,
  )
}

function defineSessions(market: Command, run: Run): void {
  const command = market
    .command('sessions')
    .description(`List sessions: from today for ${SESSIONS_DAYS} days, or over a period.`)
    .addOption(exchangeOption())
  addPeriod(command).action((options: SessionsOptions) =>
    run(options, (context) => sessions(context, options)),
  )
  addExamples(command, [
    ['market sessions', 'the coming ones'],
    ['market sessions --from 2024-07-01 --until 2024-07-08', 'around a holiday'],
    ['market sessions --from 2024-01-01 --until 2025-01-01 --json', 'a year, for a script'],
  ])
}

async function sessions(context: CommandContext, options: SessionsOptions): Promise<void> {
  checkPeriod(options)
  const calendar = (await openMarketCalendars(context))(options.exchange)
  const until = options.until ?? undefined
  const from = options.from ?? startBefore(until) ?? calendar.localDay(context.clock.now())
  const end = until ?? from + SESSIONS_DAYS * DAY_MS
  checkSpan(calendar, from, end)
  const found = calendar.sessions(from, end)
  await tellOfRule(context, calendar, end - DAY_MS)
  if (context.json) {
    await writeJson(context.stdout, found.map(sessionJson))
    return
  }
  const pauses = {
    title: 'break',
    value: ({ breaks }: Session) => breaks.map((span) => spanText(span, calendar, '–')).join(', '),
  }
  const table = formatTable(
    context.stdout,
    [
      { title: 'session', value: (session) => formatWeekday(session.day) },
      { title: 'open', value: (session) => formatWallTime(session.open, calendar) },
      { title: 'close', value: (session) => formatWallTime(session.close, calendar) },
      ...(found.some(({ breaks }) => breaks.length > 0) ? [pauses] : []),
      { title: 'open UTC', value: (session) => formatInstant(session.open) },
      { title: 'close UTC', value: (session) => formatInstant(session.close) },
      { title: '', value: (session) => (session.early ? 'early close' : '') },
    ],
    found,
  )
  await context.stdout.write(table)
  await context.stderr.write(
    `${found.length} ${found.length === 1 ? 'session' : 'sessions'} of ${calendar.exchange}; open and close in ${calendar.timeZone}\n`,
  )
}

function startBefore(until: number | undefined): number | undefined {
  return until === undefined ? undefined : until - SESSIONS_DAYS * DAY_MS
}

function checkSpan(calendar: Calendar, from: number, until: number): void {
  requireReach(calendar, from)
  requireReach(calendar, until)
  if (until - from <= SESSIONS_DAYS_MAX * DAY_MS) return
  throw new StockyardError('usage', 'PERIOD_TOO_LONG', 'The period spans more than 150 years.', {
    hint: 'Check the years of --from and --until.',
  })
}

function momentOf(context: CommandContext, options: MarketOptions, calendar: Calendar) {
  if (options.at === undefined) return { instant: context.clock.now() }
  const moment = readMoment(options.at, calendar)
  requireReach(calendar, 'day' in moment ? moment.day : calendar.localDay(moment.instant))
  return moment
}

/** A day after those whose holidays were announced is a guess, and is told as one. */
async function tellOfRule(
  { stderr }: CommandContext,
  { exchange, knownUntil }: Calendar,
  day: number,
): Promise<void> {
  if (day <= knownUntil) return
  const known = formatDate(knownUntil)
  await stderr.write(`The holidays of ${exchange} after ${known} are by rule; some will differ.\n`)
}

/** A session as scripts read it: instants in UTC. */
function sessionJson(session: Session) {
  return {
    session: formatDate(session.day),
    open: formatInstant(session.open),
    close: formatInstant(session.close),
    breaks: session.breaks.map(([start, end]) => [formatInstant(start), formatInstant(end)]),
  }
}

function hoursText(session: Session, calendar: Calendar): string {
  const edges = [session.open, ...session.breaks.flat(), session.close]
  const spans = []
  for (let i = 0; i < edges.length; i += 2) {
    spans.push(spanText([edges[i]!, edges[i + 1]!], calendar, ' to '))
  }
  return `${spans.join(', ')} ${calendar.timeZone}${session.early ? ' (early close)' : ''}`
}

function spanText(
  [start, end]: readonly [number, number],
  calendar: Calendar,
  between: string,
): string {
  return formatWallTime(start, calendar) + between + formatWallTime(end, calendar)
}
