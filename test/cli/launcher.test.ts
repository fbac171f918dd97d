/** The launcher: hands over to the pinned Node, with signals, exit code and end of life. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { runProcess, start, type Ended } from './run-stockyard.ts'

/** A Node of this machine that is too old for Stockyard, or undefined. */
function findOlderNode(): string | undefined {
  for (const path of ['/usr/bin/node', '/usr/local/bin/node']) {
    try {
      const version = execFileSync(path, ['--version'], { encoding: 'utf8' })
      if (Number.parseInt(version.slice(1), 10) < 24) return path
    } catch {
      // Not there: the next one.
    }
  }
  return undefined
}

const older = findOlderNode()
const skip = older === undefined ? 'there is no Node before 24 on this machine' : false

function runOlder(args: readonly string[]): Promise<Ended> {
  return start(args, {}, older).ended
}

test('an older Node hands over: same output, same exit code', { skip }, async () => {
  for (const args of [['--version'], ['market', 'is-open', '--at', '2024-07-04'], ['nonsense']]) {
    const [direct, launched] = await Promise.all([runProcess(args), runOlder(args)])
    assert.deepEqual(launched, direct)
  }
})

test('an older Node passes SIGTERM on and waits for the good end', { skip }, async () => {
  const sandbox = start(['sandbox', '--port', '0'], {}, older)
  await sandbox.says('SIMULATED exchange at')
  sandbox.child.kill('SIGTERM')
  assert.equal((await sandbox.ended).code, 0)
})

test('when the launcher is killed, what it launched ends too', { skip }, async () => {
  const sandbox = start(['sandbox', '--port', '0', '--json'], {}, older)
  await sandbox.says('"url"')
  sandbox.child.kill('SIGKILL')
  // The streams close only when the launched process, which holds them as well, is gone.
  const { code, stdout } = await sandbox.ended
  assert.equal(code, null)
  const { url } = JSON.parse(stdout) as { url: string }
  await assert.rejects(fetch(`${url}/_sandbox/`), /fetch failed/)
})
