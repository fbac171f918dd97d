/** Euronext Paris. See euronext.ts. */
import { euronextRules } from './euronext.ts'
import { fixed } from './rules.ts'

export const xpar = euronextRules(
  { exchange: 'XPAR', name: 'Euronext Paris', timeZone: 'Europe/Paris' },
  [{ name: 'Bastille Day', date: fixed(7, 14), until: 2002 }],
)
