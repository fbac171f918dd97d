/** Commands that run until they are told to stop, and commands that are interrupted. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, start, type Variables } from './run-stockyard.ts'

const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
after(() => sandbox.close())
const database = await makeDatabase()
const env: Variables = {
  DATABASE_URL: database.url,
  ALPHA_VANTAGE_BASE_URL: sandbox.url,
  ALPHA_VANTAGE_API_KEY: 'a-key-for-tests',
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  API_PORT: '0',
}

for (const command of ['serve', 'up']) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${command} says its address, answers there, and ends well with ${signal}`, async () => {
      const running = start([command, '--json'], env)
      const url = addressIn(await running.says('"simulated"'))
      const health = await fetch(`${url}/api/v1/health`)
      assert.equal(health.status, 200)
      await health.text()
      const page = await fetch(url)
      assert.equal(page.status, 200)
      assert.match(await page.text(), /<title>/)
      running.child.kill(signal)
      const { code, stdout } = await running.ended
      assert.equal(code, 0)
      assert.equal(stdout.split('\n').length, 2, 'standard output has the address only')
    })
  }
}

/** The address that a serving command told as JSON. */
function addressIn(stdout: string): string {
  return (JSON.parse(stdout) as { url: string }).url
}

test('a taken port is one sentence that names the port and the variable', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo
  const { code, stderr } = await run(['serve'], { ...env, API_PORT: String(port) })
  assert.equal(code, 3)
  assert.match(stderr, new RegExp(`^error: Port ${port} is in use`, 'm'))
  assert.match(stderr, /^hint: .*API_PORT/m)
})

test('the sandbox says how to point Stockyard at it, and a taken port names --port', async () => {
  const running = start(['sandbox', '--port', '0'])
  const text = await running.says('_sandbox/')
  const url = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)
  assert.ok(text.includes(`export ALPHA_VANTAGE_BASE_URL=${url?.[0]}`))
  const answer = await fetch(`${url?.[0]}/query?function=GLOBAL_QUOTE&symbol=IBM&apikey=x`)
  assert.equal(answer.headers.get('x-stockyard-simulated'), '1')
  await answer.text()
  const second = await run(['sandbox', '--port', url?.[1] ?? ''])
  assert.equal(second.code, 2)
  assert.match(second.stderr, /code: PORT_IN_USE/)
  running.child.kill('SIGINT')
  assert.equal((await running.ended).code, 0)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} in the middle of a fetch keeps what is done and ends with 130`, async () => {
    const [done, stalled] = signal === 'SIGINT' ? ['IBM', 'MSFT'] : ['NVDA', 'TSLA']
    sandbox.faults.add({ fault: 'stall', match: { symbol: stalled } })
    const period = ['--from', '2024-02-05', '--until', '2024-03-02']
    const running = start(['fetch', done, stalled, ...period, '--json'], env)
    await running.says(`${done} 1d: done`)
    await running.says(`${stalled} 1d: 1 call planned`)
    running.child.kill(signal)
    const ended = await running.ended
    sandbox.faults.clear()
    assert.equal(ended.code, 130, ended.stderr)
    const summary = readJson<{ tasks: { status: string; error: { code: string } | null }[] }>(ended)
    assert.deepEqual(
      summary.tasks.map(({ status, error }) => [status, error?.code]),
      [
        ['succeeded', undefined],
        ['skipped', 'INTERRUPTED'],
      ],
    )
    const runs = readJson<{ data: { status: string }[] }>(await run(['runs', '--json'], env))
    assert.equal(runs.data[0].status, 'interrupted')
    const again = await run(['fetch', done, stalled, ...period, '--json'], env)
    assert.equal(again.code, 0)
    assert.equal(
      readJson<{ requests: number }>(again).requests,
      1,
      'only what was missing is asked',
    )
  })
}
