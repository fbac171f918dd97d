/** Euronext Brussels. See euronext.ts. */
import { ASCENSION_DAY, euronextRules } from './euronext.ts'
import { fixed } from './rules.ts'

export const xbru = euronextRules(
  { exchange: 'XBRU', name: 'Euronext Brussels', timeZone: 'Europe/Brussels' },
  [ASCENSION_DAY, { name: 'National Day', date: fixed(7, 21), until: 2002 }],
)
