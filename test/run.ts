/**
 * `npm test`: starts one PostgreSQL in a home of its own (unless TEST_DATABASE_URL names a server), runs
 * the test files, or those whose path contains an argument, and ends with a plain count. Some files at a
 * time share a process, since starting one takes longer than many a file's tests.
 */
import {
  appendFileSync,
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { pathToFileURL } from 'node:url'
import { clusterPaths } from '../src/db/embedded/cluster.ts'
import { startEmbedded } from '../src/db/embedded/embedded.ts'
import { makeLogger } from '../src/log.ts'

const PROCESS_TIMEOUT_MS = 600_000
const PROCESSES_MAX = 8
/** Files of one folder that share a process. */
const FILES_A_PROCESS = 8
/** What hooks into every test of its process, or watches the process itself, needs one of its own. */
const RUNS_ALONE = /^(?:before|after)Each\(|memoryUsage|process\.(?:on|once)\(/m

/** What a server that goes with this run can do without, and what makes a new database cheap. */
const SERVER_SETTINGS = [
  // Each new database waits for two checkpoints.
  'fsync = off',
  'full_page_writes = off',
  // The kernel copies the files of the template.
  'file_copy_method = clone',
  // It would look at every database once a minute, in the middle of any test.
  'autovacuum = off',
]

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const root = join(import.meta.dirname, '..')
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort())
}
process.exitCode = await main(process.argv.slice(2))

async function main(wanted: readonly string[]): Promise<number> {
  const files = globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    .sort()
  if (files.length === 0) {
    console.error(`No test file matches ${wanted.join(' ')}.`)
    return 1
  }
  const folder = mkdtempSync(join(tmpdir(), 'stockyard-tests-'))
  isolateEnvironment(folder)
  const serverHome = join(folder, 'server')
  const log = makeLogger({ level: 'warn', format: undefined })
  const server =
    process.env['TEST_DATABASE_URL'] === undefined
      ? await startEmbedded(serverHome, log)
      : undefined
  try {
    if (server !== undefined) {
      setForTests(clusterPaths(realpathSync(serverHome)).data)
      process.env['TEST_DATABASE_URL'] = server.url
    }
    const { passed, failed, skipped } = await runFiles(shareProcesses(files, folder))
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    return failed === 0 && passed > 0 && !interrupted.signal.aborted ? 0 : 1
  } finally {
    await server?.release()
    rmSync(folder, { recursive: true, force: true })
  }
}

function setForTests(data: string): void {
  appendFileSync(join(data, 'postgresql.conf'), `\n${SERVER_SETTINGS.join('\n')}\n`)
  const [pid] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  process.kill(Number(pid), 'SIGHUP')
}

/**
 * Tests must see neither the user's store nor the user's keys, and whatever an interrupted test leaves
 * must go with the folder of this run. Child processes inherit this.
 */
function isolateEnvironment(folder: string): void {
  for (const name of Object.keys(process.env)) {
    if (/^(DATABASE_URL$|POSTGRES_|ALPHA_VANTAGE_|POLYGON_|YAHOO_|API_|LOG_)/.test(name)) {
      delete process.env[name]
    }
  }
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary)
  // As open as the system's own: a server that runs under another account has to pass.
  for (const path of [folder, temporary]) chmodSync(path, 0o755)
  process.env['TMPDIR'] = temporary
  // What one process has compiled the others need not compile again.
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled')
  process.env['STOCKYARD_HOME'] = join(folder, 'home')
}

/** Files to run, each in a process: test files as they are, or one that loads several of a folder. */
function shareProcesses(files: readonly string[], folder: string): string[] {
  const alone = files.filter(runsAlone)
  const byFolder = Map.groupBy(
    files.filter((file) => !runsAlone(file)),
    dirname,
  )
  const shared = [...byFolder.values()].flatMap((siblings) => {
    const processes = Math.ceil(siblings.length / FILES_A_PROCESS)
    return Array.from({ length: processes }, (_, number) =>
      siblings.filter((_file, i) => i % processes === number),
    )
  })
  return [...alone.map((file) => [file]), ...shared].map((together, number) => {
    if (together.length === 1) return join(root, together[0]!)
    const path = join(folder, `together-${number}.mjs`)
    writeFileSync(path, loadTogether(together))
    return path
  })
}

function runsAlone(file: string): boolean {
  return RUNS_ALONE.test(readFileSync(join(root, file), 'utf8'))
}

/** Code that loads test files. The first test waits for all of them: the runner ends once it has no more tests. */
function loadTogether(files: readonly string[]): string {
  const urls = files.map((file) => pathToFileURL(join(root, file)).href)
  return [
    "import { test } from 'node:test'",
    'const { promise, resolve } = Promise.withResolvers()',
    `test(${JSON.stringify(`loads ${files.join(', ')}`)}, () => promise)`,
    ...urls.map((url) => `await import(${JSON.stringify(url)})`),
    'resolve()',
  ].join('\n')
}

async function runFiles(files: readonly string[]): Promise<Counts> {
  let counts: Counts | undefined
  const events = run({
    cwd: root,
    files: [...files],
    // Two more than there are cores, since many a test waits for a server or a process; each takes up to
    // ten of the server's hundred connections.
    concurrency: Math.min(availableParallelism() + 2, PROCESSES_MAX),
    timeout: PROCESS_TIMEOUT_MS,
    signal: interrupted.signal,
  })
  events.on('test:summary', ({ file, success, counts: summary }) => {
    if (file !== undefined) return
    const { passed, skipped, tests, todo } = summary
    const failed = tests - passed - skipped - todo
    // A suite that throws before its first test fails without a test that does.
    counts = { passed, skipped: skipped + todo, failed: success ? failed : Math.max(failed, 1) }
  })
  const report = events.compose(spec)
  report.pipe(process.stdout)
  await new Promise((resolve, reject) => report.once('end', resolve).once('error', reject))
  if (counts === undefined) throw new Error('The test runner ended without a count.')
  return counts
}
