import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { getZone } from '../../src/domain/zone.ts'

const HOUR_MS = 3_600_000
const day = (text: string) => Date.parse(`${text}T00:00:00Z`)

test('New York is five hours behind UTC in winter and four in summer', () => {
  const zone = getZone('America/New_York')
  assert.equal(zone.offsetMs(Date.parse('2024-01-02T14:30:00Z')), -5 * HOUR_MS)
  assert.equal(zone.offsetMs(Date.parse('2024-07-02T13:30:00Z')), -4 * HOUR_MS)
})

test('the offset changes at the published second, 2024-03-10 and 2024-11-03 at 02:00 local', () => {
  const zone = getZone('America/New_York')
  const spring = Date.parse('2024-03-10T07:00:00Z')
  assert.deepEqual([zone.offsetMs(spring - 1), zone.offsetMs(spring)], [-5 * HOUR_MS, -4 * HOUR_MS])
  const autumn = Date.parse('2024-11-03T06:00:00Z')
  assert.deepEqual([zone.offsetMs(autumn - 1), zone.offsetMs(autumn)], [-4 * HOUR_MS, -5 * HOUR_MS])
})

test('the rules of before 2007 hold before 2007', () => {
  const zone = getZone('America/New_York')
  // First Sunday of April until 2006: 2006-03-20 was still winter time, 2007-03-20 was summer time.
  assert.equal(zone.offsetMs(Date.parse('2006-03-20T12:00:00Z')), -5 * HOUR_MS)
  assert.equal(zone.offsetMs(Date.parse('2007-03-20T12:00:00Z')), -4 * HOUR_MS)
})

test('a wall-clock time on a plain day is that instant', () => {
  const zone = getZone('America/New_York')
  assert.equal(zone.instantAt(day('2024-01-02'), 570), Date.parse('2024-01-02T14:30:00Z'))
  assert.equal(zone.instantAt(day('2024-07-02'), 570), Date.parse('2024-07-02T13:30:00Z'))
})

test('a time that comes twice is the first one, one that is skipped moves on', () => {
  const zone = getZone('America/New_York')
  assert.equal(zone.instantAt(day('2024-11-03'), 90), Date.parse('2024-11-03T05:30:00Z'))
  assert.equal(zone.instantAt(day('2024-03-10'), 150), Date.parse('2024-03-10T07:30:00Z'))
})

test('the date is the one on the wall, west and east of UTC', () => {
  const late = Date.parse('2024-01-03T00:59:00Z')
  assert.equal(getZone('America/New_York').localDay(late), day('2024-01-02'))
  assert.equal(
    getZone('Asia/Tokyo').localDay(Date.parse('2024-01-02T15:00:00Z')),
    day('2024-01-03'),
  )
  assert.equal(getZone('UTC').localDay(late), day('2024-01-03'))
})

test('what is no instant has no offset', () => {
  const zone = getZone('Europe/London')
  assert.ok(Number.isNaN(zone.offsetMs(Number.NaN)))
  assert.ok(Number.isNaN(zone.offsetMs(Infinity)))
  assert.ok(Number.isNaN(zone.localDay(1e18)))
})

test('an unknown zone is refused by name', () => {
  assert.throws(() => getZone('Mars/Olympus'), { code: 'ZONE_UNKNOWN', kind: 'usage' })
})

test('agrees with Temporal at any instant and any wall-clock time of many zones', () => {
  const names = [
    'America/New_York',
    'Europe/London',
    'Asia/Tokyo',
    'Australia/Sydney',
    'Australia/Lord_Howe', // half an hour of summer time
    'Africa/Casablanca', // winter time in Ramadan
    'Africa/Cairo',
    'Asia/Jerusalem',
    'America/Sao_Paulo',
    'Asia/Kolkata',
    'Pacific/Apia', // skipped 2011-12-30
  ]
  const minute = fc.integer({ min: Date.UTC(1950, 0) / 60_000, max: Date.UTC(2060, 0) / 60_000 })
  fc.assert(
    fc.property(fc.constantFrom(...names), minute, (name, minutes) => {
      const zone = getZone(name)
      const instant = Temporal.Instant.fromEpochMilliseconds(minutes * 60_000)
      const there = instant.toZonedDateTimeISO(name)
      assert.equal(zone.offsetMs(minutes * 60_000), there.offsetNanoseconds / 1e6)
      assert.equal(zone.localDay(minutes * 60_000), day(there.toPlainDate().toString()))
      const wall = Temporal.PlainDateTime.from(instant.toZonedDateTimeISO('UTC').toPlainDateTime())
      const expected = wall.toZonedDateTime(name, { disambiguation: 'compatible' })
      const midnight = Math.floor(minutes / 1440) * 1440
      assert.equal(
        zone.instantAt(midnight * 60_000, minutes - midnight),
        expected.epochMilliseconds,
        `${wall} in ${name}`,
      )
    }),
    { numRuns: 3000 },
  )
})

test('agrees with Temporal around each change of 2000 to 2030 in New York and Sydney', () => {
  for (const name of ['America/New_York', 'Australia/Sydney']) {
    const zone = getZone(name)
    let at = Temporal.Instant.from('2000-01-01T00:00Z').toZonedDateTimeISO(name)
    for (let i = 0; i < 60; i += 1) {
      const next = at.getTimeZoneTransition('next')
      assert.ok(next !== null)
      at = next
      for (const step of [-86_400_000, -3_600_001, -1, 0, 1, 3_600_000, 86_400_000]) {
        const near = at.epochMilliseconds + step
        const there = Temporal.Instant.fromEpochMilliseconds(near).toZonedDateTimeISO(name)
        assert.equal(zone.offsetMs(near), there.offsetNanoseconds / 1e6, there.toString())
      }
    }
  }
})
