/** Ways out of a folder: the API opens no file that a client names, however the name is written. */
import assert from 'node:assert/strict'
import { globSync, readFileSync, readdirSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { makeApp } from '../../src/api/app.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { ask, contextOf } from './app-under-test.ts'

const ROOT = join(import.meta.dirname, '../..')
const { pool } = await makeDatabase()
await fillStore(pool)
const app = await makeApp(contextOf(pool))
after(() => app.close())
await app.listen({ host: '127.0.0.1', port: 0 })
const { port } = app.server.address() as AddressInfo

/** Sends a path letter by letter, which HTTP clients would tidy up. */
async function sendPath(path: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => (answer += data.toString('latin1')))
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

/** A step up, in the ways in which it can be written. */
const UPS = [
  '../',
  '..%2f',
  '..%2F',
  '%2e%2e/',
  '%2e%2e%2f',
  '.%2e/',
  '%252e%252e%252f',
  '..\\',
  '..%5c',
  '..%255c',
  '....//',
  '..;/',
  '..%c0%af',
  '%c0%ae%c0%ae/',
  '..%00/',
]
const PREFIXES = ['/', '/docs/', '/docs/static/', '/redoc/', '//', '/api/v1/stocks/', '/web/']
const TARGETS = ['package.json', 'src/main.ts', 'etc/passwd', 'proc/self/environ']

describe('a path out of a folder', () => {
  it('is a 4xx in whichever way it is written, and shows nothing of a file', async () => {
    for (const prefix of PREFIXES) {
      for (const up of UPS) {
        for (const target of TARGETS) {
          const path = `${prefix}${up.repeat(8)}${target}`
          const answer = await sendPath(path)
          assert.match(answer, /^HTTP\/1\.1 4\d\d /, path)
          assert.doesNotMatch(answer, /"dependencies"|root:.*:0:|runCommandLine|PATH=/, path)
        }
      }
    }
    for (const path of [
      '/etc/passwd',
      '//etc/passwd',
      '/file:///etc/passwd',
      `/${ROOT}/package.json`,
    ]) {
      assert.match(await sendPath(path), /^HTTP\/1\.1 4\d\d /, path)
    }
  })

  it('is no symbol, so that nothing is ever called by it', async () => {
    for (const symbol of ['../x', '..', '.', '/etc/passwd', 'a/b', 'a\\b', 'A/../B', '~', '-rf']) {
      const body = { symbol }
      const made = await ask(app, '/api/v1/stocks', { method: 'POST', body })
      assert.deepEqual([made.status, made.body['code']], [400, 'SYMBOL_INVALID'], symbol)
      const url = `/api/v1/stocks/${encodeURIComponent(symbol)}/prices`
      const { status } = await ask(app, url)
      assert.ok(status === 400 || status === 404, `${symbol}: ${status}`)
    }
  })
})

describe('the files that are served', () => {
  it('are those of web/ and of Swagger UI, each under its name, and none is a link', async () => {
    const folders = [join(ROOT, 'web'), join(ROOT, 'node_modules/@fastify/swagger-ui/static')]
    for (const folder of folders) {
      const found = readdirSync(folder, { recursive: true, withFileTypes: true })
      assert.ok(found.length > 5)
      assert.deepEqual(
        found.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name),
        [],
      )
    }
    // Each file of web/ has a route of its own, made at start: what is put there later is not served, whatever it leads to.
    const open = app.accessRules().filter(({ url }) => url.includes('*'))
    assert.deepEqual([...new Set(open.map(({ url }) => url))], ['/docs/static/*'])
  })

  it('are all that src/api opens: nothing there names a file by what a client sent', () => {
    const readers = globSync('src/api/*.ts', { cwd: ROOT }).filter((file) =>
      /node:fs|fastifyStatic|sendFile/.test(readFileSync(join(ROOT, file), 'utf8')),
    )
    assert.deepEqual(readers.sort(), ['src/api/documents.ts', 'src/api/web.ts'])
  })
})
