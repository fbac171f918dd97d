/**
 * The newest events, read from the store once for all streams of a process, in order. Reads while somebody
 * follows it. Notices of the database only wake it, so that nothing is lost where they are.
 */
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/connect.ts'
import { readEvents } from '../db/events.ts'
import { messageOf } from '../domain/error.ts'
import { redact, type Logger } from '../log.ts'
import { makeEventMemory, stretchOf, type EventMemory, type Stretch } from './event-memory.ts'
import { makeEventBell } from './event-bell.ts'

export interface EventLogOptions {
  /** Whose settings the connection that listens has. */
  readonly pool: Pool
  readonly readPool: Pool
  readonly clock: Clock
  readonly log: Logger
  /** Events in memory at most; absent: some thousands. */
  readonly keptMax?: number
}

/** Is told when there may be more, and about every second anyway. */
export type Follower = () => void

/** Why the events after an id cannot be had: they were removed, or the id is of no event here. */
export type Lost = 'removed' | 'unknown'

export interface EventLog {
  /** Follows it until `leave`. @throws what reading the store throws, for the first one to follow */
  follow(follower: Follower): Promise<void>
  leave(follower: Follower): void
  /** Which history ids are of; becomes another one where the database does. */
  history(): string
  /** Up to where it has read. */
  end(): number
  /** Some events after an id, from memory or else from the store. @throws what reading the store throws */
  after(id: number): Promise<Stretch | Lost>
  /** Why a stream cannot go on after an id of this history, or null. @throws what reading the store throws */
  check(id: number): Promise<Lost | null>
  close(): Promise<void>
}

/** Some 5 MB. */
const KEPT_MAX = 5000
/** Events that come from the store in one go. */
const READ_MAX = 100
/** Between looks where nothing wakes: what is loaded into the past tells nobody. */
const LOOK_MS = 1000
/** Between looks at least, so that a thousand loads a second are not a thousand looks. */
const PAUSE_MS = 20

/** A log that reads nothing until it is followed. */
export function makeEventLog(options: EventLogOptions): EventLog {
  const { readPool } = options
  const followers = new Set<Follower>()
  const memory = makeEventMemory(options.keptMax ?? KEPT_MAX)
  let stop: AbortController | null = null
  let running: Promise<void> = Promise.resolve()
  let beginning: Promise<void> | null = null

  async function begin(): Promise<void> {
    await running
    memory.begin(await readEvents(readPool, null, 0))
    if (followers.size === 0) return
    stop = new AbortController()
    running = keepReading(options, memory, stop.signal, () => {
      for (const follower of followers) follower()
    })
  }

  function halt(): void {
    stop?.abort()
    stop = null
  }

  async function read(id: number, limit: number): Promise<Stretch | Lost> {
    const page = await readEvents(readPool, id, limit)
    if (page.history !== memory.history() || id > page.last) return 'unknown'
    return id < page.removed ? 'removed' : stretchOf(page, id, limit)
  }

  return {
    follow: async (follower) => {
      followers.add(follower)
      try {
        if (stop === null) beginning ??= begin().finally(() => (beginning = null))
        await beginning
      } catch (error) {
        followers.delete(follower)
        throw error
      }
    },
    leave: (follower) => {
      followers.delete(follower)
      if (followers.size === 0) halt()
    },
    history: memory.history,
    end: memory.end,
    after: async (id) => memory.after(id, READ_MAX) ?? (await read(id, READ_MAX)),
    check: async (id) => {
      if (memory.holds(id)) return null
      const found = await read(id, 1)
      return typeof found === 'string' ? found : null
    },
    close: async () => {
      halt()
      await running
    },
  }
}

/** Reads what comes, until the signal is aborted; says when there is more, and about every second anyway. */
async function keepReading(
  { pool, readPool, clock, log }: EventLogOptions,
  memory: EventMemory,
  signal: AbortSignal,
  wake: () => void,
): Promise<void> {
  const bell = makeEventBell(pool, { clock, log })
  let isWell = true
  let heldMs = PAUSE_MS
  let wokenAt = 0
  while (!signal.aborted) {
    await bell.listen()
    let waitMs = LOOK_MS
    let isNews = false
    try {
      const page = await readEvents(readPool, memory.end(), READ_MAX)
      isNews = page.history !== memory.history() || page.events.length > 0
      if (page.history === memory.history()) memory.add(page, READ_MAX)
      else memory.begin(page)
      // A transaction that told something goes on: nobody rings when it is rolled back.
      const isHeld = page.horizon < page.last
      heldMs = isNews || !isHeld ? PAUSE_MS : Math.min(heldMs * 2, LOOK_MS)
      if (isHeld) waitMs = heldMs
      if (page.events.length === READ_MAX) waitMs = 0
      isWell = true
    } catch (error) {
      const reason = redact(messageOf(error))
      if (isWell) log.warn({ reason }, 'events cannot be read; that is tried again every second')
      isWell = false
    }
    const now = clock.now()
    if (isNews || Math.abs(now - wokenAt) >= LOOK_MS) {
      wokenAt = now
      wake()
    }
    await bell.pause(PAUSE_MS, signal)
    await bell.wait(waitMs, signal)
  }
  await bell.close()
}
