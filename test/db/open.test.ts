import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openDatabase, type OpenOptions } from '../../src/db/open.ts'
import { StockyardError } from '../../src/domain/error.ts'
import { makeLogger, redact } from '../../src/log.ts'
import { makeDatabase } from '../support/database.ts'

const home = mkdtempSync(join(tmpdir(), 'open-'))
after(() => rmSync(home, { recursive: true, force: true }))

function optionsFor(databaseUrl: string | undefined): OpenOptions {
  return {
    databaseUrl,
    home,
    log: makeLogger({ level: 'silent', format: 'json' }),
    applicationName: 'stockyard test',
  }
}

test('a URL opens that server, and leaves the home alone', async (t) => {
  const { url } = await makeDatabase(t, { migrated: false })
  const database = await openDatabase(optionsFor(url))
  assert.equal(database.embedded, false)
  assert.equal(database.url, url)
  const { rows } = await database.pool.query(`SELECT current_setting('application_name') AS name`)
  assert.deepEqual(rows, [{ name: 'stockyard test' }])
  assert.ok((await database.migrate()).version > 0)
  await database.close()
  await database.close()
  assert.equal(existsSync(join(home, 'postgres')), false)
})

test('the password of a URL is blanked wherever it would be written', async (t) => {
  const { url } = await makeDatabase(t)
  const database = await openDatabase(optionsFor(url))
  await database.close()
  const { password } = new URL(url)
  assert.equal(redact(`it is ${password}!`), 'it is [redacted]!')
})

test('without a URL the embedded server of the home is opened, and stopped at the end', async () => {
  const database = await openDatabase(optionsFor(undefined))
  assert.equal(database.embedded, true)
  await database.migrate()
  const { rows } = await database.pool.query('SELECT count(*) AS pages FROM stockyard.pages')
  assert.deepEqual(rows, [{ pages: 0 }])
  await database.close()
  await database.close()
  assert.equal(existsSync(join(home, 'postgres', 'data', 'postmaster.pid')), false)
})

test('a server that is not there is one sentence with its place and a hint', async () => {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  await new Promise((resolve) => listener.close(resolve))
  const error: unknown = await openDatabase(
    optionsFor(`postgres://me:open-sesame@127.0.0.1:${port}/market`),
  ).catch((reason: unknown) => reason)
  assert.ok(error instanceof StockyardError)
  assert.equal(error.kind, 'database')
  assert.equal(error.code, 'DATABASE_UNREACHABLE')
  assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}/market`))
  assert.match(error.hint ?? '', /DATABASE_URL/)
  assert.doesNotMatch(`${error.message}${error.hint}`, /sesame/)
})
