/** What every provider of the registry promises, checked over the samples in its own folder. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { barAt } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import { StockyardError } from '../../src/domain/error.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { parseBudget } from '../../src/providers/budget.ts'
import type { BarRequest, Provider, VendorRequest } from '../../src/providers/provider.ts'
import { getProvider, PROVIDERS } from '../../src/providers/registry.ts'

interface Sample {
  readonly file: string
  readonly kind: 'bars' | 'quote' | 'overview' | 'search'
  readonly symbol: string
  readonly interval?: Interval
  readonly status: number
  /** `ok`, or the class of the failure. */
  readonly expect: string
  readonly rows?: number
}

const calendar = getCalendar('XNYS')
const receivedAt = Date.UTC(2024, 2, 12, 22)
const NOW = Date.UTC(2026, 4, 20, 15)

function samplesOf(provider: Provider): { sample: Sample; bytes: Uint8Array }[] {
  const folder = join(import.meta.dirname, '../../src/providers', provider.id, 'samples')
  const samples = JSON.parse(readFileSync(join(folder, 'samples.json'), 'utf8')) as Sample[]
  return samples.map((sample) => ({
    sample,
    bytes: new Uint8Array(readFileSync(join(folder, sample.file))),
  }))
}

function read(provider: Provider, sample: Sample, bytes: Uint8Array) {
  const body = { status: sample.status, bytes, contentType: 'application/json' }
  if (sample.kind === 'quote') return provider.parseQuote(body, sample.symbol)
  if (sample.kind === 'overview') return provider.parseOverview(body, sample.symbol)
  if (sample.kind === 'search') return provider.parseSearch(body)
  const request: BarRequest = {
    request: provider.requestQuote(sample.symbol),
    symbol: sample.symbol,
    interval: sample.interval!,
    asked: null,
    covers: null,
    fallback: null,
  }
  return provider.parseBars(body, request, { calendar, receivedAt })
}

/** What must hold of any answer, whatever was read. */
function checkAnswer(answer: ReturnType<typeof read>): void {
  if (!answer.ok) {
    assert.ok(answer.message.length > 0 && answer.message.length <= 300, answer.message)
    return
  }
  if (!('batch' in answer)) return
  const { batch, rawAt } = answer
  assert.ok(batch.length > 0)
  for (let i = 0; i < batch.length; i += 1) {
    assert.ok(Number.isFinite(batch.ts[i]))
    if (i > 0) assert.ok(batch.ts[i]! >= batch.ts[i - 1]!)
    assert.ok(rawAt(i).length > 0)
  }
}

function requestsOf(provider: Provider): VendorRequest[] {
  const days = [null, NOW - 3 * DAY_MS, NOW - 45 * DAY_MS, NOW - 900 * DAY_MS]
  const bars = provider.intervals.flatMap((interval) =>
    days.flatMap((from) => {
      const day = from === null ? null : calendar.localDay(from)
      const until = calendar.localDay(NOW) + DAY_MS
      return provider.planBars({ symbol: 'ACME', interval, from: day, until, now: NOW, calendar })
    }),
  )
  assert.ok(bars.length > 0)
  return [
    ...bars.flatMap((call) => (call.fallback === null ? [call] : [call, call.fallback])),
    { request: provider.requestQuote('ACME') },
    { request: provider.requestOverview('ACME') },
    { request: provider.requestSearch('anvils') },
  ].map(({ request }) => request)
}

test('the registry knows providers by id and names them where one is unknown', () => {
  assert.equal(getProvider('alpha-vantage').id, 'alpha-vantage')
  assert.equal(new Set(PROVIDERS.map(({ id }) => id)).size, PROVIDERS.length)
  assert.throws(
    () => getProvider('alpha'),
    (error) =>
      error instanceof StockyardError &&
      error.code === 'PROVIDER_UNKNOWN' &&
      error.message.includes('"alpha"') &&
      error.hint!.includes('alpha-vantage'),
  )
})

for (const provider of PROVIDERS) {
  describe(provider.id, () => {
    const samples = samplesOf(provider)

    test('says what it is', () => {
      assert.match(provider.id, /^[a-z][a-z-]*$/)
      assert.equal(new URL(provider.baseUrl).protocol, 'https:')
      assert.equal(new URL(provider.baseUrl).origin, provider.baseUrl)
      assert.ok(parseBudget(provider.budget).perMinute > 0)
      assert.ok(provider.settleMs >= 0 && provider.settleMs <= 7 * DAY_MS)
      assert.doesNotThrow(() => new Intl.DateTimeFormat('en', { timeZone: provider.resetZone }))
    })

    test('asks by a path on its own host, and never with a key in the request', () => {
      for (const request of requestsOf(provider)) {
        assert.equal(new URL(request.path, provider.baseUrl).origin, provider.baseUrl)
        const { keyParam, keyHeader } = request
        assert.equal((keyParam ?? keyHeader) !== undefined, provider.needsKey)
        assert.doesNotMatch(Object.keys(request.params).join(' '), /key$|token|secret/i)
        for (const value of Object.values(request.params)) assert.equal(typeof value, 'string')
      }
    })

    test('has a good and a failing sample of each kind', () => {
      for (const kind of ['bars', 'quote', 'overview', 'search'] as const) {
        const expects = samples.filter(({ sample }) => sample.kind === kind)
        assert.ok(
          expects.some(({ sample }) => sample.expect === 'ok'),
          kind,
        )
        assert.ok(
          expects.some(({ sample }) => sample.expect !== 'ok'),
          kind,
        )
      }
    })

    for (const { sample, bytes } of samples) {
      const title = `${sample.file} as ${sample.interval ?? ''} ${sample.kind}, HTTP ${sample.status}`
      test(`reads ${title}: ${sample.expect}`, () => {
        const answer = read(provider, sample, bytes)
        assert.equal(answer.ok ? 'ok' : answer.failure, sample.expect)
        checkAnswer(answer)
        if (sample.rows === undefined || !answer.ok) return
        const rows =
          'batch' in answer ? answer.batch.length : 'matches' in answer ? answer.matches.length : 1
        assert.equal(rows, sample.rows)
      })
    }

    test('asks for a next page on its own host, without a key, and never for the same page again', () => {
      for (const { sample, bytes } of samples) {
        const answer = read(provider, sample, bytes)
        if (!answer.ok || !('batch' in answer) || answer.next === undefined) continue
        const { request } = answer.next
        assert.equal(new URL(request.path, provider.baseUrl).origin, provider.baseUrl)
        assert.doesNotMatch(Object.keys(request.params).join(' '), /key$|token|secret/i)
        const again = { status: sample.status, bytes, contentType: 'application/json' }
        const repeated = provider.parseBars(again, answer.next, { calendar, receivedAt })
        assert.equal(repeated.ok, false, sample.file)
      }
    })

    test('never takes a body that was cut off for data, wherever the cut is', () => {
      for (const { sample, bytes } of samples) {
        if (sample.expect !== 'ok') continue
        const text = new TextDecoder().decode(bytes)
        const whole = read(provider, sample, bytes)
        for (let length = 0; length < text.trimEnd().length; length += 1) {
          const answer = read(provider, sample, bytes.subarray(0, length))
          checkAnswer(answer)
          // A CSV that ends with a line is whole as far as anybody can tell: its rows must be right.
          if (!answer.ok) continue
          assert.ok(
            sample.file.endsWith('.csv') && text[length - 1] === '\n',
            `${sample.file} at ${length}`,
          )
          if (!('batch' in answer) || !whole.ok || !('batch' in whole)) continue
          const bars = Array.from({ length: whole.batch.length }, (_, i) => barAt(whole.batch, i))
          for (let i = 0; i < answer.batch.length; i += 1) {
            assert.ok(bars.some((bar) => isSame(bar, barAt(answer.batch, i))))
          }
        }
      }
    })

    test('never throws on bytes that were changed', () => {
      const change = fc.record({
        which: fc.nat({ max: samples.length - 1 }),
        flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        status: fc.constantFrom(200, 200, 200, 204, 301, 400, 401, 404, 429, 500, 503),
      })
      fc.assert(
        fc.property(change, ({ which, flips, status }) => {
          const { sample, bytes } = samples[which]!
          const changed = bytes.slice()
          for (const [at, value] of flips) changed[at % changed.length] = value
          checkAnswer(read(provider, { ...sample, status }, changed))
        }),
        { numRuns: 2000 },
      )
    })
  })
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
