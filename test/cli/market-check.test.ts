/** What Polygon announces of the days ahead, held against the calendar by the command line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announcedDifferences } from '../../src/domain/calendar/announced.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { startPolygon } from './polygon-sandbox.ts'
import { readJson, run } from './run-stockyard.ts'

const DAY_MS = 86_400_000
const { sandbox, env } = await startPolygon()

const at = (text: string) => Date.parse(`${text}-04:00`)

interface Checked {
  readonly exchange: string
  readonly announced: number
  readonly differences: { session: string; announced_close: string | null; command: string }[]
}

test('the calendar is as it is announced, until a closure is; what is printed records it', async () => {
  const same = await run(['market', 'check'], env)
  assert.deepEqual([same.code, same.stdout], [0, 'XNYS is as Polygon announces it.\n'], same.stderr)
  const { day } = getCalendar('XNYS').nextSession(Date.now() + 3 * DAY_MS)
  const date = new Date(day).toISOString().slice(0, 10)
  const body = JSON.stringify({ day: date })
  const posted = await fetch(`${sandbox.url}/_sandbox/closures`, { method: 'POST', body })
  assert.ok(posted.ok, await posted.text())
  const differs = await run(['market', 'check', '--exchange', 'XNAS', '--json'], env)
  assert.equal(differs.code, 1, differs.stderr)
  const { exchange, announced, differences } = readJson<Checked>(differs)
  assert.deepEqual([exchange, announced > 1], ['XNYS', true])
  const command = `stockyard market close ${date} --exchange XNYS --reason "Unscheduled Closure"`
  assert.deepEqual(
    differences.map((one) => [one.session, one.announced_close, one.command]),
    [[date, null, command]],
  )
  const text = await run(['market', 'check'], env)
  assert.match(
    text.stdout,
    /Polygon says closed \(Unscheduled Closure\), the calendar until 1[36]:00/,
  )
  const args = ['market', 'close', date, '--exchange', 'XNYS', '--reason', 'Unscheduled Closure']
  assert.equal((await run(args, env)).code, 0)
  assert.equal((await run(['market', 'check'], env)).code, 0)
})

test('the state of now is held against the calendar at the clock of the vendor', async (t) => {
  for (const [clock, open] of [
    ['2026-06-03T11:00', true],
    ['2026-06-03T08:00', false],
    ['2026-06-06T11:00', false],
  ] as const) {
    const vendor = await startSandbox({ port: 0, clock: () => at(clock) })
    t.after(() => vendor.close())
    const own = { ...env, POLYGON_BASE_URL: vendor.url }
    const { code, stdout } = await run(['market', 'check', '--now', '--json'], own)
    assert.deepEqual(JSON.parse(stdout), {
      exchange: 'XNYS',
      at: new Date(at(clock)).toISOString().replace('.000', ''),
      announced_open: open,
      calendar_open: open,
      commands: [],
    })
    assert.equal(code, 0)
    if (!open) continue
    const body = JSON.stringify({ day: '2026-06-03' })
    await fetch(`${vendor.url}/_sandbox/closures`, { method: 'POST', body })
    const closed = await run(['market', 'check', '--now'], own)
    assert.deepEqual(
      [closed.code, closed.stdout],
      [
        1,
        'XNYS, Wed 2026-06-03 11:00: Polygon says closed, the calendar open\n' +
          'where it did not open:  stockyard market close 2026-06-03 --exchange XNYS --reason "Not announced"\n' +
          'where it did:  stockyard market close 2026-06-03 --exchange XNYS --at 11:00 --reason "Not announced"\n',
      ],
    )
  }
})

test('an exchange of which Polygon announces nothing is told before a call is spent', async () => {
  const before = sandbox.calls.count()
  const { code, stderr } = await run(['market', 'check', '--exchange', 'XLON'], env)
  assert.equal(code, 1)
  assert.match(stderr, /code: NOT_OFFERED/)
  assert.equal(sandbox.calls.count(), before)
})

test('an early close counts as announced at its time only, and what is not announced says nothing', () => {
  // NYSE closed at 13:00 in New York on 2024-07-03, and did not open on 2024-07-04.
  const [eve, holiday, usual] = [3, 4, 5].map((day) => Date.UTC(2024, 6, day))
  const early = { day: eve!, name: 'Eve', close: at('2024-07-03T13:00') }
  const calendar = getCalendar('XNYS')
  assert.deepEqual(
    announcedDifferences(calendar, [early, { day: holiday!, name: '', close: null }]),
    [],
  )
  assert.deepEqual(
    announcedDifferences(calendar, [
      { day: usual!, name: 'Storm', close: null },
      { ...early, close: at('2024-07-03T14:00') },
    ]),
    [
      {
        day: eve,
        name: 'Eve',
        announced: at('2024-07-03T14:00'),
        calendar: at('2024-07-03T13:00'),
      },
      { day: usual, name: 'Storm', announced: null, calendar: at('2024-07-05T16:00') },
    ],
  )
})
