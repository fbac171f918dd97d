/** A client of server-sent events that is written from the standard alone: blocks as they come. */
import { get, type IncomingMessage } from 'node:http'

export interface Block {
  readonly id: string | null
  /** `message` where it names none. */
  readonly event: string
  /** Null: a block without data, such as a heartbeat. */
  readonly data: Readonly<Record<string, unknown>> | null
  readonly text: string
}

export interface EventReader {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly response: IncomingMessage
  /** Of the newest block that had one. */
  lastId(): string | null
  /** The next block; null at the end. Rejects where the connection breaks. */
  next(): Promise<Block | null>
  /** The next block with data. */
  nextEvent(): Promise<Block>
  /** All events until one fits, that one included. */
  until(fits: (block: Block) => boolean): Promise<Block[]>
  close(): void
}

/** Opens a stream; resolves with its head. */
export async function readEventsOf(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject)
  })
  const blocks = blocksIn(response)
  let lastId: string | null = null
  const next = async () => {
    const { value, done } = await blocks.next()
    if (done === true) return null
    lastId = value.id ?? lastId
    return value
  }
  const nextEvent = async () => {
    for (;;) {
      const block = await next()
      if (block === null) throw new Error('The stream has ended.')
      if (block.data !== null) return block
    }
  }
  return {
    status: response.statusCode!,
    headers: response.headers,
    response,
    lastId: () => lastId,
    next,
    nextEvent,
    until: async (fits) => {
      const found: Block[] = []
      for (;;) {
        const block = await nextEvent()
        found.push(block)
        if (fits(block)) return found
      }
    },
    close: () => response.destroy(),
  }
}

async function* blocksIn(response: IncomingMessage): AsyncGenerator<Block, void> {
  let rest = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    const texts = (rest + String(chunk)).split('\n\n')
    rest = texts.pop()!
    for (const text of texts) yield blockOf(text)
  }
}

function blockOf(text: string): Block {
  const fields = new Map(
    text.split('\n').map((line) => {
      const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line)!
      return [name!, value!]
    }),
  )
  const data = fields.get('data')
  return {
    id: fields.get('id') ?? null,
    event: fields.get('event') ?? 'message',
    data: data === undefined ? null : (JSON.parse(data) as Record<string, unknown>),
    text,
  }
}
