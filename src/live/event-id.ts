/** The id of an event in the stream, after which a client goes on: `<history>-<id>`, opaque to others. */
import { StockyardError } from '../domain/error.ts'

/** Where a client is, in which history. */
export interface EventPlace {
  readonly history: string
  readonly id: number
}

export function formatEventId({ history, id }: EventPlace): string {
  return `${history}-${id}`
}

/** @throws StockyardError `EVENT_ID_INVALID` */
export function parseEventId(text: string): EventPlace {
  const [, history, id] = /^([0-9a-f]{8})-(\d{1,15})$/.exec(text) ?? []
  if (history === undefined) {
    throw new StockyardError('usage', 'EVENT_ID_INVALID', 'That is no id of an event.', {
      hint: 'Send the id of the last event as it came; without one, the stream begins now.',
    })
  }
  return { history, id: Number(id) }
}
