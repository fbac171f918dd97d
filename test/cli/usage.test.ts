/** Wrong usage, bad input and the help of every command, through the real program. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { readJson, run, runProcess, type Variables } from './run-stockyard.ts'

// oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
const ANSI = /\u001B/

test('the version is that of package.json', async () => {
  const { default: packageJson } = await import('../../package.json', { with: { type: 'json' } })
  for (const flag of ['--version', '-V']) {
    const { code, stdout, stderr } = await runProcess([flag])
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: `${packageJson.version}\n`, stderr: '' },
    )
  }
})

test('the help names every command and the exit codes', async () => {
  const { code, stdout } = await run(['--help'])
  assert.equal(code, 0)
  for (const { name, summary } of COMMANDS) {
    assert.match(stdout, new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'))
  }
  assert.match(stdout, /130 interrupted/)
})

test('without a command the help goes to standard error and the exit code is 2', async () => {
  const { code, stdout, stderr } = await runProcess([])
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^Usage: stockyard COMMAND/)
})

test('the help of every command has examples, and no colour codes off a terminal', async () => {
  const all = COMMANDS.map(({ name }) => [name])
  const nested = ['is-open', 'next', 'sessions'].map((name) => ['market', name])
  const lists = ['add', 'list', 'show', 'remove', 'search'].map((name) => ['symbols', name])
  const commands = [...all, ...nested, ...lists]
  for (const batch of [commands.slice(0, 9), commands.slice(9, 18), commands.slice(18)]) {
    await Promise.all(
      batch.map(async (command) => {
        const { code, stdout, stderr } = await run([...command, '--help'])
        const name = command.join(' ')
        assert.equal(code, 0, name)
        assert.equal(stderr, '', name)
        assert.match(stdout, new RegExp(`^Usage: stockyard ${name}`), name)
        const examples = stdout.split('Examples:')[1] ?? ''
        assert.ok(examples.split('$ stockyard ').length >= 3, `${name} has at least two examples`)
        assert.doesNotMatch(stdout, ANSI, name)
      }),
    )
  }
})

test('the help of a command with a default has the options of that', async () => {
  const cases = [
    ['rejects', '--status <status>', 'list'],
    ['verify', '--answer <file>', 'check'],
    ['providers', '--forget-limits <provider>', 'list'],
  ] as const
  for (const [name, option, meant] of cases) {
    const { stdout } = await run([name, '--help'])
    const [, options = ''] = stdout.split(`Options of ${name} ${meant}, which ${name} alone means:`)
    assert.ok(options.split('Examples:')[0]!.includes(`  ${option} `), stdout)
  }
})

interface BadInput {
  readonly args: readonly string[]
  readonly env?: Variables
  readonly code: number
  readonly error: string
  readonly says: RegExp
}

/** None of these may reach a database. */
const BAD_INPUT: readonly BadInput[] = [
  { args: ['fecth'], code: 2, error: 'COMMAND_UNKNOWN', says: /Did you mean fetch\?/ },
  { args: ['help', 'fecth'], code: 2, error: 'COMMAND_UNKNOWN', says: /Did you mean fetch\?/ },
  { args: ['help', 'xyzzy'], code: 2, error: 'COMMAND_UNKNOWN', says: /stockyard help lists/ },
  {
    args: ['export', '-f', 'csv'],
    code: 2,
    error: 'OPTION_CONFLICT',
    says: /--json and -f csv contradict/,
  },
  {
    args: ['gaps', '--actions'],
    code: 2,
    error: 'OPTION_CONFLICT',
    says: /--actions goes with --repair only/,
  },
  { args: ['runs', 'cancel', 'last'], code: 2, error: 'NUMBER_INVALID', says: /"last"/ },
  { args: ['market', 'nxt'], code: 2, error: 'COMMAND_UNKNOWN', says: /Did you mean next\?/ },
  { args: ['fetch', '--jsn'], code: 2, error: 'OPTION_UNKNOWN', says: /Did you mean --json\?/ },
  {
    args: ['fetch', '-i', '7m'],
    code: 2,
    error: 'INTERVAL_UNKNOWN',
    says: /"7m".*\n.*Did you mean 1m/,
  },
  { args: ['fetch', '-i', '1M'], code: 2, error: 'INTERVAL_UNKNOWN', says: /"1M"/ },
  {
    args: ['fetch', '-i', '1d,fortnight'],
    code: 2,
    error: 'INTERVAL_UNKNOWN',
    says: /"fortnight"/,
  },
  { args: ['fetch', '-i'], code: 2, error: 'OPTION_VALUE_MISSING', says: /argument missing/ },
  {
    args: ['fetch', '-p', 'alpha-vantag'],
    code: 2,
    error: 'PROVIDER_UNKNOWN',
    says: /Did you mean alpha-vantage\?/,
  },
  { args: ['fetch', 'A<B'], code: 2, error: 'SYMBOL_INVALID', says: /"A<B" is not a symbol/ },
  // As an unset shell variable leaves it: it must not mean the whole watch list.
  { args: ['fetch', ''], code: 2, error: 'SYMBOL_INVALID', says: /"" is not a symbol/ },
  { args: ['quote', ','], code: 2, error: 'SYMBOL_INVALID', says: /"," is not a symbol/ },
  { args: ['export', '-s', ' '], code: 2, error: 'SYMBOL_INVALID', says: /"" is not a symbol/ },
  { args: ['fetch', '--interval', ''], code: 2, error: 'INTERVAL_UNKNOWN', says: /""/ },
  {
    args: ['fetch', 'AAPL', '--from', '2024-02-30'],
    code: 2,
    error: 'DATE_INVALID',
    says: /2024-02-30/,
  },
  { args: ['fetch', '--from', 'yesterday'], code: 2, error: 'DATE_INVALID', says: /YYYY-MM-DD/ },
  {
    args: ['fetch', '--from', '2024-02-02', '--until', '2024-02-02'],
    code: 2,
    error: 'PERIOD_EMPTY',
    says: /--from is included and --until is not/,
  },
  {
    args: ['fetch', '--from', '2024-02-02', '--days', '5'],
    code: 2,
    error: 'OPTION_CONFLICT',
    says: /cannot go together/,
  },
  { args: ['fetch', '--days', '0'], code: 2, error: 'NUMBER_INVALID', says: /1 to 36500/ },
  { args: ['fetch', '--days', '-3'], code: 2, error: 'NUMBER_INVALID', says: /whole number/ },
  { args: ['bars'], code: 2, error: 'ARGUMENT_MISSING', says: /'symbol'/ },
  {
    args: ['bars', 'AAPL', 'MSFT'],
    code: 2,
    error: 'ARGUMENT_UNEXPECTED',
    says: /Too many arguments/,
  },
  { args: ['bars', 'AAPL,MSFT'], code: 2, error: 'SYMBOL_INVALID', says: /one symbol/ },
  { args: ['bars', 'AAPL', '--limit', '1e3'], code: 2, error: 'NUMBER_INVALID', says: /"1e3"/ },
  { args: ['runs', 'last'], code: 2, error: 'NUMBER_INVALID', says: /"last"/ },
  { args: ['export', '--format', 'xls'], code: 2, error: 'ARGUMENT_INVALID', says: /ndjson, csv/ },
  { args: ['completion', 'tcsh'], code: 2, error: 'ARGUMENT_INVALID', says: /bash, zsh, fish/ },
  { args: ['sandbox', '--port', '70000'], code: 2, error: 'NUMBER_INVALID', says: /0 to 65535/ },
  {
    args: ['market', 'is-open', '--at', 'noon'],
    code: 2,
    error: 'INSTANT_INVALID',
    says: /"noon"/,
  },
  {
    args: ['market', 'next', '--exchange', 'XYZ'],
    code: 2,
    error: 'EXCHANGE_UNKNOWN',
    says: /"XYZ"/,
  },
  {
    args: ['status'],
    env: { API_PORT: 'http' },
    code: 3,
    error: 'CONFIG_INVALID',
    says: /API_PORT: expected a whole number from 0 to 65535/,
  },
  {
    args: ['status'],
    env: { DATABASE_URL: 'mysql://u:hunter22@db/x' },
    code: 3,
    error: 'CONFIG_INVALID',
    says: /DATABASE_URL: expected a URL that starts with postgres:\/\//,
  },
  {
    args: ['status'],
    env: { DATABASE_URL: 'postgres://u:hunter22%@db/x' },
    code: 3,
    error: 'CONFIG_INVALID',
    says: /DATABASE_URL: .* special characters written as %XX/,
  },
  {
    args: ['status'],
    env: { DATABASE_URL: 'postgres://u:hunter22@db:99999/x' },
    code: 3,
    error: 'CONFIG_INVALID',
    says: /DATABASE_URL: .* a port up to 65535/,
  },
  {
    args: ['fetch'],
    env: { DEFAULT_TICKERS: ' , ' },
    code: 3,
    error: 'CONFIG_INVALID',
    says: /DEFAULT_TICKERS: expected symbols/,
  },
  {
    args: ['fetch', 'AAPL', '-p', 'alpha-vantage'],
    code: 3,
    error: 'KEY_MISSING',
    says: /ALPHA_VANTAGE_API_KEY/,
  },
  {
    args: ['symbols', 'search', 'x'],
    code: 3,
    error: 'KEY_MISSING',
    says: /ALPHA_VANTAGE_API_KEY/,
  },
  {
    args: ['status'],
    // Nobody can make a folder there, not even root.
    env: { STOCKYARD_HOME: '/dev/null/home' },
    code: 3,
    error: 'HOME_UNWRITABLE',
    says: /\/dev\/null\/home/,
  },
  {
    args: ['status'],
    env: { DATABASE_URL: 'postgres://u:hunter22@127.0.0.1:9/x' },
    code: 4,
    error: 'DATABASE_UNREACHABLE',
    says: /127\.0\.0\.1:9/,
  },
]

describe('bad input', { concurrency: 4 }, () => {
  for (const [index, { args, env, code, error, says }] of BAD_INPUT.entries()) {
    // The first of each exit code is a process, which ends with it.
    const isFirst = BAD_INPUT.findIndex((each) => each.code === code) === index
    const shown = [...Object.entries(env ?? {}).map((pair) => pair.join('=')), ...args].join(' ')
    test(`"${shown}" ends with ${code} and ${error}: a sentence, a hint, no stack`, async () => {
      // Where --json cannot go, as at the end of an option without its value, the text says it alone.
      const isPlain = args[0] === 'completion' || args.at(-1) === '-i'
      const line = isPlain ? args : [...args, '--json']
      const ended = await (isFirst ? runProcess(line, env) : run(line, env))
      assert.equal(ended.code, code, ended.stderr)
      const [first, second, third] = ended.stderr.split('\n')
      assert.match(first, /^error: [A-Z"/-].*\.$/)
      assert.match(second, /^hint: ./)
      assert.equal(third, `code: ${error}`)
      assert.match(ended.stderr, says)
      assert.doesNotMatch(ended.stderr + ended.stdout, /hunter22|\n\s+at |\.ts:\d/)
      if (isPlain) return
      const document = readJson<{ error: { code: string; message: string; hint: string } }>(ended)
      assert.deepEqual(document.error, {
        code: error,
        message: first.slice(7),
        hint: second.slice(6),
      })
    })
  }
})
