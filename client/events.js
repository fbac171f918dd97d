/** Server-sent events that go on after a break where they were. */

/** Of retries, where they fail one after the other. */
const WAIT_MS_MAX = 30_000
/** A connection on which not even a heartbeat comes for so long is dead. */
const QUIET_MS_MAX = 60_000
/** Refusals that another try can mend. */
const PASSING = new Set([408, 429])

/**
 * The events of a stream.
 * @param {(params: object, options: object) => Promise<Response>} open
 * @param {object} params
 * @param {import('./index.d.ts').EventOptions} options
 */
export async function* eventsOf(open, params, options = {}) {
  const { signal, onBreak } = options
  const isOver = () => signal?.aborted === true
  const place = { lastEventId: options.lastEventId, retryMs: 2000, failures: 0 }
  while (!isOver()) {
    let cause = null
    let waitMs = 0
    try {
      const headers = place.lastEventId === undefined ? {} : { 'last-event-id': place.lastEventId }
      const response = await open(params, { signal, headers, accept: 'text/event-stream' })
      for await (const block of blocksOf(response.body.getReader(), place)) {
        place.failures = 0
        const { id, event, data } = block
        if (data === null) continue
        // The server says why it ends the stream; the next try tells whether that lasts.
        if (event === 'end') cause = JSON.parse(data)
        else yield { id, type: event, data: JSON.parse(data) }
      }
    } catch (error) {
      if (isOver()) return
      if (isRefusal(error)) throw error
      cause = error
      waitMs = error.retryAfterMs ?? 0
    }
    if (isOver()) return
    onBreak?.(cause)
    const backOffMs = place.retryMs * 2 ** place.failures
    place.failures += 1
    await sleep(Math.max(waitMs, Math.min(backOffMs, WAIT_MS_MAX)), signal)
  }
}

function isRefusal({ status }) {
  return status >= 400 && status < 500 && !PASSING.has(status)
}

/** The blocks of a connection; keeps in mind where it is, and how long to wait after it. */
async function* blocksOf(reader, place) {
  const decoder = new TextDecoder()
  let rest = ''
  let timer = null
  try {
    for (;;) {
      clearTimeout(timer)
      // A reader that is cancelled reads the end.
      timer = setTimeout(() => void reader.cancel(), QUIET_MS_MAX)
      const { value, done } = await reader.read()
      // Whoever takes long over what came is not a silent server.
      clearTimeout(timer)
      if (done) return
      const texts = (rest + decoder.decode(value, { stream: true })).split('\n\n')
      rest = texts.pop()
      for (const text of texts) {
        const block = blockOf(text, place)
        yield block
      }
    }
  } finally {
    clearTimeout(timer)
    await reader.cancel()
  }
}

function blockOf(text, place) {
  const block = { id: '', event: 'message', data: null }
  for (const line of text.split('\n')) {
    const at = line.indexOf(': ')
    const value = line.slice(at + 2)
    const name = line.slice(0, at)
    if (name === 'id') place.lastEventId = value
    else if (name === 'event') block.event = value
    else if (name === 'data') block.data = value
    else if (name === 'retry') place.retryMs = Number(value)
  }
  block.id = place.lastEventId ?? ''
  return block
}

/** Resolves after a time, or as soon as the signal is aborted. */
function sleep(ms, signal) {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, ms)
    signal?.addEventListener('abort', over)
  })
}
