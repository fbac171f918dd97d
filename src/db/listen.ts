/**
 * News between processes over LISTEN and NOTIFY, above all of which instruments the latest bar may be another
 * now. Told inside the transaction that changes it, so that there is news of what was committed and of nothing
 * else.
 */
import { Client } from 'pg'
import type { Pool, Queryable } from './connect.ts'

/** The channel on which it is told: the id of an instrument, or `*` for all of them. */
export const LATEST_CHANNEL = 'stockyard_latest'
const ALL = '*'

/** A question to the server that is not answered by then means that the connection is lost. */
const ANSWER_TIMEOUT_MS = 1000

/**
 * Tells that symbols or priorities have changed, so that any latest bar can be another: to be called in the
 * transaction that changes them.
 */
export async function tellOfAll(db: Queryable): Promise<void> {
  await db.query(`SELECT pg_notify('${LATEST_CHANNEL}', '${ALL}')`)
}

export interface NewsHandlers {
  /** @param instrumentId null for all */
  readonly onNews: (instrumentId: number | null) => void
  /** Called once, when news may have been missed; nothing comes after. */
  readonly onLost: () => void
}

export interface Listening {
  /** Resolves when all news of what was committed before the call has been handed over. */
  confirm(): Promise<void>
  close(): Promise<void>
}

/**
 * Listens for news of latest bars on a connection of its own, with the settings of a pool.
 * @throws what connecting throws
 */
export async function listenForLatest(pool: Pool, handlers: NewsHandlers): Promise<Listening> {
  return await listen(pool, [LATEST_CHANNEL], {
    onNotice: (payload) => handlers.onNews(payload === ALL ? null : Number(payload)),
    onLost: handlers.onLost,
  })
}

export interface NoticeHandlers {
  readonly onNotice: (payload: string) => void
  /** Called once, when notices may have been missed; none comes after. */
  readonly onLost: () => void
}

/**
 * Listens on some channels, on a connection of its own with the settings of a pool.
 * @throws what connecting throws
 */
export async function listen(
  pool: Pool,
  channels: readonly string[],
  handlers: NoticeHandlers,
): Promise<Listening> {
  const client = new Client({
    ...pool.options,
    application_name: `${pool.options.application_name ?? 'stockyard'} news`,
    query_timeout: ANSWER_TIMEOUT_MS,
  })
  let isOver = false
  const lose = () => {
    if (isOver) return
    isOver = true
    handlers.onLost()
    // Cut, not ended: a server that does not answer would not answer a farewell.
    cut(client)
  }
  client.on('error', lose)
  client.on('end', lose)
  client.on('notification', ({ payload = '' }) => {
    if (!isOver) handlers.onNotice(payload)
  })
  try {
    await client.connect()
    await client.query(channels.map((channel) => `LISTEN ${channel}`).join(';'))
  } catch (error) {
    isOver = true
    cut(client)
    throw error
  }
  return {
    confirm: async () => {
      try {
        // The server hands over what it has before it says that a statement is done.
        await client.query('SELECT 1')
      } catch (error) {
        lose()
        throw error
      }
    },
    close: async () => {
      isOver = true
      await client.end()
    },
  }
}

function cut(client: Client): void {
  client.connection.stream.destroy()
}
