/**
 * The environment, read in one place and checked at start. Nothing else reads process.env.
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { messageOf, StockyardError } from './domain/error.ts'
import { INTERVALS, parseInterval, type Interval } from './domain/interval.ts'
import { parseBudget } from './providers/budget.ts'
import { PROVIDERS } from './providers/registry.ts'
import { variableOf } from './providers/variables.ts'

/** What the user says about one vendor. */
export interface ProviderConfig {
  readonly key: string | undefined
  /** Origin to use in place of the vendor's own. */
  readonly baseUrl: string | undefined
  /** Budget text in place of the provider's default. */
  readonly budget: string | undefined
}

export interface Config {
  /** Set where the user has a server of their own; undefined means the embedded one. */
  readonly databaseUrl: string | undefined
  /** Absolute path of the folder that holds everything Stockyard writes. */
  readonly home: string
  readonly providers: Readonly<Record<string, ProviderConfig>>
  /** Bounds of the archive of vendors' answers; null where none is kept. */
  readonly archive: { readonly maxBytes: number; readonly maxDays: number } | null
  readonly defaultTickers: readonly string[]
  readonly defaultInterval: Interval
  readonly defaultDays: number
  /** Whether `up` keeps the watch list current, and how often while an exchange is open. */
  readonly etlEnabled: boolean
  readonly etlIntervalMinutes: number
  readonly apiHost: string
  readonly apiPort: number
  /** Who may use the API from where. */
  readonly apiSecurity: {
    readonly hosts: readonly string[]
    readonly corsOrigins: readonly string[]
    readonly keysRequired: boolean
    /** Null: no limit. */
    readonly rateLimit: { readonly count: number; readonly periodMs: number } | null
    /** Null: tokens are not taken. */
    readonly oidc: {
      readonly issuer: string
      readonly audience: string
      readonly jwksUrl: string | null
      readonly roleClaim: string
    } | null
  }
  readonly defaultPageSize: number
  readonly maxPageSize: number
  readonly logLevel: string
  readonly logFormat: 'pretty' | 'json' | undefined
  /** True for the demo and for tests on the simulated exchange; shown wherever data shows. */
  readonly simulated: boolean
}

const text = z
  .string()
  .trim()
  .transform((value) => (value === '' ? undefined : value))
  .optional()

function wholeNumber(least: number, most: number, fallback: number) {
  return z
    .string()
    .trim()
    .optional()
    .transform((value) => (value === undefined || value === '' ? fallback : Number(value)))
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, {
      message: `expected a whole number from ${least} to ${most}`,
    })
}

function choice<const T extends string>(values: readonly T[], fallback: T | undefined) {
  return z
    .string()
    .trim()
    .optional()
    .transform((value) => (value === undefined || value === '' ? fallback : value.toLowerCase()))
    .refine((value): value is T | undefined => value === undefined || values.includes(value as T), {
      message: `expected one of ${values.join(', ')}`,
    })
}

const FLAGS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
}

function flag(fallback: boolean) {
  return z
    .string()
    .trim()
    .optional()
    .transform((value, context) => {
      if (value === undefined || value === '') return fallback
      const read = FLAGS[value.toLowerCase()]
      if (read !== undefined) return read
      context.addIssue({ code: 'custom', message: 'expected true or false' })
      return z.NEVER
    })
}

const url = (protocols: readonly string[]) =>
  text.refine(
    (value) => {
      if (value === undefined) return true
      const parsed = URL.canParse(value) ? new URL(value) : undefined
      return parsed !== undefined && protocols.includes(parsed.protocol) && isDecodable(parsed)
    },
    {
      message:
        `expected a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}, ` +
        'with a port up to 65535 if any, and special characters written as %XX',
    },
  )

/** A percent sign in a password is the usual one that is not written as %25. */
function isDecodable(parsed: URL): boolean {
  try {
    decodeURIComponent(parsed.username + parsed.password + parsed.pathname)
    return true
  } catch {
    return false
  }
}

const tickers = text.refine((value) => value === undefined || /[^\s,]/.test(value), {
  message: 'expected symbols with commas between them, for example AAPL,MSFT',
})

const budget = text.refine((value) => value === undefined || budgetIsReadable(value), {
  message: 'expected calls per second, minute or day, for example 1/s,5/min,25/day',
})

function budgetIsReadable(value: string): boolean {
  try {
    parseBudget(value)
    return true
  } catch {
    return false
  }
}

const interval = z
  .string()
  .optional()
  .transform((value, context) => {
    try {
      return parseInterval(value?.trim() ? value : '1d')
    } catch {
      context.addIssue({ code: 'custom', message: `expected one of ${INTERVALS.join(', ')}` })
      return z.NEVER
    }
  })

const http = ['http:', 'https:'] as const

/** A list with commas, of which each part must look right. */
function names(shape: RegExp, expected: string) {
  return z
    .string()
    .optional()
    .transform((value) => (value ?? '').split(/[\s,]+/).filter((part) => part !== ''))
    .refine((parts) => parts.every((part) => shape.test(part)), { message: `expected ${expected}` })
}

const PERIODS_MS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000 }

const rateLimit = z
  .string()
  .trim()
  .optional()
  .transform((value, context) => {
    if (value?.toLowerCase() === 'unlimited') return null
    const asked = value === undefined || value === '' ? '600/min' : value
    const [, count, period] = /^([1-9]\d{0,8})\/(s|min|h)$/.exec(asked) ?? []
    if (count !== undefined) return { count: Number(count), periodMs: PERIODS_MS[period!]! }
    context.addIssue({
      code: 'custom',
      message: 'expected requests per s, min or h, or unlimited, for example 600/min',
    })
    return z.NEVER
  })

/** Keys that come over plain HTTP could be anybody's, but for those of this machine. */
const secureUrl = url(http).refine(
  (value) =>
    value === undefined ||
    value.startsWith('https:') ||
    ['localhost', '127.0.0.1', '[::1]'].includes(new URL(value).hostname),
  { message: 'expected a URL that starts with https://' },
)

const schema = z.object({
  DATABASE_URL: url(['postgres:', 'postgresql:']),
  POSTGRES_HOST: text,
  POSTGRES_PORT: wholeNumber(1, 65_535, 5432),
  POSTGRES_DB: text,
  POSTGRES_USER: text,
  POSTGRES_PASSWORD: text,
  STOCKYARD_HOME: text,
  ARCHIVE_MAX_MB: wholeNumber(0, 10_000_000, 2048),
  ARCHIVE_DAYS: wholeNumber(0, 36_500, 365),
  DEFAULT_TICKERS: tickers,
  DEFAULT_INTERVAL: interval,
  DEFAULT_DAYS: wholeNumber(1, 36_500, 90),
  ETL_ENABLED: flag(true),
  ETL_INTERVAL_MINUTES: wholeNumber(1, 1440, 5),
  API_HOST: text,
  API_PORT: wholeNumber(0, 65_535, 8000),
  API_ALLOWED_HOSTS: names(
    /^[a-z0-9.-]+$/i,
    'host names without a port, for example bars.example.org',
  ),
  API_CORS_ORIGINS: names(
    /^https?:\/\/[a-z0-9.-]+(:\d+)?$/i,
    'origins, for example https://app.example.org',
  ),
  API_REQUIRE_KEY: flag(false),
  API_RATE_LIMIT: rateLimit,
  OIDC_ISSUER: secureUrl,
  OIDC_AUDIENCE: text,
  OIDC_JWKS_URL: secureUrl,
  OIDC_ROLE_CLAIM: text,
  DEFAULT_PAGE_SIZE: wholeNumber(1, 100_000, 50),
  MAX_PAGE_SIZE: wholeNumber(1, 100_000, 1000),
  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const, 'info'),
  LOG_FORMAT: choice(['pretty', 'json'] as const, undefined),
})

function apiSecurity(read: z.infer<typeof schema>): Config['apiSecurity'] {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = read
  if ((issuer === undefined) !== (audience === undefined)) {
    throw new StockyardError(
      'config',
      'CONFIG_INVALID',
      'Configuration: OIDC_ISSUER and OIDC_AUDIENCE go together.',
      { hint: 'Set both, or none.' },
    )
  }
  return {
    hosts: read.API_ALLOWED_HOSTS,
    corsOrigins: read.API_CORS_ORIGINS,
    keysRequired: read.API_REQUIRE_KEY,
    rateLimit: read.API_RATE_LIMIT,
    oidc:
      issuer === undefined || audience === undefined
        ? null
        : {
            issuer,
            audience,
            jwksUrl: read.OIDC_JWKS_URL ?? null,
            roleClaim: read.OIDC_ROLE_CLAIM ?? 'stockyard_role',
          },
  }
}

/** Three variables a provider, or two for one that needs no key: a new provider has its own by itself. */
const providerSchema = z.object(
  Object.fromEntries(
    PROVIDERS.flatMap(({ id, needsKey }) => [
      ...(needsKey ? [[variableOf(id, 'API_KEY'), text] as const] : []),
      [variableOf(id, 'BASE_URL'), url(http)] as const,
      [variableOf(id, 'BUDGET'), budget] as const,
    ]),
  ),
)

function providersOf(read: Readonly<Record<string, string | undefined>>): Config['providers'] {
  const configs = PROVIDERS.map(({ id }): [string, ProviderConfig] => [
    id,
    {
      key: read[variableOf(id, 'API_KEY')],
      baseUrl: read[variableOf(id, 'BASE_URL')],
      budget: read[variableOf(id, 'BUDGET')],
    },
  ])
  return Object.fromEntries(configs)
}

/**
 * The configuration that an environment asks for.
 * @throws StockyardError `CONFIG_INVALID`, naming each wrong variable and what was expected
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const result = schema.safeParse(env)
  const vendors = providerSchema.safeParse(env)
  if (!result.success || !vendors.success) {
    const issues = [...(result.error?.issues ?? []), ...(vendors.error?.issues ?? [])]
    const problems = issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new StockyardError('config', 'CONFIG_INVALID', `Configuration: ${problems.join('; ')}.`, {
      hint: 'Correct the variable in the environment or in .env; docs/configuration.md lists them all.',
    })
  }
  const read = result.data
  return {
    databaseUrl: read.DATABASE_URL ?? urlFromParts(read),
    home: resolve(read.STOCKYARD_HOME ?? join(homedir(), '.stockyard')),
    providers: providersOf(vendors.data),
    archive: archiveBounds(read.ARCHIVE_MAX_MB, read.ARCHIVE_DAYS),
    defaultTickers: (read.DEFAULT_TICKERS ?? 'AAPL,GOOGL,MSFT,AMZN,TSLA')
      .split(',')
      .map((symbol) => symbol.trim())
      .filter((symbol) => symbol !== ''),
    defaultInterval: read.DEFAULT_INTERVAL,
    defaultDays: read.DEFAULT_DAYS,
    etlEnabled: read.ETL_ENABLED,
    etlIntervalMinutes: read.ETL_INTERVAL_MINUTES,
    apiHost: read.API_HOST ?? '127.0.0.1',
    apiPort: read.API_PORT,
    apiSecurity: apiSecurity(read),
    defaultPageSize: read.DEFAULT_PAGE_SIZE,
    maxPageSize: read.MAX_PAGE_SIZE,
    logLevel: read.LOG_LEVEL ?? 'info',
    logFormat: read.LOG_FORMAT,
    simulated: false,
  }
}

function archiveBounds(maxMegabytes: number, maxDays: number): Config['archive'] {
  if (maxMegabytes === 0 || maxDays === 0) return null
  return { maxBytes: maxMegabytes * 1024 * 1024, maxDays }
}

function urlFromParts(read: {
  POSTGRES_HOST?: string | undefined
  POSTGRES_PORT: number
  POSTGRES_DB?: string | undefined
  POSTGRES_USER?: string | undefined
  POSTGRES_PASSWORD?: string | undefined
}): string | undefined {
  if (read.POSTGRES_HOST === undefined) return undefined
  const made = new URL('postgres://localhost')
  made.hostname = read.POSTGRES_HOST
  made.port = String(read.POSTGRES_PORT)
  made.pathname = `/${encodeURIComponent(read.POSTGRES_DB ?? 'stockyard')}`
  made.username = encodeURIComponent(read.POSTGRES_USER ?? 'stockyard')
  if (read.POSTGRES_PASSWORD !== undefined)
    made.password = encodeURIComponent(read.POSTGRES_PASSWORD)
  return made.href
}

/**
 * Adds the variables of a `.env` file in the working directory to an environment; what is set
 * already wins. A missing file is fine.
 * @throws StockyardError `ENV_FILE_UNREADABLE`
 */
export function loadEnvFile(path = '.env'): void {
  try {
    process.loadEnvFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new StockyardError(
      'config',
      'ENV_FILE_UNREADABLE',
      `${path} cannot be read: ${messageOf(error)}.`,
      {
        hint: 'Check its permissions, or remove it.',
        cause: error,
      },
    )
  }
}
