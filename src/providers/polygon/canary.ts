/** Habits of Polygon that one call shows. */
import type { Basis } from '../provider.ts'
import { AAPL_SPLIT, valueAt, type Canary } from '../canary.ts'

const FIELDS = [
  'ticker',
  'adjusted',
  'status',
  'resultsCount',
  ...['t', 'o', 'h', 'l', 'c', 'v', 'vw', 'n'].map((name) => `results/*/${name}`),
]

export const canary: Canary = {
  probes: [
    {
      symbol: 'AAPL',
      interval: '5m',
      days: { from: Date.UTC(2020, 7, 28), until: Date.UTC(2020, 8, 1) },
      split: AAPL_SPLIT,
      fields: FIELDS,
    },
    // The free plan has two years.
    { symbol: 'AAPL', interval: '5m', days: null, split: null, fields: FIELDS },
  ],
  labels: 'START',
  // Labels are instants.
  zone: null,
  basis: 'raw',
  labelsIn,
  zoneIn: () => null,
  basisIn,
}

function labelsIn(document: unknown): number[] {
  const results = valueAt(document, 'results')
  if (!Array.isArray(results)) return []
  return results.map((row: unknown) => valueAt(row, 't')).filter((t) => typeof t === 'number')
}

function basisIn(document: unknown): Basis | null {
  const adjusted = valueAt(document, 'adjusted')
  if (typeof adjusted !== 'boolean') return null
  return adjusted ? 'split' : 'raw'
}
