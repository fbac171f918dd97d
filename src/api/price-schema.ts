/** What is asked of the routes of bars, and what they answer. */
import { Type } from 'typebox'
import { SYMBOLS_MAX } from '../query/bars-of-many.ts'
import { AUTO_PROVIDER } from '../query/choose-series.ts'
import { FIELDS } from '../query/rows.ts'
import type { ApiOptions } from './context.ts'
import { FORMATS } from './price-formats.ts'
import { choice, intervalParameter, list, optional, paging, query, ref, text } from './schemas.ts'

export const providerParameter = text(40, {
  default: AUTO_PROVIDER,
  description:
    'Whose bars: the id of a provider, or `auto` for the best that any has of each start, by priority.',
  examples: ['auto', 'alpha-vantage'],
})

export const adjustParameter = Type.Optional(
  choice(['none', 'splits', 'all'], {
    default: 'none',
    description: "As traded, in today's shares, or with dividends taken out of older prices, too.",
  }),
)

export const asOfParameter = Type.Optional(
  text(40, {
    default: 'now',
    description:
      'Final bars as they were known at an instant, or at the end of a date of the exchange.',
    examples: ['2024-06-03T20:00:00Z', '2024-06-03'],
  }),
)

function pricesParameters(options: ApiOptions) {
  return {
    interval: Type.Optional(intervalParameter),
    from: Type.Optional(
      text(40, {
        description:
          'Included. A plain date is a date of the exchange; an instant carries its offset.',
        examples: ['2024-01-02', '2024-01-02T14:30:00Z'],
      }),
    ),
    until: Type.Optional(text(40, { description: 'Not included.', examples: ['2024-02-01'] })),
    session: Type.Optional(
      choice(['all', 'regular'], {
        default: 'all',
        description: '`regular` leaves out intraday bars before the open and after the close.',
      }),
    ),
    provider: Type.Optional(providerParameter),
    sort: Type.Optional(choice(['asc', 'desc'], { default: 'asc', description: 'By time.' })),
    format: Type.Optional(
      choice(FORMATS, {
        description:
          'Without it the header `accept` decides. All but JSON stream all bars where no `limit` is given.',
      }),
    ),
    adjust: adjustParameter,
    as_of: asOfParameter,
    resample: Type.Optional(
      text(20, {
        default: 'none',
        description: 'A longer interval that the bars of `interval` are made into.',
        examples: ['1h', '1wk'],
      }),
    ),
    include: Type.Optional(
      choice(['none', 'live'], {
        default: 'none',
        description: '`live` adds bars that were seen before their period was over.',
      }),
    ),
    fields: Type.Optional(
      text(100, {
        description: `Only these of ${FIELDS.join(', ')}; the key is always there.`,
        examples: ['close,volume'],
      }),
    ),
    ...paging(options),
  }
}

export function pricesQuery(options: ApiOptions) {
  return query(pricesParameters(options))
}

export function manyQuery(options: ApiOptions) {
  const symbols = text(4000, {
    description: `Symbols with commas between them, ${SYMBOLS_MAX} at most.`,
    examples: ['AAPL,MSFT'],
  })
  return query({ symbols, ...pricesParameters(options) })
}

const warningsNote = {
  type: 'array',
  items: { type: 'string' },
  description: 'What the answer could not do, where there is something.',
}
const adjustNote = { type: 'string', enum: ['none', 'splits', 'all'] }

export const priceList = optional(
  list(ref('Bar'), {
    symbol: { type: 'string', examples: ['AAPL'] },
    interval: { type: 'string', examples: ['1d'] },
    adjust: adjustNote,
    provider: {
      type: ['string', 'null'],
      description:
        'Whose bars; `auto` where several series were merged, null where there are none.',
    },
    as_of: {
      type: ['string', 'null'],
      description: 'The instant as of which they are known; null: as they are known now.',
    },
  }),
  {
    derived_from: {
      type: 'string',
      description: 'The interval of the stored bars that these were made of, where they were.',
    },
    warnings: warningsNote,
  },
)

export const manyList = optional(
  list(ref('SymbolBar'), {
    interval: { type: 'string', examples: ['1d'] },
    adjust: adjustNote,
    as_of: { type: ['string', 'null'], description: 'As it was asked for; null: now.' },
  }),
  { warnings: warningsNote },
)

export function priceResponse(schema: object) {
  return {
    description: 'Bars in the order asked for.',
    content: {
      'application/json': { schema },
      'application/x-ndjson': { schema: { type: 'string' } },
      'text/csv': { schema: { type: 'string' } },
      'application/vnd.apache.parquet': { schema: { type: 'string', format: 'binary' } },
      'application/vnd.apache.arrow.stream': { schema: { type: 'string', format: 'binary' } },
    },
  }
}
