/** Invented chart answers of Yahoo for tests, and what the adapter makes of them. */
import assert from 'node:assert/strict'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import type { Interval } from '../../src/domain/interval.ts'
import { yahoo } from '../../src/providers/yahoo/index.ts'
import type { BarRequest } from '../../src/providers/provider.ts'

export const calendar = getCalendar('XNYS')
/** Tuesday 2024-03-12, 18:00 in New York. */
export const receivedAt = Date.UTC(2024, 2, 12, 22)

const META = {
  currency: 'USD',
  symbol: 'ACME',
  exchangeTimezoneName: 'America/New_York',
  // Today's offset, which is not that of older rows.
  gmtoffset: -14400,
  priceHint: 2,
  regularMarketTime: 1710273601,
}

interface Shape {
  readonly interval?: Interval
  readonly meta?: Record<string, unknown>
  readonly quote?: Record<string, unknown>
  readonly events?: unknown
  readonly symbol?: string
  readonly asked?: BarRequest['asked']
  readonly params?: Record<string, string>
}

/** Reads an answer with rows at instants in UTC; every price is 10 and every volume 100 unless said. */
export function readChartAnswer(times: readonly (string | number | null)[], shape: Shape = {}) {
  const interval = shape.interval ?? '1d'
  const timestamp = times.map((time) => (typeof time === 'string' ? Date.parse(time) / 1000 : time))
  const fill = (value: number) => times.map(() => value)
  const price = fill(10)
  const values = { close: price, high: price, volume: fill(100), low: price, open: price }
  const quote = { ...values, ...shape.quote }
  const meta = { ...META, dataGranularity: interval, ...shape.meta }
  const { events } = shape
  const result = { meta, timestamp, ...(events === undefined ? {} : { events }) }
  const chart = { result: [{ ...result, indicators: { quote: [quote] } }], error: null }
  const bytes = new TextEncoder().encode(JSON.stringify({ chart }))
  const request: BarRequest = {
    request: { path: '', params: shape.params ?? {} },
    symbol: shape.symbol ?? 'ACME',
    interval,
    asked: shape.asked ?? null,
    covers: null,
    fallback: null,
  }
  const body = { status: 200, bytes, contentType: 'application/json' }
  return yahoo.parseBars(body, request, { calendar, receivedAt })
}

export function readGoodChart(times: readonly (string | number | null)[], shape: Shape = {}) {
  const answer = readChartAnswer(times, shape)
  assert.ok(answer.ok, JSON.stringify(answer))
  return answer
}
