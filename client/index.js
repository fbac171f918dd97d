/** A client of Stockyard's REST API for Node 18 or newer, browsers, Deno and Bun. It depends on nothing. */
import { eventsOf } from './events.js'
import { OPERATIONS } from './operations.js'

/** An answer that is an error: problem+json, or whatever came in its place. */
export class ProblemError extends Error {
  /** @param {Response} response @param {import('./index.d.ts').ProblemBody} problem */
  constructor(response, problem) {
    super(`${problem.detail} ${problem.hint}`)
    this.name = 'ProblemError'
    this.status = response.status
    this.code = problem.code
    this.detail = problem.detail
    this.hint = problem.hint
    this.requestId = problem.request_id
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    this.retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null
  }
}

/**
 * Makes a client: an object with one method an operation, named by its `operationId`.
 * @type {typeof import('./index.d.ts').createClient}
 */
export function createClient({ baseUrl, key, fetch = globalThis.fetch }) {
  const connection = { baseUrl: baseUrl.replace(/\/+$/, ''), key, fetch }
  const methods = Object.entries(OPERATIONS).map(([name, operation]) => [
    name,
    makeMethod(connection, operation),
  ])
  return Object.freeze(Object.fromEntries(methods))
}

function makeMethod(connection, operation) {
  if (operation.events) {
    const open = (params, options) => send(connection, operation, params, options)
    return Object.freeze({ events: (params, options) => eventsOf(open, params, options) })
  }
  const method = async (params, options) => {
    const response = await send(connection, operation, params, options)
    return response.status === 204 ? undefined : await response.json()
  }
  method.rows = (params, options) => rowsOf(method, params, options)
  method.stream = (params, options) => linesOf(connection, operation, params, options)
  method.raw = (format, params, options) =>
    send(connection, operation, { ...params, format }, { ...options, accept: '*/*' })
  return method
}

/** Rows of a list, and of those that follow. */
async function* rowsOf(method, params, options) {
  let cursor = params?.cursor
  do {
    const page = await method({ ...params, cursor }, options)
    yield* page.data
    cursor = page.next
  } while (cursor !== null)
}

/** Rows of a stream of NDJSON, as they arrive. Leaving the loop ends the download. */
async function* linesOf(connection, operation, params, options) {
  const asked = { ...params, format: 'ndjson' }
  const response = await send(connection, operation, asked, { ...options, accept: '*/*' })
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) break
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = lines.pop()
      for (const line of lines) if (line !== '') yield JSON.parse(line)
    }
  } finally {
    await reader.cancel()
  }
  // Each row ends its line, so that a rest means that the connection was lost on the way.
  if (rest !== '') throw new TypeError('The stream ended in the middle of a row.')
}

async function send({ baseUrl, key, fetch }, { method, path }, params = {}, options = {}) {
  const { body, ...rest } = params
  const headers = { accept: options.accept ?? 'application/json', ...options.headers }
  if (key !== undefined) headers.authorization = `Bearer ${key}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  const response = await fetch(baseUrl + addressOf(path, rest), {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  if (!response.ok) throw new ProblemError(response, await readProblem(response))
  return response
}

/** Puts the parameters of the path into it, and all others behind it. */
function addressOf(path, params) {
  const left = { ...params }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name) => {
    const value = encodeURIComponent(left[name] ?? '')
    // Dots alone would be taken as a step up in the path.
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`"${name}" is missing or only dots.`)
    delete left[name]
    return value
  })
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(left)) {
    if (value !== undefined) search.set(name, String(value))
  }
  return search.size === 0 ? filled : `${filled}?${search}`
}

/** What an answer says that went wrong; something between here and Stockyard may have answered, too. */
async function readProblem(response) {
  const text = await response.text()
  try {
    const problem = JSON.parse(text)
    if (typeof problem.code === 'string') return problem
  } catch {
    // Not of Stockyard; told below.
  }
  return {
    code: 'ANSWER_UNKNOWN',
    detail: `The answer has the status ${response.status} and is not Stockyard's.`,
    hint: 'See whether the address is right and what stands between.',
    request_id: response.headers.get('x-request-id'),
  }
}
