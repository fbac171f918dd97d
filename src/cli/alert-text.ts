/** Open alerts as lines for people. */
import type { ClosureAlert } from '../load/closure-alert.ts'
import { plainText } from './output.ts'

/** One line for each alert that is open. */
export function alertText(alerts: readonly ClosureAlert[]): string {
  return alerts.map(({ message, hint }) => `${plainText(message)} ${plainText(hint)}\n`).join('')
}
