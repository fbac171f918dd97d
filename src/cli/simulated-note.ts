/** The mark of simulated data. */
import type { Store } from './open-store.ts'

/** `SIMULATED: ` before what is said of a store of simulated data, else nothing. */
export function simulatedNote(store: Pick<Store, 'simulated'>): string {
  return store.simulated ? 'SIMULATED: ' : ''
}
