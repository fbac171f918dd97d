/** The OpenAPI document, and the pages that show it: Swagger UI at /docs and ReDoc at /redoc. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { guardPlugin } from './access.ts'
import type { App } from './context.ts'
import { operationId } from './operation-id.ts'

const DESCRIPTION = `Bars, quotes and the state of the pipeline, read from the store.

* Times: \`from\` is included, \`until\` is not. A plain date means the exchange's date; instants are in UTC.
* Lists answer \`{"data": […], "next": CURSOR | null}\`; pass \`next\` as \`cursor\` to go on.
* Errors are problem+json (RFC 9457) with a stable \`code\`, a sentence and a hint.`

const TAGS = [
  { name: 'stocks', description: 'Instruments: stocks, funds, indices, currency pairs.' },
  { name: 'prices', description: 'Bars and quotes.' },
  { name: 'analytics', description: 'Statistics and indicators over stored bars.' },
  { name: 'stream', description: 'What happens, as it happens.' },
  { name: 'etl', description: 'Runs, what is stored, what was refused.' },
  { name: 'calendar', description: 'Sessions of the exchanges.' },
  { name: 'health', description: 'Alive and ready.' },
]

/** Collects the routes that are added after it. */
export async function addOpenApi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Stockyard',
        version,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This server.' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'An API key, `sy_…`.' },
        },
      },
      // On loopback reading takes none.
      security: [{}, { key: [] }],
    },
    transform: ({ schema, url, route }) => ({
      schema: { operationId: operationId([route.method].flat()[0]!, url), ...schema },
      url,
    }),
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `schema-${index}`),
    },
  })
}

/** Address that ReDoc's bundle loads its logo from; nothing here comes from elsewhere. */
const REDOC_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg'

/** Adds the document and its pages. */
export async function addDocuments(app: App): Promise<void> {
  const icon = await readFile(new URL('../../web/icon.svg', import.meta.url))
  app.get('/openapi.json', { config: { access: 'read' }, schema: { hide: true } }, async () =>
    app.swagger(),
  )
  await app.register(async (pages) => {
    guardPlugin(pages, 'read')
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: {
        docExpansion: 'list',
        deepLinking: true,
        tryItOutEnabled: true,
        validatorUrl: null,
      },
      theme: {
        title: 'Stockyard API',
        favicon: [
          { filename: 'icon.svg', rel: 'icon', sizes: 'any', type: 'image/svg+xml', content: icon },
        ],
      },
      logo: { type: 'image/svg+xml', content: icon, href: '/', target: '_self' },
    })
  })
  const path = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js')
  const bundle = (await readFile(path, 'utf8')).replaceAll(REDOC_LOGO, '/icon.svg')
  app.get(
    '/redoc-bundle.js',
    { config: { access: 'read' }, schema: { hide: true } },
    async (_request, reply) =>
      reply
        .type('text/javascript; charset=utf-8')
        .header('cache-control', 'max-age=3600')
        .send(bundle),
  )
}
