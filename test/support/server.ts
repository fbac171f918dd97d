/**
 * The PostgreSQL server of the tests: the one that `npm test` started, or, for a single file, an
 * embedded one of this user that is kept on disk between runs, so that it starts at once.
 */
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { makeLogger } from '../../src/log.ts'

let own: Promise<string> | undefined

/** URL of a server on which databases can be made. */
export async function testServerUrl(): Promise<string> {
  return process.env['TEST_DATABASE_URL'] ?? (own ??= startOwnServer())
}

/**
 * All kinds of server that are to be tested, by name: the usual one, and another (an older version, a
 * distribution's own build) where TEST_DATABASE_URL_OTHER names one.
 */
export async function testServerUrls(): Promise<Record<string, string>> {
  const other = process.env['TEST_DATABASE_URL_OTHER']
  return {
    'the usual server': await testServerUrl(),
    ...(other !== undefined && { 'the other server': other }),
  }
}

async function startOwnServer(): Promise<string> {
  const home = join(tmpdir(), `stockyard-test-${userInfo().uid}`)
  const server = await startEmbedded(home, makeLogger({ level: 'warn', format: undefined }))
  // The end of the last test is not known here; the end of all work is.
  process.once('beforeExit', () => server.release())
  return server.url
}
