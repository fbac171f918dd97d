/**
 * Final bars that a vendor takes back: nothing is deleted, the run says so, and a finding tells of it until
 * the vendor has them again. On the simulated exchange, over HTTP.
 */
import assert from 'node:assert/strict'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import type { Pool } from '../../src/db/connect.ts'
import { storeFindings } from '../../src/db/findings.ts'
import { getInstrument } from '../../src/db/instruments.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { parseDay } from '../../src/domain/date.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { fetchAll } from '../../src/load/fetch-series.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient } from '../../src/providers/fetch.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { readFindings } from '../../src/query/findings.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

const calendar = getCalendar('XNYS')
const log = makeLogger({ level: 'silent', format: 'json' })
/** A Saturday: all of the week is final. */
const NOW = Date.parse('2024-06-15T16:00:00Z')
const FROM = parseDay('2024-06-10')

let pool: Pool
let sandbox: Awaited<ReturnType<typeof startSandbox>>
beforeEach(async (given) => {
  const t = given as TestContext
  ;({ pool } = await makeDatabase(t))
  sandbox = await startSandbox({ port: 0, clock: () => NOW })
  t.after(() => sandbox.close())
})

/** Asks for the week again; answers the task. */
async function fetchWeek(
  id: string,
  interval: Interval,
  rest: { now?: number; from?: number } = {},
) {
  const clock = { now: () => rest.now ?? NOW, sleep: () => Promise.resolve() }
  const client = makeHttpClient({ clock, log, retries: 0 })
  const config = { key: 'a-key', baseUrl: sandbox.url, budget: 'unlimited' }
  const { from = FROM } = rest
  try {
    const summary = await fetchAll(
      { pool, client, clock, log, configs: { [id]: config } },
      {
        symbols: ['IBM'],
        intervals: [interval],
        providers: [getProvider(id)],
        from,
        until: parseDay('2024-06-15'),
        force: true,
        defaultDays: 20,
      },
    )
    assert.equal(summary.tasks[0]!.error, null)
    return summary
  } finally {
    await client.close()
  }
}

async function notesOf(run: number): Promise<string[]> {
  const { rows } = await pool.query<{ notes: string[] }>(
    'SELECT notes FROM stockyard.tasks WHERE run_id = $1',
    [run],
  )
  return rows.flatMap(({ notes }) => notes)
}

async function barCount(): Promise<number> {
  const { rows } = await pool.query<{ bars: number }>(
    'SELECT sum(bars)::integer AS bars FROM stockyard.series_heads',
  )
  return rows[0]!.bars
}

const openFindings = async () =>
  (await readFindings(pool)).map(({ rule, interval, from, until, evidence }) => [
    rule,
    interval,
    from,
    until,
    evidence['starts'],
  ])

describe('a final bar that a vendor no longer has', () => {
  for (const id of ['alpha-vantage', 'polygon', 'yahoo']) {
    it(`of a day is kept, noted and found, until ${id} has it again`, async () => {
      await fetchWeek(id, '1d')
      const before = await barCount()
      const wednesday = parseDay('2024-06-12')
      sandbox.market.revise('IBM', '1d', wednesday, { removed: true })
      const { run, inserted, updated } = await fetchWeek(id, '1d')
      // The newest hundred sessions reach back to one more.
      assert.deepEqual([updated, await barCount()], [0, before + inserted])
      const note = '1 final bar is kept that the vendor no longer has'
      assert.ok((await notesOf(run)).includes(note))
      const found = ['bar-withdrawn', '1d', '2024-06-12', '2024-06-13', ['2024-06-12']]
      assert.deepEqual(await openFindings(), [found])
      // Looking at the store does not tell that it is not there any more.
      const { id: instrumentId } = await getInstrument(pool, 'IBM')
      await storeFindings(pool, instrumentId, ['1d'], [])
      assert.deepEqual(await openFindings(), [found])
      sandbox.market.restore()
      const again = await fetchWeek(id, '1d')
      assert.ok(!(await notesOf(again.run)).includes(note))
      assert.deepEqual(await openFindings(), [])
    })
  }

  it('inside a day is found by its start, and a whole session by its date', async () => {
    await fetchWeek('polygon', '5m')
    const before = await barCount()
    const at = Date.parse('2024-06-11T15:35:00Z')
    sandbox.market.revise('IBM', '5m', at, { removed: true })
    sandbox.market.revise('IBM', '5m', at + 300_000, { removed: true })
    // Before the opening: rows there come and go.
    sandbox.market.revise('IBM', '5m', Date.parse('2024-06-11T12:00:00Z'), { removed: true })
    const { open } = calendar.session(parseDay('2024-06-13'))!
    for (let i = 0; i < 78; i += 1) {
      sandbox.market.revise('IBM', '5m', open + i * 300_000, { removed: true })
    }
    const { run } = await fetchWeek('polygon', '5m')
    assert.equal(await barCount(), before)
    assert.ok((await notesOf(run)).includes('80 final bars are kept that the vendor no longer has'))
    const found = await openFindings()
    assert.deepEqual(found[0], [
      'bar-withdrawn',
      '5m',
      '2024-06-11',
      '2024-06-12',
      ['2024-06-11T15:35:00Z', '2024-06-11T15:40:00Z'],
    ])
    assert.deepEqual(found[1]!.slice(0, 4), ['bar-withdrawn', '5m', '2024-06-13', '2024-06-14'])
    assert.equal(found.length, 2)
  })

  it('is not said of days that an answer does not settle, nor of those that were not asked for', async () => {
    await fetchWeek('yahoo', '1d')
    sandbox.market.revise('IBM', '1d', parseDay('2024-06-11'), { removed: true })
    const { run } = await fetchWeek('yahoo', '1d', { from: parseDay('2024-06-12') })
    assert.deepEqual([await notesOf(run), await openFindings()], [[], []])
  })

  it('is not said where its row was refused', async () => {
    await fetchWeek('alpha-vantage', '1d')
    sandbox.market.revise('IBM', '1d', parseDay('2024-06-12'), { high: 0.01 })
    const { rejected } = await fetchWeek('alpha-vantage', '1d')
    assert.deepEqual([rejected, await openFindings()], [1, []])
  })
})
