/** Answers that are the same for every symbol of a run: the call for them is sent once. */
import type { ReceivedBody } from '../providers/fetch.ts'

/** An answer, with the instants at which the first try of its call was paid for and at which it came. */
export interface TimedBody {
  readonly body: ReceivedBody
  readonly reservedAt: number
  readonly receivedAt: number
}

/** Answers by their calls, for as long as they are shared. */
export type SharedAnswers = Map<string, Promise<TimedBody>>

/**
 * Sends a call, or takes what it brought when it was sent for another symbol.
 * @param failed what it brought before, which was no good: one of those who share it sends it again
 */
export async function shareAnswer(
  shared: SharedAnswers,
  call: string,
  failed: TimedBody | null,
  send: () => Promise<TimedBody>,
): Promise<TimedBody> {
  for (let sent = shared.get(call); sent !== undefined;) {
    const got = await sent
    if (got !== failed) return got
    const newest = shared.get(call)
    if (newest === sent) break
    sent = newest
  }
  const sending = send()
  shared.set(call, sending)
  try {
    return await sending
  } catch (error) {
    // Those who wait for it fail with it; whoever comes later tries again.
    if (shared.get(call) === sending) shared.delete(call)
    throw error
  }
}
