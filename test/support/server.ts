/** The PostgreSQL server that tests use. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** URL of a server on which databases can be made. */
export async function testServerUrl(): Promise<string> {
  return (
    process.env['TEST_DATABASE_URL'] ??
    readFileSync(join(tmpdir(), 'stockyard-test-server'), 'utf8').trim()
  )
}
