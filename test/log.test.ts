/** What is logged of others cannot look like a line of its own, or steer a terminal. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'

const FORGED = 'a\n[12:00:00] INFO: all is well\r\u001b[2J\u0007\u009b31m\u2028b \\u001b é'

/** What a logger of a process of its own writes. */
function written(format: 'json' | 'pretty'): string {
  const program = `
    import { makeLogger } from '${new URL('../src/log.ts', import.meta.url).href}'
    const log = makeLogger({ level: 'info', format: '${format}' })
    const text = ${JSON.stringify(FORGED)}
    log.warn({ reason: text, nested: { text } }, text)`
  const args = ['--input-type=module', '--eval', program]
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stderr
}

describe('a log', () => {
  it('as JSON is one line without control characters, and can be read', () => {
    const text = written('json')
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    assert.doesNotMatch(text.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028]/)
    const line = JSON.parse(text) as { msg: string; nested: { text: string } }
    const shown = 'a\n[12:00:00] INFO: all is well  [2J  31m b \\u001b é'
    assert.deepEqual([line.msg, line.nested.text], [shown, shown])
  })

  it('for people begins one line with a time, and holds no control characters', () => {
    const text = written('pretty')
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/)
    const times = text.split('\n').filter((line) => /^\[\d\d:\d\d:\d\d\]/.test(line))
    assert.equal(times.length, 1, text)
    assert.match(text, /WARN: a \[12:00:00\] INFO: all is well/)
  })
})
