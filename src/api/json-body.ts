/** How a body becomes a value: as Fastify does it, but saying what is wrong where a name is refused. */
import { StockyardError } from '../domain/error.ts'
import type { App } from './context.ts'

export function addJsonBody(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, text, done) => {
      void parse(request, text, (error, value) => {
        done(error !== null && isJson(text) ? nameError() : error, value)
      })
    },
  )
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What is JSON and was refused has a name that could change the meaning of every object. */
function nameError(): StockyardError {
  const sentence = 'A field of the body has a name that is not allowed: __proto__ or constructor.'
  return new StockyardError('usage', 'BODY_INVALID', sentence, {
    hint: 'No route takes such a field: leave it out.',
  })
}
