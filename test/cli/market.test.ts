/** The exchange calendar on the command line, against NYSE's published hours. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson, run, runProcess } from './run-stockyard.ts'

/** NYSE's hours around Independence Day 2024: 13:00 on the third, closed on the fourth. */
const WEEK = [
  {
    session: '2024-07-01',
    open: '2024-07-01T13:30:00Z',
    close: '2024-07-01T20:00:00Z',
    breaks: [],
  },
  {
    session: '2024-07-02',
    open: '2024-07-02T13:30:00Z',
    close: '2024-07-02T20:00:00Z',
    breaks: [],
  },
  {
    session: '2024-07-03',
    open: '2024-07-03T13:30:00Z',
    close: '2024-07-03T17:00:00Z',
    breaks: [],
  },
  {
    session: '2024-07-05',
    open: '2024-07-05T13:30:00Z',
    close: '2024-07-05T20:00:00Z',
    breaks: [],
  },
]

test('sessions --json has the hours in UTC, an early close included and a holiday left out', async () => {
  const args = ['market', 'sessions', '--from', '2024-07-01', '--until', '2024-07-06', '--json']
  const ended = await run(args)
  assert.equal(ended.code, 0)
  assert.deepEqual(readJson(ended), WEEK)
})

test('sessions as a table shows the exchange’s own clock, without colour codes', async () => {
  const { stdout } = await run([
    'market',
    'sessions',
    '--from',
    '2024-07-03',
    '--until',
    '2024-07-06',
  ])
  assert.deepEqual(stdout.trimEnd().split('\n').slice(1), [
    'Wed 2024-07-03  09:30  13:00  2024-07-03T13:30:00Z  2024-07-03T17:00:00Z  early close',
    'Fri 2024-07-05  09:30  16:00  2024-07-05T13:30:00Z  2024-07-05T20:00:00Z',
  ])
})

test('is-open exits 0 while the exchange trades and 1 while it does not', async () => {
  const cases: [at: string, code: number][] = [
    ['2024-07-03T13:30:00Z', 0], // the open is included
    ['2024-07-03T13:29:59Z', 1],
    ['2024-07-03T16:59:59Z', 0],
    ['2024-07-03T17:00:00Z', 1], // the early close is not
    ['2024-07-03T12:59-04:00', 0],
    ['2024-07-03T12:59', 0], // on the exchange's own clock
    ['2024-07-03T13:01', 1],
    ['2024-07-04T11:00', 1], // Independence Day
    ['2024-07-03', 0], // it trades on that date
    ['2024-07-04', 1],
    ['2025-01-09', 1], // day of mourning for President Carter
  ]
  for (const [at, code] of cases) {
    const ended = await run(['market', 'is-open', '--at', at])
    assert.equal(ended.code, code, `${at}: ${ended.stdout}${ended.stderr}`)
    assert.match(ended.stdout, code === 0 ? /^XNYS open/ : /^XNYS closed/)
  }
})

test('is-open --json tells the session of the day', async () => {
  const ended = await runProcess(['market', 'is-open', '--at', '2024-07-03T17:30:00Z', '--json'])
  assert.equal(ended.code, 1)
  assert.deepEqual(readJson(ended), {
    exchange: 'XNYS',
    at: '2024-07-03T17:30:00Z',
    open: false,
    session: WEEK[2],
  })
})

test('next finds the session after a holiday, and knows other names of the exchange', async () => {
  for (const exchange of ['XNYS', 'nasdaq']) {
    const args = [
      'market',
      'next',
      '--at',
      '2024-07-03T17:00:00Z',
      '--exchange',
      exchange,
      '--json',
    ]
    const ended = await run(args)
    assert.equal(ended.code, 0)
    assert.deepEqual(readJson(ended), {
      exchange: 'XNYS',
      at: '2024-07-03T17:00:00Z',
      ...WEEK[3],
      // From Wednesday 13:00 to Friday 09:30.
      opens_in_s: 44.5 * 3600,
    })
  }
})

/** What is written in JSON on standard error of a refusal. */
async function refusal(args: readonly string[]): Promise<unknown[]> {
  const { code, stderr, stdout } = await run(['market', ...args, '--json'])
  assert.equal(code, 2, stdout + stderr)
  const { error } = JSON.parse(stdout === '' ? stderr : stdout) as { error: { code: string } }
  return [error.code]
}

test('a calendar may be asked from the first day of a year on', async () => {
  const period = ['--from', '1990-01-01', '--until', '1990-01-03']
  const ended = await run(['market', 'sessions', '--exchange', 'XASX', ...period, '--json'])
  assert.equal(ended.code, 0, ended.stderr)
  // Sydney trades from 10:00 to 16:00, eleven hours ahead of UTC in summer.
  assert.deepEqual(readJson(ended), [
    {
      session: '1990-01-02',
      open: '1990-01-01T23:00:00Z',
      close: '1990-01-02T05:00:00Z',
      breaks: [],
    },
  ])
})

test('what lies before or beyond a calendar is refused, and not guessed', async () => {
  const london = ['--exchange', 'XLON']
  for (const early of [
    ['is-open', '--at', '1900-01-03'],
    ['next', '--at', '1900-01-03T12:00Z'],
    ['sessions', '--from', '1989-12-31', '--until', '1990-02-01'],
  ]) {
    assert.deepEqual(await refusal([...early, ...london]), ['CALENDAR_TOO_EARLY'], early.join(' '))
  }
  for (const late of [
    ['is-open', '--at', '2300-01-03'],
    ['next', '--at', '2300-01-03'],
    ['sessions', '--from', '2300-01-01', '--until', '2300-02-01'],
  ]) {
    assert.deepEqual(await refusal([...late, ...london]), ['PARAMETER_INVALID'], late.join(' '))
  }
})

test('a pause for lunch is shown to people too', async () => {
  const tokyo = ['--exchange', 'XTKS']
  const lunch = await run(['market', 'is-open', '--at', '2024-11-05T12:00', ...tokyo])
  assert.equal(lunch.code, 1)
  const hours = 'Tue 2024-11-05, 09:00 to 11:30, 12:30 to 15:30 Asia/Tokyo'
  assert.equal(lunch.stdout, `XTKS closed: ${hours}\n`)
  const period = ['--from', '2024-11-05', '--until', '2024-11-06']
  const { stdout } = await run(['market', 'sessions', ...tokyo, ...period])
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'session         open   close  break        open UTC              close UTC',
    'Tue 2024-11-05  09:00  15:30  11:30–12:30  2024-11-05T00:00:00Z  2024-11-05T06:30:00Z',
  ])
})

test('days whose holidays nobody has announced yet are told as such', async () => {
  // Mumbai's holidays are announced each December; New York's go by rules.
  const period = ['--from', '2026-12-30', '--until', '2027-01-05', '--json']
  const mumbai = await run(['market', 'sessions', '--exchange', 'XBOM', ...period])
  assert.equal(mumbai.code, 0)
  assert.match(mumbai.stderr, /holidays of XBOM after 2026-12-31 are by rule/)
  const days = ['2026-12-30', '2026-12-31', '2027-01-01', '2027-01-04']
  const listed = readJson(mumbai) as unknown as { session: string }[]
  assert.deepEqual(
    listed.map(({ session }) => session),
    days,
  )
  for (const [exchange, at] of [
    ['XBOM', '2026-12-01'],
    ['XNYS', '2030-01-02'],
  ] as const) {
    const { stderr } = await run(['market', 'next', '--exchange', exchange, '--at', at])
    assert.equal(stderr, '')
  }
  const { stderr } = await run(['market', 'is-open', '--exchange', 'XBOM', '--at', '2027-03-01'])
  assert.match(stderr, /by rule/)
})
