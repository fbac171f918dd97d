/**
 * Writing results: waits while the reader is slow, ends quietly when the reader has gone, and keeps
 * control characters of stored text off the terminal.
 */
import { styleText } from 'node:util'
import { StockyardError } from '../domain/error.ts'

/** Thrown when whoever read the output has closed it (`| head`): the command just ends. */
export const OUTPUT_CLOSED = new Error('Nobody reads the output any more.')

export interface Output {
  /** True when a person looks at it. */
  readonly isTerminal: boolean
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: number
  /** Writes text or bytes and waits until there is room for more. @throws OUTPUT_CLOSED */
  write(text: string | Uint8Array): Promise<void>
  /** Text in a style where the output shows colours, else the text itself. */
  paint(style: 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan', text: string): string
}

/** An Output over a stream; `env` decides about colours (`NO_COLOR`, `TERM=dumb`). */
export function makeOutput(
  stream: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
): Output {
  const isTerminal = stream.isTTY === true
  const hasColours = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure ??= writeFailure(error)
  })
  return {
    isTerminal,
    get columns() {
      return stream.columns ?? 80
    },
    write: (text) =>
      new Promise<void>((resolve, reject) => {
        if (failure !== undefined) return reject(failure)
        stream.write(text, (error) => {
          if (!error) return resolve()
          failure ??= writeFailure(error)
          reject(failure)
        })
      }),
    paint: (style, text) => (hasColours ? styleText(style, text, { validateStream: false }) : text),
  }
}

function writeFailure(error: NodeJS.ErrnoException): Error {
  const isClosed = error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED'
  if (isClosed) return OUTPUT_CLOSED
  if (error.code !== 'ENOSPC') return error
  return new StockyardError('incomplete', 'DISK_FULL', 'The disk is full: the output is cut off.', {
    hint: 'Free some space or write to another place; the store is untouched.',
    cause: error,
  })
}

/** Writes a value as one line of JSON. */
export function writeJson(output: Output, value: unknown): Promise<void> {
  return output.write(`${JSON.stringify(value)}\n`)
}

/** A text without control characters, so that stored text cannot steer a terminal. */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, ' ')
}
