import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  awaitStop,
  findPostmaster,
  serverMark,
  stopPostmaster,
} from '../../../src/db/embedded/postmaster.ts'

/** Asked to stop, it says so in its pid file and goes on, as a stuck server does. */
const STUCK = `
  const { writeFileSync } = require('node:fs')
  const [pidFile] = process.argv.slice(1)
  const say = (status) => writeFileSync(pidFile,
    [process.pid, '/data', 1795309441, 5432, '', '127.0.0.1', '5 6', status, ''].join('\\n'))
  process.on('SIGINT', () => say('stopping'))
  say('ready')
  setInterval(() => {}, 1000)
  process.stdout.write('up')
`

async function withStuckServer(work: (data: string, pid: number) => Promise<void>) {
  const data = mkdtempSync(join(tmpdir(), 'postmaster-'))
  const args = ['-e', STUCK, join(data, 'postmaster.pid'), serverMark(data)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  try {
    await once(child.stdout, 'data')
    await work(data, child.pid!)
    assert.deepEqual(await ended, [null, 'SIGQUIT'])
  } finally {
    child.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  }
}

test('a server that does not stop when it is asked to is stopped at once after a while', async () => {
  await withStuckServer(async (data, pid) => {
    assert.deepEqual(findPostmaster(data), { pid, port: 5432, status: 'ready' })
    assert.equal(await stopPostmaster(data, 200), true)
    assert.equal(findPostmaster(data), undefined)
  })
})

test('a server that another process asked to stop in vain is stopped at once as well', async () => {
  await withStuckServer(async (data, pid) => {
    process.kill(pid, 'SIGINT')
    assert.equal(await awaitStop(data, pid, 200), true)
  })
})

test('a process that took the number of a server is left alone', async () => {
  const data = mkdtempSync(join(tmpdir(), 'postmaster-'))
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  try {
    writeFileSync(join(data, 'postmaster.pid'), '999999999\n/data\n')
    assert.equal(await awaitStop(data, child.pid!, 0), true)
    assert.deepEqual([child.exitCode, child.signalCode], [null, null])
  } finally {
    child.kill('SIGKILL')
    rmSync(data, { recursive: true, force: true })
  }
})
