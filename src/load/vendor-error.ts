/** One error with a stable code for everything that a vendor can answer in place of data. */
import type { PlanLimit } from '../db/plan-limits.ts'
import type { CallRefused } from '../domain/budget.ts'
import { StockyardError, type ErrorKind } from '../domain/error.ts'
import { redact } from '../log.ts'
import type { FailureClass, Provider, VendorFailure } from '../providers/provider.ts'
import { variableOf } from '../providers/variables.ts'

interface Meaning {
  readonly kind: ErrorKind
  readonly code: string
  /** What the vendor did, after its name. */
  readonly did: string
  readonly hint: (provider: Provider) => string
  readonly retry?: true
}

const RATE_LIMITED: Meaning = {
  kind: 'provider',
  code: 'RATE_LIMITED',
  did: 'keeps refusing calls as too many',
  hint: (provider) =>
    `Something else may use the same key; or lower ${variableOf(provider.id, 'BUDGET')} to what the plan allows.`,
  retry: true,
}

const MEANINGS: Readonly<Record<FailureClass, Meaning>> = {
  burst: RATE_LIMITED,
  minute: RATE_LIMITED,
  day: RATE_LIMITED,
  entitlement: {
    kind: 'provider',
    code: 'PLAN_LACKS',
    did: 'does not give this to your plan',
    hint: () => 'Ask for a shorter or coarser history, take another provider, or a larger plan.',
  },
  key: {
    kind: 'config',
    code: 'KEY_REFUSED',
    did: 'refused the key',
    hint: (provider) =>
      `Check ${variableOf(provider.id, 'API_KEY')} in the environment or in .env.`,
  },
  'unknown-symbol': {
    kind: 'not-found',
    code: 'SYMBOL_UNKNOWN',
    did: 'does not know the symbol',
    hint: () => 'Check its spelling; vendors write share classes and other exchanges differently.',
  },
  'bad-request': {
    kind: 'provider',
    code: 'REQUEST_REFUSED',
    did: 'refused the call',
    hint: () => 'Check the symbol and the period; the vendor may also have changed its interface.',
  },
  'no-data': {
    kind: 'not-found',
    code: 'NO_DATA',
    did: 'has no data for this',
    hint: () => 'Check the symbol and the period.',
  },
  malformed: {
    kind: 'provider',
    code: 'ANSWER_MALFORMED',
    did: 'sent an answer that cannot be read',
    hint: () => 'Nothing of it was kept; run it again later, and report it where it stays so.',
    retry: true,
  },
  outage: {
    kind: 'provider',
    code: 'PROVIDER_OUTAGE',
    did: 'is out of order',
    hint: () => 'Run it again later: it goes on where it stopped.',
    retry: true,
  },
}

/** The error of an answer that is no data. */
export function failureError(failed: VendorFailure, provider: Provider): StockyardError {
  const { kind, code, did, hint, retry } = MEANINGS[failed.failure]
  const sentence = `${provider.name} ${did}: ${vendorSays(failed)}.`
  return new StockyardError(kind, code, sentence, { hint: hint(provider), retry: retry ?? false })
}

/** The vendor's words in quotes, without keys. */
export function vendorSays(failed: VendorFailure): string {
  return `"${vendorWords(failed)}"`
}

/** The vendor's words without keys, and not at length. */
export function vendorWords(failed: VendorFailure): string {
  return redact(failed.message).slice(0, 300).trim()
}

/** A call that would have to wait for longer than anybody does. */
export function exhaustedError(refused: CallRefused, provider: Provider): StockyardError {
  const until = `${new Date(refused.resetsAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const sentence = `No call to ${provider.name} can go out before ${until}: ${refused.reason}.`
  // What the vendor itself refuses no budget of ours brings back.
  const more =
    refused.window === 'pause'
      ? ''
      : ` If your plan allows more, say so in ${variableOf(provider.id, 'BUDGET')}.`
  return new StockyardError('provider', 'BUDGET_EXHAUSTED', sentence, {
    hint: `Run it again then: it goes on where it stopped.${more}`,
    retry: true,
  })
}

/** The refusal of an earlier call, before another one is spent. */
export function lackError({ topic, words, refusedAt, retryAfter }: PlanLimit, provider: Provider) {
  const sentence = `${provider.name} does not give "${topic}" to your plan: it refused that on ${dayOf(refusedAt)} with "${words}".`
  return new StockyardError('provider', 'PLAN_LACKS', sentence, {
    hint: `No call was spent, and none will be before ${dayOf(retryAfter)} or a change of the key or budget; stockyard providers --forget-limits ${provider.id} asks again.`,
  })
}

function dayOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10)
}
