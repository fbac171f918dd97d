/** The web pages: the files of web/ as they are. */
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import { guardPlugin } from './access.ts'
import type { App } from './context.ts'

const FOLDER = fileURLToPath(new URL('../../web/', import.meta.url))

/** Serves each file of web/ under its name, index.html at `/` and redoc.html at `/redoc`. */
export async function addWeb(app: App): Promise<void> {
  await app.register(async (pages) => {
    guardPlugin(pages, 'read')
    await pages.register(fastifyStatic, {
      root: FOLDER,
      wildcard: false,
      index: ['index.html'],
      cacheControl: false,
      setHeaders: (response) => void response.header('cache-control', 'no-cache'),
    })
    pages.get('/redoc', { schema: { hide: true } }, async (_request, reply) =>
      reply.sendFile('redoc.html'),
    )
  })
}
