/**
 * The log: one pino logger, made once from the configuration and passed in. Secrets that were loaded
 * are registered here and are blanked in whatever is written, by value and not only by name.
 */
import { createRequire } from 'node:module'
import type * as Pino from 'pino'
import type { Logger } from 'pino'
import type { PinoPretty } from 'pino-pretty'

export type { Logger }

// The libraries are loaded when a log is made: most of what imports this file only redacts.
const require = createRequire(import.meta.url)

const secrets = new Set<string>()

/** Registers a secret, so that no log line, error or stored text shows it. */
export function registerSecret(secret: string | undefined): void {
  // Shorter texts would blank ordinary words.
  if (secret !== undefined && secret.length >= 4) secrets.add(secret)
}

/** Keys of our own API, whoever wrote them: the id stays, the secret goes. */
const API_KEY = /\b(sy_(?:read|write|admin)_[0-9A-Za-z]{12}_)[0-9A-Za-z]+/g

/** A text without registered secrets and without `apikey=…` values. */
export function redact(text: string): string {
  let clean = text
  for (const secret of secrets) {
    clean = clean.replaceAll(secret, '[redacted]')
    const encoded = encodeURIComponent(secret)
    if (encoded !== secret) clean = clean.replaceAll(encoded, '[redacted]')
  }
  if (clean.includes('sy_')) clean = clean.replaceAll(API_KEY, '$1[redacted]')
  // Long texts hold neither as a rule, and looking for one character is much faster than what follows.
  if (!clean.includes('=') && !clean.includes('@')) return clean
  return clean
    .replaceAll(/\b(apikey|api_key|token|password)=[^&\s"']+/gi, '$1=[redacted]')
    .replaceAll(/(:\/\/[^:@/\s]*):[^@/\s]+@/g, '$1:[redacted]@')
}

/** An escape of JSON: of a control character, or any other. */
const ESCAPE = /\\(?:u00[01][\da-f]|[bfr]|[^])/g
/** Controls that JSON leaves as they are. */
const BARE_CONTROLS = /[\u007F-\u009F\u2028\u2029]/g

/** A line of JSON whose texts cannot steer a terminal. The ends of lines stay, for stack traces. */
function withoutControls(line: string): string {
  return line
    .replaceAll(ESCAPE, (escape) => (/^\\(?:u00|[bfr])/.test(escape) ? ' ' : escape))
    .replaceAll(BARE_CONTROLS, ' ')
}

/**
 * False where `redact` would leave a text of these bytes as it is: so that a large body need not become a
 * text to find that out.
 */
export function mayHoldSecret(bytes: Buffer): boolean {
  if (bytes.includes('=') || bytes.includes('@') || bytes.includes('sy_')) return true
  return [...secrets].some(
    (secret) => bytes.includes(secret) || bytes.includes(encodeURIComponent(secret)),
  )
}

export interface LogOptions {
  readonly level: string
  /** Undefined: pretty on a terminal, else JSON. */
  readonly format: 'pretty' | 'json' | undefined
}

/** A logger that writes to standard error, so that standard output stays for results. */
export function makeLogger(options: LogOptions): Logger {
  const { pino } = require('pino') as typeof Pino
  const isPretty =
    options.format === 'pretty' || (options.format === undefined && process.stderr.isTTY)
  const settings = {
    level: options.level,
    base: null,
    hooks: { streamWrite: (line: string) => withoutControls(redact(line)) },
  }
  if (!isPretty) return pino(settings, pino.destination({ dest: 2, sync: true }))
  const pretty = require('pino-pretty') as typeof PinoPretty
  return pino(
    settings,
    pretty({
      destination: 2,
      sync: true,
      colorize: process.stderr.isTTY,
      translateTime: 'SYS:HH:MM:ss',
      // What is told of others must not look like a line of its own.
      messageFormat: (line, key) => String(line[key] ?? '').replaceAll(/[\r\n]+/g, ' '),
    }),
  )
}
