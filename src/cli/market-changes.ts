/**
 * `stockyard market close` and `open`: what nobody announced in time. With a server of one's own it is
 * recorded in the store, for all hosts; else in a file of the home, so that no database need run to ask for
 * it, and in the embedded database where there is one.
 */
import { Option, type Command } from 'commander'
import { deleteClosure, listClosures, putClosure } from '../db/closures.ts'
import type { Pool } from '../db/connect.ts'
import { clusterPaths, hasCluster } from '../db/embedded/cluster.ts'
import { applyCalendarChanges, type CalendarChange } from '../domain/calendar/changes.ts'
import { getCalendar } from '../domain/calendar/registry.ts'
import { formatDate, requireDay } from '../domain/date.ts'
import { messageOf, StockyardError } from '../domain/error.ts'
import {
  openCalendars,
  readClosures,
  writeClosure,
  type CalendarOf,
} from '../load/open-calendars.ts'
import type { Run } from './commands.ts'
import { ensureHome } from './home-folder.ts'
import { formatInstant, formatWallTime, formatWeekday } from './instant-option.ts'
import { addExamples } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'

interface ChangeOptions {
  readonly json?: boolean
  readonly exchange: string
  readonly at?: Time
  readonly reason?: string
}

type Time = NonNullable<CalendarChange['open']>

/** `--exchange`, by its market code or another of its names. */
export function exchangeOption(): Option {
  return new Option('--exchange <mic>', 'the exchange, by its market code or name').default('XNYS')
}

/**
 * The calendars with what was recorded. A server that cannot be reached is told of and passed over: the
 * calendar that is built in and the file are still an answer.
 */
export async function openMarketCalendars(context: CommandContext): Promise<CalendarOf> {
  const config = await context.config()
  if (config.databaseUrl === undefined) return await openCalendars(null, config.home)
  try {
    const store = await context.openStore()
    return await openCalendars(store.pool, config.home)
  } catch (error) {
    if (error instanceof StockyardError && error.kind !== 'database') throw error
    const why = plainText(messageOf(error))
    await context.stderr.write(`Closures of the store are not known: ${why}\n`)
    return await openCalendars(null, config.home)
  }
}

export function defineChanges(market: Command, run: Run): void {
  const close = market
    .command('close')
    .description('Record a day on which an exchange is closed, or closes early, unannounced.')
    .argument('<date>', 'the day, YYYY-MM-DD')
    .addOption(exchangeOption())
    .addOption(timeOption('closes early, at this time of the exchange'))
    .requiredOption('--reason <words>', 'why, for those who see it later')
    .action((date: string, options: ChangeOptions) =>
      run(options, (context) => record(context, 'close', date, options)),
    )
  addExamples(close, [
    ['market close 2025-01-09 --reason "Mourning for Jimmy Carter"', 'all day'],
    ['market close 2026-07-02 --at 13:00 --reason "Power cut"', 'from then on'],
  ])
  const open = market
    .command('open')
    .description('Take back what was recorded for a day; with --at, record another opening.')
    .argument('<date>', 'the day, YYYY-MM-DD')
    .addOption(exchangeOption())
    .addOption(timeOption('opens at this time of the exchange; a day without a session gets one'))
    .option('--reason <words>', 'why, for those who see it later', '')
    .action((date: string, options: ChangeOptions) =>
      run(options, (context) => record(context, 'open', date, options)),
    )
  addExamples(open, [
    ['market open 2025-01-09', 'as the calendar has it'],
    ['market open 2026-07-02 --at 10:30 --reason "Late start"', 'later than usual'],
  ])
}

function timeOption(description: string): Option {
  return new Option('--at <time>', description).argParser((text): Time => {
    if (/^([01]\d|2[0-3]):[0-5]\d$/.test(text.trim())) return text.trim() as Time
    throw new StockyardError('usage', 'TIME_INVALID', `--at ${JSON.stringify(text)} is no time.`, {
      hint: 'Write a time of the exchange’s clock, such as 13:00.',
    })
  })
}

async function record(
  context: CommandContext,
  what: 'open' | 'close',
  date: string,
  options: ChangeOptions,
): Promise<void> {
  const { exchange } = getCalendar(options.exchange)
  const day = requireDay(date, 'the date')
  const book = await openBook(context)
  const before = (await book.list()).find((one) => one.exchange === exchange && one.day === day)
  const change = changeOf(what, exchange, day, options, before)
  // Refuses what makes no session before it is written.
  if (change !== null) applyCalendarChanges(getCalendar(exchange), [change])
  await book.put(exchange, day, change)
  await tell(context, exchange, day)
}

/** Null where the built-in calendar is to hold again. */
function changeOf(
  what: 'open' | 'close',
  exchange: string,
  day: number,
  options: ChangeOptions,
  before: CalendarChange | undefined,
): CalendarChange | null {
  const reason = plainText(options.reason ?? '').trim()
  if (options.at === undefined && what === 'open') {
    if (getCalendar(exchange).session(day) !== null) return null
    const sentence = `${exchange} has no session on ${formatDate(day)} by its calendar.`
    throw new StockyardError('usage', 'SESSION_NOT_FOUND', sentence, {
      hint: 'If it trades all the same, say from when: --at 09:30.',
    })
  }
  if (options.at === undefined) return { exchange, day, closed: true, reason }
  const hours = what === 'open' ? { open: options.at } : { close: options.at }
  const same = before === undefined || before.closed ? {} : before
  return { ...same, exchange, day, closed: false, reason, ...hours }
}

/** Where changes are recorded. */
interface Book {
  list(): Promise<CalendarChange[]>
  put(exchange: string, day: number, change: CalendarChange | null): Promise<void>
}

async function openBook(context: CommandContext): Promise<Book> {
  const { databaseUrl, home } = await context.config()
  if (databaseUrl === undefined) {
    await ensureHome(home)
    return {
      list: () => readClosures(home),
      put: async (exchange, day, change) => {
        await writeClosure(home, exchange, day, change)
        if (!hasCluster(clusterPaths(home))) return
        await storeChange((await context.openStore()).pool, exchange, day, change)
      },
    }
  }
  const { pool } = await context.openStore()
  return {
    list: () => listClosures(pool),
    put: (exchange, day, change) => storeChange(pool, exchange, day, change),
  }
}

async function storeChange(
  pool: Pool,
  exchange: string,
  day: number,
  change: CalendarChange | null,
): Promise<void> {
  if (change === null) await deleteClosure(pool, exchange, day)
  else await putClosure(pool, change)
}

async function tell(context: CommandContext, exchange: string, day: number): Promise<void> {
  const calendar = (await openMarketCalendars(context))(exchange)
  const session = calendar.session(day)
  if (context.json) {
    await writeJson(context.stdout, {
      exchange,
      session: formatDate(day),
      open: session === null ? null : formatInstant(session.open),
      close: session === null ? null : formatInstant(session.close),
    })
    return
  }
  const [open, close] = [session?.open, session?.close].map((instant) =>
    instant === undefined ? '' : formatWallTime(instant, calendar),
  )
  const state = session === null ? 'closed' : `open from ${open} to ${close} ${calendar.timeZone}`
  await context.stdout.write(`${exchange} is ${state} on ${formatWeekday(day)}.\n`)
}
