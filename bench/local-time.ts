/**
 * From an exchange's clock to UTC, and from UTC to the session, beside a date library that does the same: the
 * minutes of twenty years of New York, in order as bars come, and in no order.
 */
import { Temporal } from 'temporal-polyfill'
import { getCalendar } from '../src/domain/calendar/registry.ts'
import { DAY_MS, parseDay } from '../src/domain/date.ts'

const FROM = parseDay('2005-01-01')
const DAYS = 7_305
const TIMES = 2_000_000
/** The library is asked for fewer, and for the same ones. */
const PEER_TIMES = 20_000
const MINUTES_A_DAY = 1_440
const ROUNDS = 5
const calendar = getCalendar('XNYS')

interface WallTimes {
  readonly days: Float64Array
  readonly minutes: Float64Array
}

interface Speed {
  readonly millionsASecond: number
  readonly timesTheLibrary: number
}

/** Measures both ways, and fails where the library gives another answer. */
export function benchLocalTime(): Record<string, Speed | number> {
  const inOrder = makeTimes((i) => i / TIMES)
  // Steps by the golden ratio visit all years evenly, and two after one another are never near.
  const shuffled = makeTimes((i) => (i * 0.618_033_988_749_895) % 1)
  const instants = Float64Array.from(inOrder.days, (day, i) =>
    calendar.instantAt(day, inOrder.minutes[i]!),
  )
  return {
    times: TIMES,
    localToUtc: compare(inOrder),
    localToUtcInNoOrder: compare(shuffled),
    sessionOfInstantMillionsASecond: rate(TIMES, () => countInSession(instants)),
  }
}

function makeTimes(shareAt: (index: number) => number): WallTimes {
  const days = new Float64Array(TIMES)
  const minutes = new Float64Array(TIMES)
  for (let i = 0; i < TIMES; i += 1) {
    const minute = Math.floor(shareAt(i) * DAYS * MINUTES_A_DAY)
    days[i] = FROM + Math.floor(minute / MINUTES_A_DAY) * DAY_MS
    minutes[i] = minute % MINUTES_A_DAY
  }
  return { days, minutes }
}

function compare(times: WallTimes): Speed {
  const step = TIMES / PEER_TIMES
  const wanted: Temporal.PlainDateTime[] = []
  for (let i = 0; i < TIMES; i += step) {
    const wall = new Date(times.days[i]! + times.minutes[i]! * 60_000)
    wanted.push(Temporal.PlainDateTime.from(wall.toISOString().slice(0, 19)))
  }
  const peer = wanted.map((wall) => wall.toZonedDateTime(calendar.timeZone).epochMilliseconds)
  peer.forEach((instant, i) => {
    const ours = calendar.instantAt(times.days[i * step]!, times.minutes[i * step]!)
    if (ours !== instant) throw new Error(`${wanted[i]!.toString()}: ${ours}, not ${instant}`)
  })
  const millionsASecond = rate(TIMES, () => sumInstants(times))
  const peerMillionsASecond = rate(PEER_TIMES, () => {
    let sum = 0
    for (const wall of wanted) sum += wall.toZonedDateTime(calendar.timeZone).epochMilliseconds
    return sum
  })
  return { millionsASecond, timesTheLibrary: Math.round(millionsASecond / peerMillionsASecond) }
}

function sumInstants({ days, minutes }: WallTimes): number {
  let sum = 0
  for (let i = 0; i < days.length; i += 1) sum += calendar.instantAt(days[i]!, minutes[i]!)
  return sum
}

function countInSession(instants: Float64Array): number {
  let count = 0
  for (const instant of instants) if (calendar.sessionAt(instant) !== null) count += 1
  return count
}

/** Millions a second in the median round. */
function rate(times: number, work: () => number): number {
  const seconds: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now()
    if (Number.isNaN(work())) throw new Error('a time was no instant')
    seconds.push((performance.now() - start) / 1000)
  }
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!
  return Number((times / median / 1e6).toPrecision(3))
}
