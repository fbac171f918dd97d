/**
 * Storing again what another client's lock kept out. The answer was paid for and is at hand, so that
 * trying again costs no call.
 */
import type { Clock } from '../clock.ts'
import { databaseError } from '../db/database-error.ts'
import { sleep } from '../providers/fetch.ts'

/** Tries after the first; each has waited for the lock as long as the connection lets it. */
const RETRIES = 3
const PAUSE_MS = 1_000

/** What a transaction gives, tried again where it failed because of somebody else's lock. */
export async function retryLocked<T>(
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await work()
    } catch (error) {
      if (retry === RETRIES || databaseError(error)?.code !== 'DATABASE_LOCKED') throw error
      await sleep(clock, PAUSE_MS * 2 ** retry, signal)
    }
  }
}
