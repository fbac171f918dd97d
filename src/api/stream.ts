/** What happens, as server-sent events: new bars, quotes, runs. A client that comes again misses nothing. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { EVENT_TYPES, type EventType } from '../db/events.ts'
import { StockyardError } from '../domain/error.ts'
import { parseInterval } from '../domain/interval.ts'
import { parseEventId } from '../live/event-id.ts'
import { makeEventLog } from '../live/event-log.ts'
import type { LoggedEvent } from '../live/event-memory.ts'
import { openEventStream, type EventStream } from '../live/event-stream.ts'
import { findSymbols } from '../query/bars-of-many.ts'
import type { ApiContext, App, StreamBounds } from './context.ts'
import { problems, query, ref, text } from './schemas.ts'

const BOUNDS: StreamBounds = {
  most: 1000,
  mostOfCaller: 50,
  heartbeatMs: 15_000,
  stallMs: 30_000,
}
/** What a client has not taken yet, beside what the system holds for its connection. */
const BUFFER_BYTES = 64 * 1024
const RETRY_AFTER_SECONDS = 10
/** At the end of the server a client has so long to take the last block. */
const FAREWELL_MS = 1000

const eventIdNotes = {
  description: 'The `id` of the last event that came: the stream goes on right after it.',
  examples: ['5f2c9a10-1234'],
}

const parameters = query({
  types: Type.Optional(
    text(100, {
      description: `Some of ${EVENT_TYPES.join(', ')}, with commas between them; without it all.`,
      examples: ['bar,quote'],
    }),
  ),
  symbols: Type.Optional(
    text(4000, {
      description: 'Bars, quotes and actions of these symbols only, with commas between them.',
      examples: ['AAPL,MSFT'],
    }),
  ),
  intervals: Type.Optional(
    text(100, {
      description: 'Bars of these intervals only, with commas between them.',
      examples: ['1d,1m'],
    }),
  ),
  last_event_id: Type.Optional(
    text(60, {
      ...eventIdNotes,
      description: `${eventIdNotes.description} For where the header cannot be set, which comes first.`,
    }),
  ),
})

const headers = Type.Object({ 'last-event-id': Type.Optional(text(60, eventIdNotes)) })

interface OpenStream {
  readonly actor: string
  /** Null while it is being opened. */
  stream: EventStream | null
  readonly closed: Promise<void>
  readonly cut: () => void
}

/** The streams of this process. */
interface Streams {
  readonly open: Set<OpenStream>
  /** Why all of them end; null while they go on. */
  ending: StockyardError | null
}

declare module 'fastify' {
  interface FastifyInstance {
    openStreams: () => number
  }
}

export function addStream(app: App, context: ApiContext): void {
  const { clock, log, pool, readPool } = context
  const bounds = { ...BOUNDS, ...context.streams }
  const streams: Streams = { open: new Set(), ending: null }
  const events = makeEventLog({ pool, readPool, clock, log })
  app.decorate('openStreams', () => streams.open.size)
  app.addHook('preClose', async () => await endAll(streams, context))
  app.addHook('onClose', async () => await events.close())
  app.get(
    '/api/v1/stream',
    {
      config: { access: 'read', isStream: true },
      schema: {
        tags: ['stream'],
        summary: 'What happens, as it happens',
        description:
          'Server-sent events (`text/event-stream`) without an end: changed bars, quotes, runs, actions and alerts. After a break, send `Last-Event-ID`, as browsers do by themselves: nothing is missed, and nothing comes twice.',
        querystring: parameters,
        headers,
        response: {
          200: {
            description: 'Events, each as its `id`, its type in `event`, and JSON in `data`.',
            content: { 'text/event-stream': { schema: ref('StreamEvent') } },
          },
          ...problems({
            400: 'A parameter is wrong.',
            404: 'The store has no such symbol.',
            429: 'The key has too many streams open.',
          }),
        },
      },
    },
    async (request, reply) => {
      refuseTooMany(streams.open, bounds, request, reply)
      const one = takePlace(streams.open, request, reply)
      const asked = request.query
      const after = request.headers['last-event-id'] ?? asked.last_event_id
      const wants = await makeFilter(asked, context)
      const stream = await openEventStream({
        events,
        clock,
        log,
        after: after === undefined ? null : parseEventId(after),
        wants,
        refusal: () => app.refusalOf(request),
        onStalled: () => {
          log.info({ request_id: request.id }, 'a stream was cut: its client takes nothing')
          one.cut()
        },
        timing: bounds,
      })
      one.stream = stream
      // The client may have gone, or the server been told to end, while it was opened.
      if (!streams.open.has(one)) stream.leave()
      if (streams.ending !== null) stream.end(streams.ending)
      return sendStream(stream, request, reply)
    },
  )
}

/** A stream counts from before it is opened until its connection is closed, however that comes. */
function takePlace(
  open: Set<OpenStream>,
  request: FastifyRequest,
  { raw }: FastifyReply,
): OpenStream {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const actor = actorOf(request)
  const one: OpenStream = { actor, stream: null, closed, cut: () => raw.destroy() }
  if (raw.destroyed || request.raw.socket.destroyed) {
    // The client went away while its key was looked up: no close will come any more.
    resolve()
    return one
  }
  open.add(one)
  raw.once('close', () => {
    open.delete(one)
    one.stream?.leave()
    resolve()
  })
  return one
}

function sendStream(
  { blocks }: EventStream,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  void reply
    .type('text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store, no-transform')
    // Proxies such as nginx would hold back what is too little to be worth a packet.
    .header('x-accel-buffering', 'no')
  if (request.method === 'HEAD') return reply.send('')
  return reply.send(Readable.from(blocks, { objectMode: false, highWaterMark: BUFFER_BYTES }))
}

const LOCAL_ACTOR = 'local'

function actorOf({ caller }: FastifyRequest): string {
  return caller?.actor ?? LOCAL_ACTOR
}

/** @throws StockyardError `SERVER_BUSY`, `STREAMS_TOO_MANY` */
function refuseTooMany(
  open: ReadonlySet<OpenStream>,
  { most, mostOfCaller }: StreamBounds,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const actor = actorOf(request)
  void reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  if (open.size >= most) {
    throw new StockyardError('internal', 'SERVER_BUSY', `There are ${most} streams open here.`, {
      hint: 'Try again later, or ask another server on the same database.',
      retry: true,
    })
  }
  const own = [...open].filter((one) => one.actor === actor).length
  if (actor !== LOCAL_ACTOR && own >= mostOfCaller) {
    throw new StockyardError('usage', 'STREAMS_TOO_MANY', `The key has ${own} streams open.`, {
      hint: 'Close some: one stream brings events of any number of symbols.',
      retry: true,
    })
  }
  void reply.removeHeader('retry-after')
}

/** @throws StockyardError `PARAMETER_INVALID`, `INTERVAL_UNKNOWN`, `SYMBOL_UNKNOWN`, `SYMBOL_INVALID` */
async function makeFilter(
  asked: Static<typeof parameters>,
  { readPool }: ApiContext,
): Promise<(event: LoggedEvent) => boolean> {
  const types = asked.types === undefined ? null : new Set(partsOf(asked.types).map(requireType))
  const intervals =
    asked.intervals === undefined ? null : new Set(partsOf(asked.intervals).map(parseInterval))
  const symbols =
    asked.symbols === undefined ? null : new Set(await findSymbols(readPool, asked.symbols))
  return ({ type, symbol, interval }) =>
    passes(types, type) && passes(symbols, symbol) && passes<string>(intervals, interval)
}

/** What is about nothing that is filtered by passes. */
function passes<T>(some: ReadonlySet<T> | null, value: T | null): boolean {
  return some === null || value === null || some.has(value)
}

function partsOf(list: string): string[] {
  return list.split(',').map((part) => part.trim())
}

function requireType(name: string): EventType {
  const type = EVENT_TYPES.find((one) => one === name)
  if (type !== undefined) return type
  const shown = JSON.stringify(name.slice(0, 40))
  throw new StockyardError('usage', 'PARAMETER_INVALID', `There are no events of type ${shown}.`, {
    hint: `Use some of ${EVENT_TYPES.join(', ')}, with commas between them.`,
  })
}

/** Ends all streams; clients that do not take their last block in time are cut. */
async function endAll(streams: Streams, { clock }: ApiContext): Promise<void> {
  streams.ending = new StockyardError(
    'internal',
    'SERVER_CLOSING',
    'The server is shutting down.',
    {
      hint: 'Come again in a moment with the id of the last event.',
    },
  )
  const all = [...streams.open]
  for (const { stream } of all) stream?.end(streams.ending)
  const patience = new AbortController()
  const late = clock.sleep(FAREWELL_MS, patience.signal).then(
    () => streams.open.forEach(({ cut }) => cut()),
    () => {},
  )
  await Promise.all(all.map(({ closed }) => closed))
  patience.abort()
  await late
}
