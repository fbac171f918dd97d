/** Shell completion: scripts that shells can read, and the answers to what they ask. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { runProcess } from './run-stockyard.ts'

/** What is offered after the words; an empty last word asks for anything. */
async function complete(...words: readonly string[]): Promise<string[]> {
  const { code, stdout } = await runProcess(['complete', '--', ...words])
  assert.equal(code, 0)
  const lines = stdout.trimEnd().split('\n')
  assert.match(lines.pop() ?? '', /^:\d+$/)
  return lines.map((line) => line.split('\t')[0])
}

test('commands, options and the values of options are offered', async () => {
  assert.deepEqual(await complete('fe'), ['fetch'])
  const all = await complete('')
  for (const { name } of COMMANDS) assert.ok(all.includes(name), name)
  assert.deepEqual(await complete('market', 's'), ['sessions'])
  const intervals = ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo']
  assert.deepEqual(await complete('fetch', '--interval', ''), intervals)
  assert.deepEqual(await complete('bars', 'AAPL', '-i', '1'), [
    '1m',
    '15m',
    '1h',
    '1d',
    '1wk',
    '1mo',
  ])
  assert.deepEqual(await complete('export', '--format', ''), [
    'ndjson',
    'csv',
    'parquet',
    'arrow',
    'sql',
  ])
  assert.deepEqual(await complete('fetch', '--provider', 'al'), ['alpha-vantage'])
  assert.ok((await complete('fetch', '--')).includes('--force'))
})

test('the scripts call the command back, and bash can read its own', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await runProcess(['completion', shell])
    assert.equal(code, 0)
    assert.match(stdout, /stockyard complete/)
    if (shell !== 'bash') continue
    const checked = spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' })
    assert.equal(checked.error === undefined ? checked.stderr : '', '')
  }
})
