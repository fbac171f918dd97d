import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { clusterPaths, ensureCluster } from '../../../src/db/embedded/cluster.ts'
import { makeLogger } from '../../../src/log.ts'

const log = makeLogger({ level: 'silent', format: 'json' })

/** What initdb of PostgreSQL 18 said on a disk of 40 MB, where a write fitted in part. */
const FULL = `FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 0
HINT:  Check free disk space.
PANIC:  cannot abort transaction 1, it was already committed`

test('a cluster that cannot be made for want of room says so, and leaves nothing behind', async () => {
  const home = mkdtempSync(join(tmpdir(), 'cluster-'))
  try {
    const paths = clusterPaths(home)
    mkdirSync(paths.folder)
    const initdb = join(home, 'initdb')
    writeFileSync(initdb, `#!/bin/sh\ncat >&2 <<'END'\n${FULL}\nEND\nexit 1\n`, { mode: 0o755 })
    const distribution = { initdb, postgres: initdb }
    await assert.rejects(ensureCluster(paths, distribution, undefined, log), {
      code: 'DATABASE_FULL',
      kind: 'database',
      hint: 'Free some space, or set STOCKYARD_HOME to a folder on a larger disk.',
    })
    assert.deepEqual(readdirSync(paths.folder), ['password'])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
