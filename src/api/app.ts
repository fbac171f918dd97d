/** The HTTP application, apart from listening: `app.inject` is enough to test it. */
import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController, type FastifyBaseLogger } from 'fastify'
import { requireAccessRules } from './access.ts'
import { addAuditTrail } from './audit.ts'
import { addAuth } from './auth.ts'
import { answerClientError } from './client-errors.ts'
import { addCompression } from './compression.ts'
import type { ApiContext, App, Slowness } from './context.ts'
import { addDocuments, addOpenApi } from './documents.ts'
import { addDownloadCap } from './downloads.ts'
import { sendProblem } from './problem.ts'
import { addJsonBody } from './json-body.ts'
import { RESOURCES } from './routes.ts'
import { addSchemas } from './schemas.ts'
import { addSecurity, LOOPBACK_SECURITY } from './security.ts'
import { addSimulatedMark } from './simulated-mark.ts'
import { addHttpMetrics } from './http-metrics.ts'
import { addInFlightCap } from './overload.ts'
import { addUnmatched } from './unmatched.ts'
import { compileValidator, requireDecodableQuery } from './validation.ts'
import { addWeb } from './web.ts'

const BODY_BYTES_MAX = 64 * 1024
/** Of a connection on which nothing moves, which also ends a download that nobody reads. */
const CONNECTION_TIMEOUT_MS = 120_000
const KEEP_ALIVE_TIMEOUT_MS = 10_000
const SLOWNESS: Slowness = { headMs: 15_000, requestMs: 30_000, lookedAtMs: 5000 }
const HEADER_BYTES_MAX = 16 * 1024
/** After so many requests a connection is closed, so that connections even out over several hosts. */
const REQUESTS_PER_SOCKET_MAX = 10_000
/** Further connections are closed at once. */
const CONNECTIONS_MAX = 2000
const SYMBOL_LENGTH_MAX = 200

/** Makes the application; close it with `app.close()`. The pool stays the caller's. */
export async function makeApp(given: ApiContext): Promise<App> {
  const { options, slowness = SLOWNESS } = given
  // A cap below the default page caps that as well.
  const defaultPageSize = Math.min(options.defaultPageSize, options.maxPageSize)
  const context = { ...given, options: { ...options, defaultPageSize } }
  const app: App = Fastify({
    loggerInstance: context.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: slowness.requestMs,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    maxRequestsPerSocket: REQUESTS_PER_SOCKET_MAX,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: slowness.headMs,
      connectionsCheckingInterval: slowness.lookedAtMs,
    },
    clientErrorHandler: answerClientError,
    routerOptions: { maxParamLength: SYMBOL_LENGTH_MAX },
    trustProxy: false,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.server.maxConnections = CONNECTIONS_MAX
  app.setValidatorCompiler(compileValidator)
  // The schemas of answers are for the document; as serialisers they would reorder keys, and silently
  // leave out what they lack.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  app.removeContentTypeParser(['text/plain', 'application/json'])
  addJsonBody(app)
  addUnmatched(app)
  requireAccessRules(app)
  addRequestLog(app)
  addHttpMetrics(app)
  const security = given.security ?? LOOPBACK_SECURITY
  await addSecurity(app, security)
  addInFlightCap(app)
  addDownloadCap(app, given.downloads)
  addAuth(app, context, security)
  addAuditTrail(app, context)
  addSimulatedMark(app, context)
  app.addHook('preValidation', async (request) => requireDecodableQuery(request.url))
  await addCompression(app)
  addSchemas(app)
  await addOpenApi(app, context.version)
  for (const add of RESOURCES) add(app, context)
  await addDocuments(app)
  await addWeb(app)
  return app
}

function addRequestLog(app: App): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id)
    if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, id } = request
    const durationMs = Math.round(reply.elapsedTime * 10) / 10
    request.log.debug(
      { method, url, status: reply.statusCode, durationMs, request_id: id },
      'request',
    )
  })
}
