/** `stockyard keys`, and serving beyond this machine. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeDatabase } from '../support/database.ts'
import { readJson, run, runProcess, start } from './run-stockyard.ts'

const { url } = await makeDatabase()
const variables = { DATABASE_URL: url, API_PORT: '0' }

interface Created {
  readonly key: string
  readonly id: string
}

describe('keys', () => {
  it('are made, listed without themselves, rotated, revoked, and stand in the audit', async () => {
    const created = await runProcess(
      ['keys', 'create', '--role', 'read', '--name', 'grafana', '--expires', '90d', '--json'],
      variables,
    )
    const { key, id } = readJson<Created>(created)
    assert.match(key, /^sy_read_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}$/)
    assert.equal(key.split('_')[2], id)
    const rotated = await run(['keys', 'rotate', id, '--overlap', '1h'], variables)
    assert.match(rotated.stdout, /^sy_read_\w+\n$/)
    assert.match(rotated.stderr, /shown this once/)
    const revoked = await run(['keys', 'revoke', id], variables)
    assert.equal(revoked.stdout, `The key ${id} is revoked.\n`)
    const again = await run(['keys', 'revoke', id, '--json'], variables)
    assert.equal(again.code, 1)
    assert.equal(readJson<{ error: { code: string } }>(again).error.code, 'KEY_UNKNOWN')

    const listed = await run(['keys', 'list', '--json'], variables)
    const { data } = readJson<{ data: { id: string; state: string; name: string }[] }>(listed)
    assert.deepEqual(
      data.map(({ state, name }) => [state, name]),
      [
        ['revoked', 'grafana'],
        ['valid', 'grafana'],
      ],
    )
    const secret = key.slice(key.lastIndexOf('_') + 1)
    assert.equal(listed.stdout.includes(secret), false)
    const audit = await run(['keys', 'audit', '--json'], variables)
    const entries = readJson<{ data: { action: string; actor: string }[] }>(audit).data
    assert.deepEqual(
      entries.map(({ action }) => action),
      ['key.revoked', 'key.rotated', 'key.created'],
    )
    assert.match(entries[0]!.actor, /^user:/)
    assert.equal(audit.stdout.includes(secret), false)
  })

  it('are not made of a role or a time that is none', async () => {
    for (const args of [
      ['keys', 'create'],
      ['keys', 'create', '--role', 'root'],
      ['keys', 'create', '--role', 'read', '--expires', 'soon'],
    ]) {
      assert.equal((await run(args, variables)).code, 2, args.join(' '))
    }
  })
})

describe('serving beyond this machine', () => {
  it('is refused without a key, and takes one for everything but health', async (t) => {
    const { url: empty } = await makeDatabase(t)
    const wide = { ...variables, DATABASE_URL: empty, API_HOST: '0.0.0.0', ETL_ENABLED: 'false' }
    for (const command of ['serve', 'up']) {
      const refused = await run([command], wide)
      assert.equal(refused.code, 3, command)
      assert.match(refused.stderr, /BIND_REFUSED/)
      assert.match(refused.stderr, /stockyard keys create --role admin/)
    }
    const { key } = readJson<Created>(
      await run(['keys', 'create', '--role', 'read', '--json'], wide),
    )
    const server = start(['serve', '--json'], wide)
    const said = await server.says('"url"')
    const port = new URL((JSON.parse(said) as { url: string }).url).port
    const at = `http://127.0.0.1:${port}`
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${at}${path}`, { headers })).status
    assert.equal(await status('/health'), 200)
    assert.equal(await status('/api/v1/stocks'), 401)
    assert.equal(await status('/'), 401)
    assert.equal(await status('/api/v1/stocks', { authorization: `Bearer ${key}` }), 200)
    server.child.kill('SIGTERM')
    const ended = await server.ended
    assert.equal(ended.code, 0)
    assert.equal(`${ended.stdout}${ended.stderr}`.includes(key.slice(-20)), false)
  })
})
