/**
 * The stream of one client: blocks of server-sent events after an id, heartbeats between them, and its end.
 * It makes a block when the client has taken the one before, so that a slow client costs no memory.
 */
import type { Clock } from '../clock.ts'
import { messageOf, type StockyardError } from '../domain/error.ts'
import { redact, type Logger } from '../log.ts'
import { formatEventId, type EventPlace } from './event-id.ts'
import type { EventLog, Lost } from './event-log.ts'
import type { LoggedEvent } from './event-memory.ts'

export interface EventStreamOptions {
  readonly events: EventLog
  readonly clock: Clock
  readonly log: Logger
  /** After which event to go on; null begins now. */
  readonly after: EventPlace | null
  readonly wants: (event: LoggedEvent) => boolean
  /** Why the client may not go on, or null; asked from time to time. */
  readonly refusal: () => Promise<StockyardError | null>
  /** Called when the client has not taken a block for too long: cuts the connection. */
  readonly onStalled: () => void
  readonly timing?: StreamTiming
}

export interface StreamTiming {
  /** Between heartbeats, and between questions whether the client may go on. */
  readonly heartbeatMs: number
  /** A client that takes nothing for so long is cut. */
  readonly stallMs: number
}

const TIMING: StreamTiming = { heartbeatMs: 15_000, stallMs: 30_000 }
/** What clients wait before they come again. */
const RETRY_MS = 2000

export interface EventStream {
  readonly blocks: AsyncGenerator<string, void, undefined>
  /** Ends the stream with a last block that says why. */
  end(reason: StockyardError): void
  /** To be called when the client is gone. */
  leave(): void
}

interface State {
  readonly options: EventStreamOptions
  readonly timing: StreamTiming
  history: string
  /** Of the last event that it has, or left out. */
  id: number
  /** Why it cannot go on where the client was. */
  lost: Lost | null
  /** When a block was made that the client has not taken yet; null: it waits for one. */
  offeredAt: number | null
  sentAt: number
  checkedAt: number
  reason: StockyardError | null
  isGone: boolean
  isWoken: boolean
  wake: () => void
}

/** Opens a stream. @throws what reading the store throws */
export async function openEventStream(options: EventStreamOptions): Promise<EventStream> {
  const { events, clock, after } = options
  const state: State = {
    options,
    timing: options.timing ?? TIMING,
    history: '',
    id: 0,
    lost: null,
    offeredAt: null,
    sentAt: clock.now(),
    checkedAt: clock.now(),
    reason: null,
    isGone: false,
    isWoken: false,
    wake: () => {},
  }
  const follower = () => {
    rouse(state)
    if (state.offeredAt === null) return
    if (Math.abs(clock.now() - state.offeredAt) >= state.timing.stallMs) options.onStalled()
  }
  const leave = () => {
    state.isGone = true
    events.leave(follower)
    rouse(state)
  }
  await events.follow(follower)
  try {
    if (after !== null) {
      state.lost = after.history === events.history() ? await events.check(after.id) : 'unknown'
    }
  } catch (error) {
    events.leave(follower)
    throw error
  }
  state.history = events.history()
  state.id = after === null || state.lost !== null ? events.end() : after.id
  return {
    blocks: blocksOf(state, leave),
    end: (reason) => {
      state.reason = reason
      rouse(state)
    },
    leave,
  }
}

function rouse(state: State): void {
  state.isWoken = true
  state.wake()
}

async function* blocksOf(state: State, leave: () => void): AsyncGenerator<string, void, undefined> {
  const { clock } = state.options
  const offer = (block: string) => {
    state.sentAt = clock.now()
    state.offeredAt = state.sentAt
    return block
  }
  try {
    yield offer(`retry: ${RETRY_MS}\n${placeBlock(state)}`)
    while (!state.isGone) {
      state.offeredAt = null
      state.isWoken = false
      await askWhetherAllowed(state)
      if (state.reason !== null) {
        yield offer(endBlock(state.reason))
        return
      }
      const block = (await newsBlock(state)) ?? heartbeat(state)
      if (block !== null) yield offer(block)
      else await rest(state)
    }
  } finally {
    leave()
  }
}

async function rest(state: State): Promise<void> {
  if (state.isWoken) return
  await new Promise<void>((resolve) => {
    state.wake = resolve
  })
}

/** The next events that the client wants; null where there are none yet. */
async function newsBlock(state: State): Promise<string | null> {
  const { events, wants, log } = state.options
  if (state.history !== events.history()) state.lost = 'unknown'
  for (;;) {
    if (state.lost !== null) return resetBlock(state, state.lost)
    try {
      const stretch = await events.after(state.id)
      if (typeof stretch === 'string') {
        state.lost = stretch
        continue
      }
      state.id = stretch.end
      const wanted = stretch.events.filter(wants)
      if (wanted.length > 0) return wanted.map(({ text }) => text).join('')
      if (stretch.events.length === 0 || state.isGone) return null
    } catch (error) {
      // The store is away; whoever follows is woken again in a second.
      log.debug({ reason: redact(messageOf(error)) }, 'events cannot be read')
      return null
    }
  }
}

/** Finds out from time to time whether the client may go on. */
async function askWhetherAllowed(state: State): Promise<void> {
  const { clock, refusal } = state.options
  const now = clock.now()
  if (Math.abs(now - state.checkedAt) < state.timing.heartbeatMs) return
  state.checkedAt = now
  state.reason ??= await refusal()
}

/**
 * A sign of life where nothing was sent for a while. It says where the client is, so that one that wants
 * little does not fall behind by what it left out.
 */
function heartbeat(state: State): string | null {
  const quietMs = Math.abs(state.options.clock.now() - state.sentAt)
  return quietMs < state.timing.heartbeatMs ? null : `: heartbeat\n${placeBlock(state)}`
}

/** Tells the client where it is, without an event. */
function placeBlock(state: State): string {
  return `id: ${formatEventId(state)}\n\n`
}

const LOST_TEXTS: Readonly<Record<Lost, string>> = {
  removed: 'Events after the one that was named are not kept any more.',
  unknown: 'The event that was named is not of this database.',
}

/** Says that events were lost to the client, which goes on from now. */
function resetBlock(state: State, lost: Lost): string {
  const { events } = state.options
  state.lost = null
  state.history = events.history()
  state.id = events.end()
  const data = {
    reason: lost,
    detail: LOST_TEXTS[lost],
    hint: 'Read anew what you hold; the stream goes on from now.',
  }
  const id = formatEventId(state)
  return `id: ${id}\nevent: reset\ndata: ${JSON.stringify(data)}\n\n`
}

function endBlock({ code, message, hint }: StockyardError): string {
  const data = { code, detail: redact(message), hint: redact(hint) }
  return `event: end\ndata: ${JSON.stringify(data)}\n\n`
}
