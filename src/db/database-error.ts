/**
 * What an error of the driver means when it is about reaching the server or about the server's state:
 * a stable code, a sentence without secrets, and a hint.
 */
import { DatabaseError } from 'pg'
import { StockyardError } from '../domain/error.ts'
import { redact } from '../log.ts'

interface Meaning {
  readonly code: string
  readonly sentence: string
  readonly hint: string
  readonly retry?: boolean
}

const UNREACHABLE_HINT =
  'Check that PostgreSQL runs there and that DATABASE_URL names the right host and port.'

/** Connection errors by the code of Node, before the server has said anything. */
const NETWORK_MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  ETIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOENT: 'the socket does not exist',
  EACCES: 'access to the socket is refused',
}

const LOST_HINT = 'The work in hand was rolled back; run the command again.'
const NETWORK_LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** What node-postgres says in words only; it has no codes for these. */
const DRIVER_MEANINGS: readonly (readonly [
  RegExp,
  'timeout' | 'busy' | 'lost' | 'ssl' | 'auth',
])[] = [
  [/connection timeout|timeout expired/i, 'timeout'],
  [/timeout exceeded when trying to connect/i, 'busy'],
  [/connection terminated|connection error and is not queryable|client was closed/i, 'lost'],
  [/server does not support SSL|self-signed certificate|certificate|altnames/i, 'ssl'],
  [/SASL|client password must be a string/i, 'auth'],
]

/** Server errors by SQLSTATE, or by its class (first two characters). */
function serverMeaning(sqlState: string, at: string): Meaning | undefined {
  const exact = SERVER_MEANINGS[sqlState] ?? SERVER_MEANINGS[sqlState.slice(0, 2)]
  return exact?.(at)
}

const full = (at: string): Meaning => ({
  code: 'DATABASE_FULL',
  sentence: `The disk of the database${at} is full.`,
  hint: 'Free some space there; nothing that was committed is lost.',
  retry: true,
})
const busy = (at: string): Meaning => ({
  code: 'DATABASE_BUSY',
  sentence: `The database${at} has no connection free.`,
  hint: 'Close other clients, or raise max_connections of the server.',
  retry: true,
})
const lost = (at: string): Meaning => ({
  code: 'DATABASE_LOST',
  sentence: `The connection to the database${at} was lost.`,
  hint: LOST_HINT,
  retry: true,
})
const auth = (at: string): Meaning => ({
  code: 'DATABASE_AUTH',
  sentence: `The database${at} refused the user or the password.`,
  hint: 'Check the user and the password in DATABASE_URL.',
})
const starting = (at: string): Meaning => ({
  code: 'DATABASE_STARTING',
  sentence: `The database${at} is starting up or shutting down.`,
  hint: 'Wait a moment and try again.',
  retry: true,
})

const locked = (at: string): Meaning => ({
  code: 'DATABASE_LOCKED',
  sentence: `Another client of the database${at} holds a lock for too long.`,
  hint: 'See whether another stockyard process is stuck, then run the command again.',
  retry: true,
})

const SERVER_MEANINGS: Readonly<Record<string, (at: string) => Meaning>> = {
  '28': auth,
  '3D000': (at) => ({
    code: 'DATABASE_MISSING',
    sentence: `The server has no such database${at}.`,
    hint: 'Create it with createdb, or correct the name in DATABASE_URL.',
  }),
  '42501': (at) => ({
    code: 'DATABASE_PERMISSION',
    sentence: `The database user may not do this${at}.`,
    hint: 'Give the user of DATABASE_URL the right to create and use the schema "stockyard".',
  }),
  '53100': full,
  '53200': (at) => ({
    code: 'DATABASE_MEMORY',
    sentence: `The database${at} ran out of memory.`,
    hint: 'Give the server more memory, or run less at a time.',
    retry: true,
  }),
  '53300': busy,
  '40001': locked,
  '40P01': locked,
  '55P03': locked,
  '57014': (at) => ({
    code: 'DATABASE_TIMEOUT',
    sentence: `A statement took too long for the database${at}.`,
    hint: 'Ask for a shorter range.',
  }),
  '57P01': lost,
  '57P02': lost,
  '57P03': starting,
  '57P05': lost,
  '25P03': lost,
  '08': lost,
  '25006': (at) => ({
    code: 'DATABASE_READ_ONLY',
    sentence: `The database${at} is read-only.`,
    hint: 'Point DATABASE_URL at the primary server, not at a standby.',
  }),
  '3F000': notMigrated,
  '42P01': notMigrated,
}

function notMigrated(at: string): Meaning {
  return {
    code: 'DATABASE_NOT_MIGRATED',
    sentence: `The database${at} does not have the tables of this version of Stockyard.`,
    hint: 'Run: stockyard init',
  }
}

/**
 * What an error of the driver means, when it is about reaching the server or about the server's state
 * (refused, password, missing, full, lost…); undefined when it is anything else. The sentence names
 * `host:port` where the URL is given, and never the password.
 */
export function databaseError(error: unknown, url?: string): StockyardError | undefined {
  if (error instanceof StockyardError) return error.kind === 'database' ? error : undefined
  if (!(error instanceof Error)) return undefined
  const meaning = meaningOf(error, url === undefined ? '' : ` at ${databasePlace(url)}`)
  if (meaning === undefined) return undefined
  return new StockyardError('database', meaning.code, meaning.sentence, {
    hint: meaning.hint,
    cause: error,
    retry: meaning.retry ?? false,
  })
}

/** `host:port/database` of a URL, or the socket's folder: what may be shown. */
export function databasePlace(url: string): string {
  if (!URL.canParse(url)) return 'DATABASE_URL'
  const parsed = new URL(url)
  const host = parsed.searchParams.get('host') ?? (parsed.hostname || 'localhost')
  return `${decodeURIComponent(host)}:${parsed.port || '5432'}${parsed.pathname}`
}

function meaningOf(error: Error, at: string): Meaning | undefined {
  if (error instanceof DatabaseError) return serverMeaning(error.code ?? '', at)
  const code = networkCode(error)
  if (code !== undefined) {
    if (NETWORK_LOST.has(code)) return lost(at)
    const reason = NETWORK_MEANINGS[code]
    return reason === undefined ? undefined : unreachable(at || addressOf(error), reason)
  }
  const kind = DRIVER_MEANINGS.find(([pattern]) => pattern.test(error.message))?.[1]
  if (kind === undefined) return undefined
  if (kind === 'timeout') return unreachable(at, 'it did not answer in time')
  if (kind === 'busy') return busy(at)
  if (kind === 'auth') return auth(at)
  if (kind === 'lost') return lost(at)
  return {
    code: 'DATABASE_TLS',
    sentence: `No secure connection to the database${at} could be made: ${redact(error.message)}.`,
    hint: 'Check sslmode in DATABASE_URL and the certificate of the server.',
  }
}

function unreachable(at: string, reason: string): Meaning {
  return {
    code: 'DATABASE_UNREACHABLE',
    sentence: `The database${at} cannot be reached: ${reason}.`,
    hint: UNREACHABLE_HINT,
    retry: true,
  }
}

// A host with several addresses fails with all their errors in one.
function networkCode(error: Error): string | undefined {
  const first = error instanceof AggregateError ? error.errors[0] : error
  const code = (first as NodeJS.ErrnoException).code
  return (first as NodeJS.ErrnoException).syscall === undefined ? undefined : code
}

function addressOf(error: Error): string {
  const first = (error instanceof AggregateError ? error.errors[0] : error) as {
    address?: string
    port?: number
  }
  return first.address === undefined ? '' : ` at ${first.address}:${first.port ?? ''}`
}
