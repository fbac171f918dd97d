/** `stockyard market check`: what a vendor knows of the days ahead, or of now, held against the calendar. */
import type { Command } from 'commander'
import { announcedDifferences, type AnnouncedDifference } from '../domain/calendar/announced.ts'
import type { Calendar } from '../domain/calendar/calendar.ts'
import { findCalendar, getCalendar } from '../domain/calendar/registry.ts'
import { formatDate } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import {
  parseMarketNow,
  parseMarketUpcoming,
  requestMarketNow,
  requestMarketUpcoming,
} from '../providers/polygon/market-status.ts'
import { polygon } from '../providers/polygon/index.ts'
import { askVendor } from './ask-vendor.ts'
import type { Run } from './commands.ts'
import { formatInstant, formatWallTime, formatWeekday } from './instant-option.ts'
import { exchangeOption, openMarketCalendars } from './market-changes.ts'
import { addExamples } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'

interface CheckOptions {
  readonly json?: boolean
  readonly exchange: string
  readonly now?: boolean
}

export function defineCheck(market: Command, run: Run): void {
  const command = market
    .command('check')
    .description(
      'Hold the days ahead that Polygon announces against the calendar: exit 1 where they differ.',
    )
    .addOption(exchangeOption())
    .option('--now', 'ask in place of them whether the exchange is open now')
    .action((options: CheckOptions) => run(options, (context) => check(context, options)))
  addExamples(command, [
    ['market check', 'one call of the budget of Polygon; prints what would record each difference'],
    ['market check --now', 'in the morning: exit 1 where it is closed and nobody announced it'],
    ['market check --exchange XNAS --json', 'for a script'],
  ])
}

async function check(context: CommandContext, { exchange, now }: CheckOptions): Promise<number> {
  const calendar = (await openMarketCalendars(context))(exchange)
  // Said before a call is spent: the vendor follows the exchanges of the United States alone.
  if (calendar.exchange !== getCalendar('XNYS').exchange) throw notAnnounced(calendar)
  return now === true ? await checkNow(context, calendar) : await checkAhead(context, calendar)
}

/** At the instant of the vendor's clock, so that ours may be wrong. */
async function checkNow(context: CommandContext, calendar: Calendar): Promise<number> {
  const answer = await askVendor(context, polygon, requestMarketNow(), parseMarketNow)
  // The vendor names exchanges in its own words.
  const own = Object.entries(answer.exchanges).find(
    ([name]) => findCalendar(name.toUpperCase())?.exchange === calendar.exchange,
  )
  if (own === undefined) throw notAnnounced(calendar)
  const at = answer.serverTime
  const [isOpen, expected] = [own[1] === 'open', calendar.isOpen(at)]
  const day = calendar.localDay(at)
  const close = `stockyard market close ${formatDate(day)} --exchange ${calendar.exchange}`
  const reason = '--reason "Not announced"'
  // The vendor does not say whether it was open before.
  const commands =
    expected && !isOpen
      ? [`${close} ${reason}`, `${close} --at ${formatWallTime(at, calendar)} ${reason}`]
      : []
  if (context.json) {
    await writeJson(context.stdout, {
      exchange: calendar.exchange,
      at: formatInstant(at),
      announced_open: isOpen,
      calendar_open: expected,
      commands,
    })
  } else {
    const when = `${formatWeekday(day)} ${formatWallTime(at, calendar)}`
    const said = `${when}: Polygon says ${stateOf(isOpen)}, the calendar ${stateOf(expected)}`
    await context.stdout.write(`${calendar.exchange}, ${said}\n`)
    const [whole, rest] = commands
    if (whole !== undefined) {
      await context.stdout.write(`where it did not open:  ${whole}\nwhere it did:  ${rest}\n`)
    }
  }
  return isOpen === expected ? 0 : 1
}

function stateOf(isOpen: boolean): string {
  return isOpen ? 'open' : 'closed'
}

async function checkAhead(context: CommandContext, calendar: Calendar): Promise<number> {
  const { days } = await askVendor(context, polygon, requestMarketUpcoming(), parseMarketUpcoming)
  // The vendor names exchanges in its own words; those without a calendar are passed over.
  const own = days.filter((day) => findCalendar(day.exchange)?.exchange === calendar.exchange)
  if (own.length === 0) throw notAnnounced(calendar)
  const found = announcedDifferences(calendar, own)
  if (context.json) {
    const { exchange: mic } = calendar
    await writeJson(context.stdout, {
      exchange: mic,
      announced: new Set(own.map(({ day }) => day)).size,
      differences: found.map((one) => ({
        session: formatDate(one.day),
        name: one.name,
        announced_close: one.announced === null ? null : formatInstant(one.announced),
        calendar_close: one.calendar === null ? null : formatInstant(one.calendar),
        command: commandOf(one, calendar),
      })),
    })
  } else if (found.length === 0) {
    await context.stdout.write(`${calendar.exchange} is as Polygon announces it.\n`)
  } else {
    for (const one of found) {
      const said = hoursText(one.announced, calendar)
      const known = hoursText(one.calendar, calendar)
      const text = `${formatWeekday(one.day)}: Polygon says ${said} (${plainText(one.name)}), the calendar ${known}`
      await context.stdout.write(`${text}\n  ${commandOf(one, calendar)}\n`)
    }
  }
  return found.length === 0 ? 0 : 1
}

function hoursText(close: number | null, calendar: Calendar): string {
  return close === null ? 'closed' : `until ${formatWallTime(close, calendar)}`
}

function commandOf(
  { day, name, announced, calendar: known }: AnnouncedDifference,
  calendar: Calendar,
): string {
  // Nothing of a vendor's text may mean something to a shell.
  const words = name.replaceAll(/[^\p{L}\p{N} .,'()-]/gu, '').trim() || 'Announced'
  const reason = `--reason "${words}"`
  const base = `${formatDate(day)} --exchange ${calendar.exchange}`
  if (announced === null) return `stockyard market close ${base} ${reason}`
  const close = `stockyard market close ${base} --at ${formatWallTime(announced, calendar)} ${reason}`
  if (known !== null) return close
  const usual = calendar.nextSession(calendar.instantAt(day, 0))
  return `stockyard market open ${base} --at ${formatWallTime(usual.open, calendar)} ${reason} && ${close}`
}

function notAnnounced({ exchange }: Calendar): StockyardError {
  const sentence = `Polygon announces no days of ${exchange}.`
  return new StockyardError('not-found', 'NOT_OFFERED', sentence, {
    hint: 'It knows the exchanges of the United States: --exchange XNYS.',
  })
}
