/** Names of operations for the OpenAPI document, which generated clients use for their methods. */

const PREFIX = '/api/v1'

/** Last words of a path that are not things but what is done with them. */
const DEEDS = new Set([
  'accept',
  'cancel',
  'drop',
  'import',
  'pause',
  'restore',
  'resume',
  'retry',
  'revalidate',
  'run',
])

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'replace',
  PATCH: 'update',
  DELETE: 'delete',
}

/**
 * The name of what a route does, by its method and its path: `GET /api/v1/stocks/:symbol/prices` is
 * `getStockPrices`, `POST /api/v1/rejects/:id/drop` is `dropReject`. Paths beside `/api/v1` are told apart
 * by `Server`: `/health` is `getServerHealth`.
 */
export function operationId(method: string, url: string): string {
  const isServer = !url.startsWith(`${PREFIX}/`)
  const parts = url
    .slice(isServer ? 0 : PREFIX.length)
    .split('/')
    .slice(1)
  const last = parts.at(-1)!
  const isDeed = method === 'POST' && DEEDS.has(last)
  const things = isDeed ? parts.slice(0, -1) : parts
  const names = things.flatMap((part, at) => {
    if (isParameter(part)) return []
    // One of many: what a parameter chooses, and what is made.
    const isOne =
      isParameter(things[at + 1]) || (method === 'POST' && !isDeed && at === things.length - 1)
    return [isOne ? singular(part) : part]
  })
  const verb = isDeed ? last : (VERBS[method] ?? method.toLowerCase())
  return camelCase([verb, ...(isServer ? ['server'] : []), ...names])
}

function isParameter(part: string | undefined): boolean {
  return part?.startsWith(':') === true
}

function singular(word: string): string {
  if (word === 'indices') return 'index'
  return word.replace(/s$/, '')
}

function camelCase(parts: readonly string[]): string {
  const words = parts.flatMap((part) => part.split(/[^a-zA-Z0-9]+/)).filter((word) => word !== '')
  return words
    .map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('')
}
