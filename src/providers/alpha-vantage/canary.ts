/** Habits of Alpha Vantage that one call shows. */
import type { Calendar } from '../../domain/calendar/calendar.ts'
import { parseDay } from '../../domain/date.ts'
import { AAPL_SPLIT, valueAt, type Canary } from '../canary.ts'

const ROW = ['1. open', '2. high', '3. low', '4. close', '5. volume']
const INTRADAY = 'Time Series (5min)'
const LABEL = /^(\d{4}-\d{2}-\d{2}) (\d{2}):(\d{2}):\d{2}$/

export const canary: Canary = {
  probes: [
    {
      symbol: 'AAPL',
      interval: '5m',
      // The month with both sides of the split; extended hours show the side of the labels.
      days: { from: Date.UTC(2020, 7, 28), until: Date.UTC(2020, 8, 1) },
      split: AAPL_SPLIT,
      fields: [
        'Meta Data/2. Symbol',
        'Meta Data/4. Interval',
        'Meta Data/6. Time Zone',
        ...ROW.map((name) => `${INTRADAY}/*/${name}`),
      ],
    },
    {
      // Free plans lack bars inside a day, and have all weeks.
      symbol: 'AAPL',
      interval: '1wk',
      days: { from: Date.UTC(2020, 7, 24), until: Date.UTC(2020, 8, 7) },
      split: AAPL_SPLIT,
      fields: [
        'Meta Data/2. Symbol',
        'Meta Data/4. Time Zone',
        ...ROW.map((name) => `Weekly Time Series/*/${name}`),
      ],
    },
  ],
  labels: 'START',
  zone: 'US/Eastern',
  basis: 'raw',
  labelsIn,
  zoneIn,
  // Nothing in an answer says it.
  basisIn: () => null,
}

function labelsIn(document: unknown, calendar: Calendar): number[] {
  return Object.keys(valueAt(document, INTRADAY) ?? {}).flatMap((label) => {
    const match = LABEL.exec(label)
    const minutes = Number(match?.[2]) * 60 + Number(match?.[3])
    return match === null ? [] : [calendar.instantAt(parseDay(match[1]!), minutes)]
  })
}

function zoneIn(document: unknown): string | null {
  const fields = Object.entries(valueAt(document, 'Meta Data') ?? {})
  const zone: unknown = fields.find(([name]) => name.endsWith('Time Zone'))?.[1]
  return typeof zone === 'string' ? zone : null
}
