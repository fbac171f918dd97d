/** JSON Schema of what the API tells of a stock, and of what vendors say of its series. */

const nullableString = (description: string) => ({ type: ['string', 'null'], description })

/** What is told of a stock. */
export const stockProperties = {
  symbol: { type: 'string', description: 'Symbol.', examples: ['AAPL'] },
  kind: { type: 'string', enum: ['stock', 'etf', 'index', 'currency', 'other'] },
  name: nullableString('Name of the company or fund.'),
  exchange: {
    type: 'string',
    description: 'ISO 10383 code; decides the calendar.',
    examples: ['XNYS'],
  },
  currency: nullableString('ISO 4217 code.'),
  sector: nullableString('As the vendor or somebody here named it.'),
  industry: nullableString('As the vendor or somebody here named it.'),
  watched: { type: 'boolean', description: 'On the watch list, which is kept up to date.' },
  active: { type: 'boolean', description: 'False once deleted; its bars stay.' },
  listed_on: nullableString('First day of trading, where a vendor says it.'),
  delisted_on: nullableString('First day on which it was no longer listed.'),
  simulated: { type: 'boolean', description: 'True when it is from the simulated exchange.' },
  metadata: {
    type: 'object',
    additionalProperties: true,
    description: 'What vendors say about it, by provider.',
  },
  created_at: { type: 'string', description: 'Instant in UTC.' },
  updated_at: { type: 'string', description: 'Instant in UTC.' },
}

export const seriesMetadata = {
  type: ['object', 'null'],
  additionalProperties: { type: ['string', 'number', 'boolean'] },
  description: 'What the vendor says of the series beside its bars; null where it says nothing.',
}
