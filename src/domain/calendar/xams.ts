/** Euronext Amsterdam. See euronext.ts. */
import { ASCENSION_DAY, euronextRules } from './euronext.ts'
import { fixed } from './rules.ts'

export const xams = euronextRules(
  { exchange: 'XAMS', name: 'Euronext Amsterdam', timeZone: 'Europe/Amsterdam' },
  [ASCENSION_DAY, { name: "Queen's Day", date: fixed(4, 30), until: 2002 }],
)
