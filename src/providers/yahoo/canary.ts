/** Habits of Yahoo that one call shows. */
import { AAPL_SPLIT, valueAt, type Canary } from '../canary.ts'

const RESULT = 'chart/result/*'

export const canary: Canary = {
  probes: [
    {
      symbol: 'AAPL',
      interval: '1d',
      days: { from: Date.UTC(2020, 7, 24), until: Date.UTC(2020, 8, 5) },
      split: AAPL_SPLIT,
      fields: [
        ...['symbol', 'currency', 'exchangeTimezoneName', 'priceHint', 'dataGranularity'].map(
          (name) => `${RESULT}/meta/${name}`,
        ),
        `${RESULT}/timestamp`,
        ...['open', 'high', 'low', 'close', 'volume'].map(
          (name) => `${RESULT}/indicators/quote/*/${name}`,
        ),
        `${RESULT}/indicators/adjclose/*/adjclose`,
        `${RESULT}/events/splits/*/numerator`,
        `${RESULT}/events/splits/*/denominator`,
      ],
    },
  ],
  // A session is labelled with its opening.
  labels: 'START',
  zone: 'America/New_York',
  basis: 'split',
  labelsIn,
  zoneIn,
  basisIn: () => null,
}

function labelsIn(document: unknown): number[] {
  const seconds = valueAt(document, 'chart', 'result', 0, 'timestamp')
  if (!Array.isArray(seconds)) return []
  return seconds.filter((second) => typeof second === 'number').map((second) => second * 1000)
}

function zoneIn(document: unknown): string | null {
  const zone = valueAt(document, 'chart', 'result', 0, 'meta', 'exchangeTimezoneName')
  return typeof zone === 'string' ? zone : null
}
