/**
 * Frankfurt's exchange floor: the sessions of Xetra (see xetr.ts), with the trading of the specialists before
 * and after, from 08:00 to 22:00, as extended hours.
 */
import type { ExchangeRules } from './rules.ts'
import { xetr } from './xetr.ts'

export const xfra: ExchangeRules = {
  ...xetr,
  exchange: 'XFRA',
  name: 'Börse Frankfurt',
  hours: xetr.hours.map((week) => ({ ...week, extendedOpen: '08:00', extendedClose: '22:00' })),
}
