import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { openPool, type Pool } from '../../src/db/connect.ts'
import { migrate, readMigrations, schemaVersion, type Migration } from '../../src/db/migrate.ts'
import { makeDatabase, type TestDatabase } from '../support/database.ts'
import { testServerUrls } from '../support/server.ts'

/** A folder with migrations of the given texts, named 0001_step.sql and on. */
function makeFolder(t: TestContext, texts: readonly string[]): URL {
  const folder = mkdtempSync(join(tmpdir(), 'migrations-'))
  t.after(() => rmSync(folder, { recursive: true }))
  texts.forEach((text, index) => {
    writeFileSync(join(folder, `${String(index + 1).padStart(4, '0')}_step.sql`), text)
  })
  return pathToFileURL(`${folder}/`)
}

function makeMigrations(t: TestContext, texts: readonly string[]): Migration[] {
  return readMigrations(makeFolder(t, texts))
}

function makeEmpty(t: TestContext, serverUrl: string): Promise<TestDatabase> {
  return makeDatabase(t, { migrated: false, serverUrl })
}

async function applied(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ number: number }>(
    'SELECT number FROM stockyard.migrations ORDER BY number',
  )
  return rows.map((row) => row.number)
}

for (const [server, serverUrl] of Object.entries(await testServerUrls())) {
  describe(`on ${server}`, () => {
    test('an empty database gets all migrations, and a second time none', async (t) => {
      const { pool } = await makeEmpty(t, serverUrl)
      const names = readMigrations().map((migration) => migration.name)
      assert.equal(await schemaVersion(pool), 0)
      assert.deepEqual(await migrate(pool), { applied: names, version: names.length })
      assert.deepEqual(await migrate(pool), { applied: [], version: names.length })
      assert.equal(await schemaVersion(pool), names.length)
    })

    test('nothing to do costs one query', async (t) => {
      const { pool } = await makeDatabase(t, { serverUrl })
      const query = t.mock.method(pool, 'query')
      const connect = t.mock.method(pool, 'connect')
      await migrate(pool)
      assert.equal(query.mock.callCount(), 1)
      // pool.query takes its connection by connect, too.
      assert.equal(connect.mock.callCount(), 1)
    })

    test('a database of an older version gets only what it lacks', async (t) => {
      const { pool } = await makeEmpty(t, serverUrl)
      const steps = makeMigrations(t, ['CREATE TABLE a (x int)', 'ALTER TABLE a ADD y int'])
      await migrate(pool, steps.slice(0, 1))
      assert.deepEqual(await migrate(pool, steps), { applied: ['0002_step.sql'], version: 2 })
    })

    test('twenty at once apply each migration once', async (t) => {
      const { pool, url } = await makeEmpty(t, serverUrl)
      const steps = makeMigrations(t, [
        'CREATE TABLE a (x int)',
        'INSERT INTO a VALUES (1)',
        'INSERT INTO a VALUES (2)',
      ])
      const pools = Array.from({ length: 20 }, () => openPool(url, { max: 1 }))
      const results = await Promise.all(pools.map((one) => migrate(one, steps)))
      await Promise.all(pools.map((one) => one.end()))
      assert.ok(results.every((result) => result.version === 3))
      const names = results.flatMap((result) => result.applied).sort()
      assert.deepEqual(names, ['0001_step.sql', '0002_step.sql', '0003_step.sql'])
      const { rows } = await pool.query('SELECT x FROM a ORDER BY x')
      assert.deepEqual(rows, [{ x: 1 }, { x: 2 }])
    })

    test('a migration that fails leaves nothing of itself, and what went before stays', async (t) => {
      const { pool } = await makeEmpty(t, serverUrl)
      const steps = makeMigrations(t, [
        'CREATE TABLE a (x int)',
        'CREATE TABLE b (x int); CREATE TABLE a (x int)',
      ])
      await assert.rejects(migrate(pool, steps), {
        code: 'MIGRATION_FAILED',
        message: 'Migration 0002_step.sql failed and was rolled back: relation "a" already exists.',
      })
      assert.deepEqual(await applied(pool), [1])
      const { rows } = await pool.query(`SELECT to_regclass('b') AS b`)
      assert.equal(rows[0].b, null)
    })

    test('a migration file that was changed after it was applied is refused', async (t) => {
      const { pool } = await makeEmpty(t, serverUrl)
      await migrate(pool, makeMigrations(t, ['CREATE TABLE a (x int)']))
      await assert.rejects(migrate(pool, makeMigrations(t, ['CREATE TABLE a (x bigint)'])), {
        kind: 'database',
        code: 'MIGRATION_CHANGED',
        message: /^Migration 0001_step\.sql was applied to this database with other contents/,
      })
    })

    test('a database newer than the code is refused with both versions', async (t) => {
      const { pool } = await makeEmpty(t, serverUrl)
      const steps = makeMigrations(t, ['SELECT 1', 'SELECT 2', 'SELECT 3'])
      await migrate(pool, steps)
      await assert.rejects(migrate(pool, steps.slice(0, 2)), {
        kind: 'database',
        code: 'DATABASE_NEWER',
        message: 'The database has schema version 3, but this Stockyard knows versions up to 2.',
      })
    })

    test('kill -9 in the middle of a migration leaves it undone, and the next run does it', async (t) => {
      const { pool, url } = await makeEmpty(t, serverUrl)
      const folder = makeFolder(t, [
        'CREATE TABLE a (x int)',
        'CREATE TABLE b (x int); LOCK TABLE gate; CREATE TABLE c (x int)',
      ])
      await pool.query('CREATE TABLE gate ()')
      const gate = await pool.connect()
      await gate.query('BEGIN; LOCK TABLE gate')
      const child = spawnMigration(url, folder)
      await waitForGate(pool)
      child.kill('SIGKILL')
      await once(child, 'exit')
      assert.deepEqual(await applied(pool), [1])
      await gate.query('ROLLBACK')
      gate.release()
      const result = await migrate(pool, readMigrations(folder))
      assert.deepEqual(result, { applied: ['0002_step.sql'], version: 2 })
      const { rows } = await pool.query(`SELECT to_regclass('b') AS b, to_regclass('c') AS c`)
      assert.deepEqual(rows, [{ b: 'b', c: 'c' }])
    })
  })
}

test('migrations with a hole in their numbers, or a wrong name, are refused', (t) => {
  const folder = makeFolder(t, ['SELECT 1'])
  writeFileSync(new URL('0003_late.sql', folder), 'SELECT 3')
  assert.throws(() => readMigrations(folder), {
    code: 'MIGRATIONS_INVALID',
    message: 'Migration 0003_late.sql should be number 2, written NNNN_name.sql.',
  })
})

/** A process of its own that migrates with the files of a folder. */
function spawnMigration(url: string, folder: URL) {
  const source = `
    const { openPool } = await import(${JSON.stringify(import.meta.resolve('../../src/db/connect.ts'))})
    const { migrate, readMigrations } = await import(${JSON.stringify(import.meta.resolve('../../src/db/migrate.ts'))})
    await migrate(openPool(${JSON.stringify(url)}), readMigrations(new URL(${JSON.stringify(folder.href)})))`
  return spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: 'inherit' })
}

/** Returns once some connection waits for the locked table. */
async function waitForGate(pool: Pool): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const { rows } = await pool.query(`SELECT FROM pg_locks
      WHERE NOT granted AND relation = 'gate'::regclass`)
    if (rows.length > 0) return
    await sleep(25)
  }
  assert.fail('the migration never came to the locked table')
}
