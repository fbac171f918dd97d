/** What a bar, and a latest bar above all, says of itself beside its values where there is something to say. */

export const partialMark = {
  type: 'boolean',
  description: 'True, and there only then, where its period reaches beyond what is known.',
}

export const latestNotes = {
  partial: partialMark,
  adjust: { type: 'string', enum: ['splits', 'all'], description: 'Where it was asked for.' },
  as_of: { type: 'string', description: 'The instant, where it was asked for.' },
  derived_from: {
    type: 'string',
    description: 'The interval of the stored bars that it was made of, where it was.',
  },
  warnings: {
    type: 'array',
    items: { type: 'string' },
    description: 'What the answer could not do, where there is something.',
  },
}
