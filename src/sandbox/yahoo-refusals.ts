/** How Yahoo refuses: an error under the name of the layer that failed, or a line of plain text. */
import { plainAnswer, type Params, type Refusal, type WireAnswer } from './vendor.ts'
import { INTERVALS } from './yahoo-period.ts'

const JSON_TYPE = 'application/json;charset=utf-8'

/** An answer of any JSON value. */
export function jsonAnswer(status: number, value: unknown): WireAnswer {
  return plainAnswer(status, JSON_TYPE, JSON.stringify(value))
}

type Layer = 'chart' | 'finance' | 'quoteResponse'

/** An error under the name of a layer. */
export function errorAnswer(
  status: number,
  layer: Layer,
  code: string,
  description: string,
): WireAnswer {
  return jsonAnswer(status, { [layer]: { result: null, error: { code, description } } })
}

/** HTTP 404 for a symbol that is not, or no longer, traded. */
export function unknownSymbol(): WireAnswer {
  return errorAnswer(404, 'chart', 'Not Found', 'No data found, symbol may be delisted')
}

/** The answer to a call that is refused. The vendor has no keys and no plans, but crumbs. */
export function refuse(refusal: Refusal, params: Params): WireAnswer {
  switch (refusal) {
    case 'burst':
    case 'minute':
    case 'day':
    case 'day-key-echo':
      return plainAnswer(429, 'text/plain', 'Edge: Too Many Requests')
    case 'premium':
      return errorAnswer(
        401,
        'finance',
        'Unauthorized',
        'User is unable to access this feature - https://bit.ly/yahoo-finance-api-feedback',
      )
    case 'demo-key':
    case 'key':
      return errorAnswer(401, 'finance', 'Unauthorized', 'Invalid Crumb')
    case 'invalid-call': {
      const interval = params['interval'] ?? '7d'
      const description = `Invalid input - interval=${interval} is not supported. Valid intervals: [${INTERVALS.join(', ')}]`
      return errorAnswer(400, 'chart', 'Bad Request', description)
    }
  }
}
