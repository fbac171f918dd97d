/**
 * The bodies with which Alpha Vantage refuses a call, in its own words; all come with HTTP 200. Texts
 * are those of recorded answers, with the limits of the moment put in.
 */
import type { Answer } from './alpha-vantage-text.ts'
import type { Refusal } from './vendor.ts'

const PREMIUM_URL = 'https://www.alphavantage.co/premium/'

/** The vendor also refuses functions that it does not have. */
type AnyRefusal = Refusal | 'unknown-function'

/** What a refusal's words depend on. */
interface RefusalContext {
  readonly functionName: string
  /** The caller's key, which the vendor repeats in one of its texts. */
  readonly key: string
  /** Limits that the texts name; null for the vendor's usual ones. */
  readonly perMinute?: number | null
  readonly perDay?: number | null
}

/** The body of a refusal. */
export function makeRefusal(refusal: AnyRefusal, context: RefusalContext): Answer {
  const perDay = context.perDay ?? 25
  const subscribe = `Please subscribe to any of the premium plans at ${PREMIUM_URL} to instantly remove all daily rate limits.`
  const thanks = 'Thank you for using Alpha Vantage!'
  switch (refusal) {
    case 'burst':
      return information(
        `${thanks} Please consider spreading out your free API requests more sparingly (1 request per second). You may subscribe to any of the premium plans at ${PREMIUM_URL} to lift the free key rate limit (${perDay} requests per day) and instantly remove all daily rate limits.`,
      )
    case 'minute':
      return json({
        Note: `${thanks} Our standard API call frequency is ${context.perMinute ?? 5} calls per minute and ${context.perDay ?? 500} calls per day. Please visit ${PREMIUM_URL} if you would like to target a higher API call frequency.`,
      })
    case 'day':
      return information(
        `${thanks} Our standard API rate limit is ${perDay} requests per day. ${subscribe}`,
      )
    case 'day-key-echo':
      return information(
        `We have detected your API key as ${context.key} and our standard API rate limit is ${perDay} requests per day. ${subscribe}`,
      )
    case 'premium':
      return information(
        `${thanks} This is a premium endpoint. You may subscribe to any of the premium plans at ${PREMIUM_URL} to instantly unlock all premium endpoints`,
      )
    case 'demo-key':
      return information(
        'The **demo** API key is for demo purposes only. Please claim your free API key at (https://www.alphavantage.co/support/#api-key) to explore our full API offerings. It takes fewer than 20 seconds.',
      )
    case 'invalid-call':
      return errorMessage(
        `Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for ${context.functionName}.`,
      )
    case 'unknown-function':
      return errorMessage(`This API function (${context.functionName}) does not exist.`)
    case 'key':
      return errorMessage(
        'the parameter apikey is invalid or missing. Please claim your free API key on (https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds.',
      )
  }
}

function information(text: string): Answer {
  return json({ Information: text })
}

function errorMessage(text: string): Answer {
  return json({ 'Error Message': text })
}

function json(value: unknown): Answer {
  return { kind: 'json', value }
}
