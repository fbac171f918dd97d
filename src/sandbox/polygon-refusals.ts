/** How Polygon refuses: an HTTP status, and a JSON object with a word and a sentence. */
import { jsonAnswer, requestId } from './polygon-text.ts'
import type { Refusal, VendorCall, WireAnswer } from './vendor.ts'

const PRICING = 'https://polygon.io/pricing'

/** The answer to a call that is refused. */
export function refuse(refusal: Refusal, call: VendorCall): WireAnswer {
  switch (refusal) {
    case 'minute':
      return tooMany(call, 'the maximum requests per minute')
    // No plan of the vendor's has these two; the words are those for a minute.
    case 'burst':
      return tooMany(call, 'the maximum requests per second')
    case 'day':
      return tooMany(call, 'the maximum requests per day')
    case 'day-key-echo':
      return tooMany(call, `the maximum requests per day (API key: ${call.key})`)
    case 'premium':
    case 'demo-key':
      return notAuthorized(
        call,
        `You are not entitled to this data. Please upgrade your plan at ${PRICING}`,
      )
    case 'invalid-call':
      return badRequest(
        call,
        "Could not parse the time parameter: 'from'. Use YYYY-MM-DD or Unix MS Timestamps",
      )
    case 'key':
      return error(call, 401, call.key === '' ? 'API Key was not provided' : 'Unknown API Key')
  }
}

/** HTTP 403 for days that the plan lacks. */
export function refuseTimeframe(call: VendorCall): WireAnswer {
  const sentence = `Your plan doesn't include this data timeframe. Please upgrade your plan at ${PRICING}`
  return notAuthorized(call, sentence)
}

/** HTTP 404 for what does not exist. */
export function notFound(call: VendorCall, message: string): WireAnswer {
  return jsonAnswer(404, { status: 'NOT_FOUND', request_id: requestId(call), message })
}

/** HTTP 400 for parameters that make no sense. */
export function badRequest(call: VendorCall, sentence: string): WireAnswer {
  return error(call, 400, sentence)
}

function tooMany(call: VendorCall, what: string): WireAnswer {
  const sentence = `You've exceeded ${what}, please wait or upgrade your subscription to continue. ${PRICING}`
  return error(call, 429, sentence)
}

function notAuthorized(call: VendorCall, message: string): WireAnswer {
  return jsonAnswer(403, { status: 'NOT_AUTHORIZED', request_id: requestId(call), message })
}

function error(call: VendorCall, status: number, sentence: string): WireAnswer {
  return jsonAnswer(status, { status: 'ERROR', request_id: requestId(call), error: sentence })
}
