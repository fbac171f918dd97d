/**
 * Every session of every recorded list, with opening, close and break, against the calendar of the
 * exchange. A list is named for its exchange: `XLON-sessions.csv`, `24-7-sessions.csv`.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Session } from '../../../src/domain/calendar/calendar.ts'
import { getCalendar } from '../../../src/domain/calendar/registry.ts'
import { DAY_MS } from '../../../src/domain/date.ts'

const recordings = process.env['STOCKYARD_RECORDINGS']
const folder = recordings === undefined ? '' : join(recordings, 'calendars')
const files = recordings === undefined ? [] : readdirSync(folder).filter(isSessionList)

function isSessionList(file: string): boolean {
  return /^(24-\d|[A-Z]{4}).*-sessions\.csv$/.test(file)
}

function exchangeOf(file: string): string {
  return file.startsWith('24-') ? file.slice(0, 4).replace('-', '/') : file.slice(0, 4)
}

const format = (instant: number) => new Date(instant).toISOString().replace('.000Z', 'Z')

function lineOf({ day, open, close, breaks }: Session): string {
  const pauses = breaks.length === 0 ? ['', ''] : breaks.flat().map(format)
  return [format(day), format(open), format(close), ...pauses].join(',')
}

describe('the recorded sessions', () => {
  const skip = recordings === undefined ? 'STOCKYARD_RECORDINGS is not set' : false

  it('are there for six exchanges at least', { skip }, () => {
    const exchanges = new Set(files.map(exchangeOf))
    for (const exchange of ['XNYS', 'XLON', 'XFRA', 'XTKS', 'XBOM', '24/7']) {
      assert.ok(exchanges.has(exchange), exchange)
    }
  })

  for (const file of files) {
    it(`of ${file} are those of the calendar`, () => {
      const expected = readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(1)
      const first = Date.parse(expected[0]!.slice(0, 10))
      const last = Date.parse(expected.at(-1)!.slice(0, 10))
      const found = getCalendar(exchangeOf(file)).sessions(first, last + DAY_MS)
      assert.deepEqual(found.map(lineOf), expected)
    })
  }
})
