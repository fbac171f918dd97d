/** `/metrics`: how this process and its store are, for Prometheus. Whoever may read may read it. */
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import type { Pool } from '../db/connect.ts'
import { countRuns, sumVendorRequests } from '../db/read-runs.ts'
import { readProviderStates } from '../query/provider-state.ts'
import { readOverview } from '../query/status.ts'
import type { ApiContext, App } from './context.ts'
import { EXPOSITION_TYPE, expositionOf, type Metric, type Sample } from './exposition.ts'
import { query } from './schemas.ts'

/** How often the event loop is looked at. */
const LOOP_RESOLUTION_MS = 20

export function addMetrics(app: App, context: ApiContext): void {
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  loop.enable()
  app.addHook('onClose', async () => {
    loop.disable()
  })
  app.get(
    '/metrics',
    {
      config: { access: 'read' },
      // Its text has a standard of its own.
      schema: { hide: true, querystring: query({}) },
    },
    async (_request, reply) => {
      const metrics = [
        ...processMetrics(app, context, loop),
        gauge('streams_open', 'Streams of events that clients listen to here.', [
          { value: app.openStreams() },
        ]),
        ...app.httpMetrics.read(),
        ...(await storeMetrics(context)),
      ]
      void reply.type(EXPOSITION_TYPE).header('cache-control', 'no-store')
      return await reply.send(expositionOf(metrics))
    },
  )
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name: `stockyard_${name}`, kind: 'gauge', help, samples }
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name: `stockyard_${name}`, kind: 'counter', help, samples }
}

function processMetrics(
  app: App,
  { pool, readPool, version }: ApiContext,
  loop: IntervalHistogram,
): Metric[] {
  const simulated = String(app.holdsSimulated())
  const delays = [
    { labels: { quantile: '0.5' }, value: lateSeconds(loop.percentile(50)) },
    { labels: { quantile: '0.99' }, value: lateSeconds(loop.percentile(99)) },
    { labels: { quantile: '1' }, value: lateSeconds(loop.max) },
  ]
  // Before the first look there is nothing to say.
  const isSeen = loop.count > 0
  loop.reset()
  return [
    gauge('info', 'What is running.', [{ labels: { version, simulated }, value: 1 }]),
    gauge('resident_memory_bytes', 'Memory of the process.', [
      { value: process.memoryUsage.rss() },
    ]),
    gauge(
      'event_loop_delay_seconds',
      'How late the event loop was since this was last read.',
      isSeen ? delays : [],
    ),
    gauge('pool_connections', 'Database connections of the process, by what they do.', [
      ...poolSamples('write', pool),
      ...poolSamples('read', readPool),
    ]),
  ]
}

/** The histogram holds the time from one look to the next, which is its resolution where nothing is late. */
function lateSeconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - LOOP_RESOLUTION_MS / 1000)
}

function poolSamples(name: string, pool: Pool): Sample[] {
  const { totalCount, idleCount, waitingCount } = pool
  const states = { busy: totalCount - idleCount, idle: idleCount, waited_for: waitingCount }
  return Object.entries(states).map(([state, value]) => ({ labels: { pool: name, state }, value }))
}

function databaseUp(value: 0 | 1): Metric {
  return gauge('database_up', 'Whether the store could be read.', [{ value }])
}

/** What the store says; where it cannot be read, that alone. */
async function storeMetrics(context: ApiContext): Promise<Metric[]> {
  try {
    return [databaseUp(1), ...(await readStoreMetrics(context))]
  } catch (error) {
    context.log.warn({ err: error }, 'the store could not be read for /metrics')
    return [databaseUp(0)]
  }
}

async function readStoreMetrics({ readPool, providers }: ApiContext): Promise<Metric[]> {
  const { symbols, series, bars, rejects } = await readOverview(readPool)
  const runs = await countRuns(readPool)
  const requests = await sumVendorRequests(readPool)
  const states = await readProviderStates(readPool, providers)
  const windows = states.flatMap(({ budget }, i) =>
    budget.windows.map((window) => ({
      labels: { provider: providers[i]!.id, window: window.window },
      value: window.left,
    })),
  )
  return [
    gauge('symbols', 'Stocks that are not deleted.', [{ value: symbols }]),
    gauge('series', 'Series in the store.', [{ value: series }]),
    gauge('bars', 'Bars in the store.', [{ value: bars }]),
    gauge('rejects', 'Rows that were refused.', [{ value: rejects }]),
    gauge(
      'runs',
      'Runs that the store knows, by what became of them.',
      runs.map(({ job, status, runs: value }) => ({ labels: { job, status }, value })),
    ),
    counter(
      'vendor_requests_total',
      'Calls that runs sent to vendors, of all processes.',
      requests.map(({ provider, requests: value }) => ({ labels: { provider }, value })),
    ),
    gauge('budget_calls_left', 'Calls that a vendor’s budget still allows.', windows),
    gauge(
      'provider_paused',
      'Whether a refusal holds a vendor’s calls back.',
      states.map(({ budget }, i) => ({
        labels: { provider: providers[i]!.id },
        value: budget.pausedUntil === null ? 0 : 1,
      })),
    ),
  ]
}
