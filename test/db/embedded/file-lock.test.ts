import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  tryExclusiveLock,
  trySharedLock,
  withExclusiveLock,
} from '../../../src/db/embedded/file-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'file-lock-'))
after(() => rmSync(folder, { recursive: true }))

test('many can share a lock, and then nobody can have it alone', () => {
  const path = join(folder, 'shared')
  const first = trySharedLock(path)
  const second = trySharedLock(path)
  assert.ok(first !== undefined && second !== undefined)
  first.release()
  first.release()
  assert.equal(tryExclusiveLock(path), undefined)
  second.release()
  const alone = tryExclusiveLock(path)
  assert.ok(alone !== undefined)
  assert.equal(trySharedLock(path), undefined)
  alone.release()
})

test('a lock of another process ends with that process, even when it is killed', async () => {
  const path = join(folder, 'killed')
  const module = import.meta.resolve('../../../src/db/embedded/file-lock.ts')
  const source = `
    const { tryExclusiveLock } = await import(${JSON.stringify(module)})
    globalThis.held = tryExclusiveLock(${JSON.stringify(path)})
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  assert.equal(trySharedLock(path), undefined)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = tryExclusiveLock(path)
  assert.ok(lock !== undefined)
  lock.release()
})

test('work under a lock is done one after the other', async () => {
  const path = join(folder, 'turns')
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 4 }, () =>
      withExclusiveLock(path, 10_000, async () => {
        inside += 1
        most = Math.max(most, inside)
        await new Promise((resolve) => setImmediate(resolve))
        inside -= 1
      }),
    ),
  )
  assert.equal(most, 1)
})

test('a lock is free again after work that failed', async () => {
  const path = join(folder, 'failed')
  const reason = new Error('no')
  await assert.rejects(
    withExclusiveLock(path, 0, () => Promise.reject(reason)),
    reason,
  )
  assert.equal(await withExclusiveLock(path, 0, () => Promise.resolve(5)), 5)
})

test('waiting for a lock has an end', async () => {
  const path = join(folder, 'held')
  const lock = tryExclusiveLock(path)
  await assert.rejects(
    withExclusiveLock(path, 60, () => Promise.resolve()),
    { kind: 'database', code: 'LOCK_TIMEOUT', retry: true },
  )
  lock?.release()
})

test('locking writes nothing, neither into the file nor beside it', () => {
  const own = mkdtempSync(join(folder, 'own-'))
  const lock = tryExclusiveLock(join(own, 'lock'))
  assert.deepEqual(readdirSync(own), ['lock'])
  lock?.release()
  assert.deepEqual(readdirSync(own), ['lock'])
  assert.equal(statSync(join(own, 'lock')).size, 0)
})

test('a lock file that cannot be made is one clear sentence', () => {
  assert.throws(() => tryExclusiveLock(join(folder, 'missing', 'lock')), {
    kind: 'config',
    code: 'HOME_UNWRITABLE',
    message: /missing\/lock cannot be used: unable to open database file\.$/,
  })
})
