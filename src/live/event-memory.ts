/** The newest events as they are sent, in order and without a hole, up to where the store was read. */
import type { EventPage, StoredEvent } from '../db/events.ts'
import { eventData } from '../query/events.ts'
import { formatEventId } from './event-id.ts'

/** An event as it is sent. */
export interface LoggedEvent extends Pick<StoredEvent, 'id' | 'type' | 'symbol' | 'interval'> {
  /** Its block of the stream. */
  readonly text: string
}

/** Some events after an id, and up to which id that is all. */
export interface Stretch {
  readonly events: readonly LoggedEvent[]
  readonly end: number
}

export interface EventMemory {
  /** Forgets all, and begins where the store can be read up to now. */
  begin(page: EventPage): void
  /** Takes what was read after `end` with such a limit. */
  add(page: EventPage, limit: number): void
  history(): string
  end(): number
  /** True where all events after an id that were read are there. */
  holds(id: number): boolean
  /** At most so many events after an id; null where it does not hold them. */
  after(id: number, limit: number): Stretch | null
}

export function makeEventMemory(keptMax: number): EventMemory {
  let history = ''
  let events: LoggedEvent[] = []
  /** All events after it, up to the end, are there. */
  let start = 0
  let end = 0

  /** The index of the first event after an id. */
  function indexAfter(id: number): number {
    let low = 0
    let high = events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (events[middle]!.id <= id) low = middle + 1
      else high = middle
    }
    return low
  }

  const holds = (id: number) => start <= id && id <= end
  return {
    begin: (page) => {
      history = page.history
      events = []
      start = page.horizon
      end = start
    },
    add: (page, limit) => {
      const stretch = stretchOf(page, end, limit)
      events.push(...stretch.events)
      end = stretch.end
      // A fifth at a time, so that the array is not moved for each event.
      if (events.length <= keptMax * 1.2) return
      const gone = events.splice(0, events.length - keptMax)
      start = gone.at(-1)!.id
    },
    history: () => history,
    end: () => end,
    holds,
    after: (id, limit) => {
      if (!holds(id)) return null
      const from = indexAfter(id)
      const some = events.slice(from, from + limit)
      const isAll = from + some.length === events.length
      return { events: some, end: isAll ? end : some.at(-1)!.id }
    },
  }
}

/** What was read after an id with a limit, and up to where that is all. */
export function stretchOf(page: EventPage, after: number, limit: number): Stretch {
  const { history, horizon } = page
  const events = page.events.map((event) => {
    const { id, type, symbol, interval } = event
    const data = JSON.stringify(eventData(event))
    const text = `id: ${formatEventId({ history, id })}\nevent: ${type}\ndata: ${data}\n\n`
    return { id, type, symbol, interval, text }
  })
  const isAll = events.length < limit
  return { events, end: isAll ? Math.max(horizon, after) : events.at(-1)!.id }
}
