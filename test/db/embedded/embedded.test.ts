import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPool, type Pool } from '../../../src/db/connect.ts'
import { startEmbedded, type EmbeddedServer } from '../../../src/db/embedded/embedded.ts'
import { makeLogger } from '../../../src/log.ts'

const log = makeLogger({ level: 'silent', format: 'json' })
const parent = mkdtempSync(join(tmpdir(), 'embedded-'))
/** One home for all tests that do not need a fresh one: making a cluster takes a second. */
const home = join(parent, 'home')
const data = join(home, 'postgres', 'data')
const pidFile = join(data, 'postmaster.pid')
after(() => rmSync(parent, { recursive: true, force: true }))

async function withServer(work: (server: EmbeddedServer, pool: Pool) => Promise<void>) {
  const server = await startEmbedded(home, log)
  const pool = openPool(server.url, { max: 1 })
  try {
    await work(server, pool)
  } finally {
    await pool.end()
    await server.release()
  }
}

/** A process of its own that holds the server of a home, once it does. */
async function spawnHolder(at: string): Promise<{ child: ChildProcess; url: string }> {
  const program = join(import.meta.dirname, '..', '..', 'support', 'embedded-holder.ts')
  const child = spawn(process.execPath, [program, at], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, url: line.toString().trim() }
}

async function endHolder(child: ChildProcess): Promise<void> {
  child.stdin?.end()
  if (child.exitCode === null) await once(child, 'exit')
}

function isRunning(): boolean {
  return existsSync(pidFile)
}

function serverPid(): number {
  return Number(readFileSync(pidFile, 'utf8').split('\n')[0])
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (await isSo()) return
    await sleep(25)
  }
  assert.fail(`waited in vain until ${what}`)
}

test('a fresh home gets a server of version 18 with checksums, on loopback only', async () => {
  await withServer(async (_server, pool) => {
    const { rows } = await pool.query(`SELECT current_setting('data_checksums') AS checksums,
      current_setting('listen_addresses') AS addresses, current_setting('fsync') AS fsync,
      current_setting('unix_socket_directories') AS sockets, current_user AS name,
      current_setting('server_version_num')::int / 10000 AS version, upper('é') AS upper,
      (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser`)
    assert.deepEqual(rows[0], {
      checksums: 'on',
      addresses: '127.0.0.1',
      fsync: 'on',
      sockets: '',
      name: 'stockyard',
      version: 18,
      upper: 'É',
      superuser: false,
    })
  })
})

test('nobody else can read the home or the password', () => {
  assert.equal(statSync(home).mode & 0o777, 0o700)
  assert.equal(statSync(join(home, 'postgres')).mode & 0o777, 0o700)
  assert.equal(statSync(data).mode & 0o777, 0o700)
  const password = join(home, 'postgres', 'password')
  assert.equal(statSync(password).mode & 0o777, 0o600)
  // 24 random bytes in base64.
  assert.match(readFileSync(password, 'utf8'), /^[\w-]{32}\n$/)
})

test('no role can log in with a wrong password, and none without', async () => {
  await withServer(async (server) => {
    for (const user of ['stockyard', 'postgres']) {
      for (const password of ['', 'wrong']) {
        const url = new URL(server.url)
        url.username = user
        url.password = password
        const stranger = openPool(url.href, { max: 1 })
        // 28P01: refused by the server. Without a password the driver cannot even begin.
        await assert.rejects(stranger.query('SELECT 1'), /password/)
        await stranger.end()
      }
    }
  })
})

test('the data is there again after a stop and a start, on the same port', async () => {
  const urls: string[] = []
  await withServer(async (server, pool) => {
    urls.push(server.url)
    await pool.query('CREATE TABLE kept AS SELECT 42 AS answer')
  })
  assert.equal(isRunning(), false)
  await withServer(async (server, pool) => {
    urls.push(server.url)
    const { rows } = await pool.query('SELECT answer FROM kept')
    assert.deepEqual(rows, [{ answer: 42 }])
  })
  assert.equal(urls[0], urls[1])
})

test('processes share the server, and the last one out stops it', async () => {
  const first = await startEmbedded(home, log)
  const second = await spawnHolder(home)
  assert.equal(second.url, first.url)
  const pid = serverPid()
  await first.release()
  assert.equal(serverPid(), pid)
  await endHolder(second.child)
  assert.equal(isRunning(), false)
})

test('within one process, too, the last one out stops it', async () => {
  const first = await startEmbedded(home, log)
  const second = await startEmbedded(home, log)
  await first.release()
  await first.release()
  assert.equal(isRunning(), true)
  await second.release()
  assert.equal(isRunning(), false)
})

test('a killed process does not count as one that uses the server', async () => {
  const mine = await startEmbedded(home, log)
  const other = await spawnHolder(home)
  other.child.kill('SIGKILL')
  await once(other.child, 'exit')
  await mine.release()
  assert.equal(isRunning(), false)
})

test('a server whose starter was killed is found and used again', async () => {
  const starter = await spawnHolder(home)
  const pid = serverPid()
  starter.child.kill('SIGKILL')
  await once(starter.child, 'exit')
  await withServer(async (server, pool) => {
    assert.equal(server.url, starter.url)
    assert.equal(serverPid(), pid)
    await pool.query('SELECT 1')
  })
  assert.equal(isRunning(), false)
})

test('a server that is killed comes back by itself under the same URL, with what was committed', async () => {
  await withServer(async (_server, pool) => {
    await pool.query('DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 43 AS answer')
    process.kill(serverPid(), 'SIGKILL')
    const isBack = () =>
      pool.query('SELECT answer FROM kept').then(
        ({ rows }) => rows[0].answer === 43,
        () => false,
      )
    // The connection that was open is lost with the server; then a new one is made.
    await until(async () => !(await isBack()), 'the killed server is gone')
    await until(isBack, 'the server is back')
  })
})

test('a server that was killed with all its users starts again', async () => {
  const holder = await spawnHolder(home)
  const pid = serverPid()
  holder.child.kill('SIGKILL')
  process.kill(pid, 'SIGKILL')
  await once(holder.child, 'exit')
  // At once: the other processes of the server may still be ending.
  await withServer(async (_server, pool) => {
    assert.notEqual(serverPid(), pid)
    await pool.query('SELECT 1')
  })
})

test('a backend that is killed does not stop the server', async () => {
  await withServer(async (server, pool) => {
    const victim = openPool(server.url, { max: 1 })
    const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    process.kill(rows[0].pid, 'SIGKILL')
    const answers = () =>
      pool.query('SELECT 1').then(
        () => true,
        () => false,
      )
    await until(answers, 'the server has recovered')
    await victim.end()
  })
})

test('a pid file that names another live program stops the start, and is left alone', async (t) => {
  // An ordinary user's processes are all of the right account; root has to pick it.
  const { uid, gid } = statSync(data)
  const foreign = spawn('sleep', ['60'], process.getuid?.() === 0 ? { uid, gid } : {})
  t.after(() => foreign.kill())
  const text = `${foreign.pid}\n${data}\n1700000000\n5432\n\n127.0.0.1\n  0 0\nready   \n`
  writeFileSync(pidFile, text)
  t.after(() => rmSync(pidFile))
  await assert.rejects(startEmbedded(home, log), {
    kind: 'database',
    code: 'EMBEDDED_PID_FOREIGN',
    message: `${pidFile} names process ${foreign.pid}, which runs but was not started by Stockyard.`,
  })
  assert.equal(readFileSync(pidFile, 'utf8'), text)
})

test('a pid file that names a process that is gone does not stop the start', async () => {
  const gone = spawn('true')
  await once(gone, 'exit')
  writeFileSync(pidFile, `${gone.pid}\n${data}\n1700000000\n5432\n\n127.0.0.1\n  0 0\nready   \n`)
  await withServer((_server, pool) => pool.query('SELECT 1').then(() => undefined))
})

test('a port that somebody else has taken meanwhile is left for another', async (t) => {
  const taken = Number(readFileSync(join(home, 'postgres', 'port'), 'utf8'))
  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(taken, '127.0.0.1', resolve))
  t.after(() => squatter.close())
  await withServer(async (server, pool) => {
    assert.notEqual(Number(new URL(server.url).port), taken)
    await pool.query('SELECT 1')
  })
})

test('what a killed initialisation left is removed, and two that begin at once share one server', async () => {
  const fresh = join(parent, 'fresh')
  mkdirSync(join(fresh, 'postgres', 'data.half01'), { recursive: true })
  writeFileSync(join(fresh, 'postgres', 'data.half01', 'PG_VERSION'), '18\n')
  const [mine, other] = await Promise.all([startEmbedded(fresh, log), spawnHolder(fresh)])
  assert.equal(mine.url, other.url)
  assert.deepEqual(
    readdirSync(join(fresh, 'postgres')).filter((name) => name.startsWith('data')),
    ['data'],
  )
  await mine.release()
  await endHolder(other.child)
})

test('a home that cannot be written is one clear sentence', async () => {
  const file = join(parent, 'file')
  writeFileSync(file, '')
  await assert.rejects(startEmbedded(join(file, 'home'), log), {
    kind: 'config',
    code: 'HOME_UNWRITABLE',
    message: /^The folder .*\/file\/home cannot be used as STOCKYARD_HOME: ENOTDIR/,
  })
})

test('data of another version, or something else in its place, is refused', async () => {
  const other = join(parent, 'other')
  mkdirSync(join(other, 'postgres', 'data'), { recursive: true })
  writeFileSync(join(other, 'postgres', 'data', 'diary.txt'), 'dear diary')
  await assert.rejects(startEmbedded(other, log), { code: 'EMBEDDED_INIT_FAILED' })
  writeFileSync(join(other, 'postgres', 'data', 'PG_VERSION'), '17\n')
  await assert.rejects(startEmbedded(other, log), {
    code: 'EMBEDDED_VERSION',
    message: /is of PostgreSQL 17, but this Stockyard brings version 18/,
  })
})

test('a server that cannot start says why in its own words', async (t) => {
  const settings = join(data, 'postgresql.conf')
  const before = readFileSync(settings)
  t.after(() => writeFileSync(settings, before))
  appendFileSync(settings, 'shared_buffers_typo = 1\n')
  await assert.rejects(startEmbedded(home, log), {
    kind: 'database',
    code: 'EMBEDDED_START_FAILED',
    message:
      /^The embedded database does not start: "FATAL: {2}configuration file ".*" contains errors"\.$/,
  })
})
