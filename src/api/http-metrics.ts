/** Counts what this process answers over HTTP, by the pattern of the route, so that paths cannot fill the memory. */
import type { App } from './context.ts'
import type { Metric, Sample } from './exposition.ts'

/** Upper bounds in seconds. */
const BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Durations {
  /** By bucket, not summed up. */
  readonly counts: number[]
  count: number
  sumSeconds: number
}

declare module 'fastify' {
  interface FastifyInstance {
    httpMetrics: HttpMetrics
  }
}

export interface HttpMetrics {
  /** One answer that went past the hooks, which is where durations are taken. */
  countShortcut(): void
  read(): Metric[]
}

/** Must be called before routes are added. */
export function addHttpMetrics(app: App): void {
  const requests = new Map<string, number>()
  const durations = new Map<string, Durations>()
  let shortcuts = 0
  app.decorate('httpMetrics', {
    countShortcut: () => {
      shortcuts += 1
    },
    read: () => [requestMetric(requests), durationMetric(durations), shortcutMetric(shortcuts)],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    const key = JSON.stringify([request.method, route, reply.statusCode])
    requests.set(key, (requests.get(key) ?? 0) + 1)
    observe(durations, route, reply.elapsedTime / 1000)
  })
}

function observe(durations: Map<string, Durations>, route: string, seconds: number): void {
  let one = durations.get(route)
  if (one === undefined) {
    one = { counts: BUCKETS_S.map(() => 0), count: 0, sumSeconds: 0 }
    durations.set(route, one)
  }
  const bucket = BUCKETS_S.findIndex((bound) => seconds <= bound)
  if (bucket >= 0) one.counts[bucket]! += 1
  one.count += 1
  one.sumSeconds += seconds
}

function requestMetric(requests: ReadonlyMap<string, number>): Metric {
  const samples = [...requests].map(([key, value]) => {
    const [method, route, status] = JSON.parse(key) as [string, string, number]
    return { labels: { method, route, status: String(status) }, value }
  })
  return {
    name: 'stockyard_http_requests_total',
    kind: 'counter',
    help: 'Requests that were answered, by route.',
    samples,
  }
}

function durationMetric(durations: ReadonlyMap<string, Durations>): Metric {
  const samples = [...durations].flatMap(([route, { counts, count, sumSeconds }]): Sample[] => {
    let below = 0
    const buckets = counts.map((inBucket, i) => {
      below += inBucket
      const labels = { route, le: String(BUCKETS_S[i]) }
      return { suffix: '_bucket', labels, value: below }
    })
    return [
      ...buckets,
      { suffix: '_bucket', labels: { route, le: '+Inf' }, value: count },
      { suffix: '_sum', labels: { route }, value: sumSeconds },
      { suffix: '_count', labels: { route }, value: count },
    ]
  })
  return {
    name: 'stockyard_http_request_duration_seconds',
    kind: 'histogram',
    help: 'From the head of a request to the end of its answer.',
    samples,
  }
}

function shortcutMetric(value: number): Metric {
  return {
    name: 'stockyard_http_latest_shortcuts_total',
    kind: 'counter',
    help: 'Latest bars that were answered from memory; they are in no other metric of HTTP.',
    samples: [{ value }],
  }
}
