/** Bearer tokens of an OpenID Connect issuer (JWT, RFC 7519), as an option beside our own keys. */
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Clock } from '../clock.ts'
import { ROLES, type Role } from '../domain/api-key.ts'
import { StockyardError } from '../domain/error.ts'
import type { Caller } from './caller.ts'

export interface OidcSettings {
  /** `iss` of tokens; its discovery document names the keys unless `jwksUrl` does. */
  readonly issuer: string
  /** `aud` of tokens. */
  readonly audience: string
  readonly jwksUrl: string | null
  /** Claim that holds `read`, `write` or `admin`, or a list with one of them. */
  readonly roleClaim: string
}

/** The caller that a token speaks for. @throws StockyardError `TOKEN_INVALID`, `TOKEN_ROLE`, `OIDC_UNREACHABLE` */
export type TokenVerifier = (token: string) => Promise<Caller>

/** Signatures by public keys only: with a shared secret, whoever can check a token can make one. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
/** Clocks of two machines differ. */
const CLOCK_TOLERANCE_S = 30
const FETCH_TIMEOUT_MS = 5000

type KeySet = ReturnType<typeof createRemoteJWKSet>

export function makeTokenVerifier(settings: OidcSettings, clock: Clock): TokenVerifier {
  let keys: Promise<KeySet> | undefined
  return async (token) => {
    // What failed once is tried again with the next token.
    keys ??= findKeys(settings).catch((error: unknown) => {
      keys = undefined
      throw error
    })
    const payload = await verify(token, await keys, settings, clock)
    return { role: roleOf(payload, settings.roleClaim), actor: `token:${payload.sub ?? ''}` }
  }
}

async function findKeys({ issuer, jwksUrl }: OidcSettings): Promise<KeySet> {
  const url = jwksUrl ?? (await discover(issuer))
  return createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    [customFetch]: (address: string, init: RequestInit) =>
      fetch(address, { ...init, redirect: 'error' }),
  })
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  try {
    const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS)
    const answer = await fetch(url, { redirect: 'error', signal })
    const document = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown }
    if (document.issuer !== issuer) throw new Error('it is the document of another issuer')
    if (typeof document.jwks_uri !== 'string') throw new Error('it names no keys')
    if (new URL(document.jwks_uri).protocol !== new URL(issuer).protocol) {
      throw new Error('its keys are at an address of another kind')
    }
    return document.jwks_uri
  } catch (error) {
    throw unreachable(error)
  }
}

async function verify(
  token: string,
  keys: KeySet,
  { issuer, audience }: OidcSettings,
  clock: Clock,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp', 'sub'],
    })
    return payload
  } catch (error) {
    if (isRefusal(error)) {
      throw new StockyardError('usage', 'TOKEN_INVALID', 'The token is not valid here.', {
        hint: 'Get a fresh one from the issuer, for the audience of this server.',
        cause: error,
      })
    }
    throw unreachable(error)
  }
}

/** Errors of jose are about the token, but for those about fetching the keys. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false
  return error.code !== 'ERR_JOSE_GENERIC'
}

function unreachable(cause: unknown): StockyardError {
  return new StockyardError(
    'provider',
    'OIDC_UNREACHABLE',
    'The issuer’s keys cannot be fetched to check the token.',
    { hint: 'Check OIDC_ISSUER and OIDC_JWKS_URL, or use an API key.', cause, retry: true },
  )
}

function roleOf(payload: JWTPayload, claim: string): Role {
  const said = new Set<unknown>([payload[claim] ?? []].flat())
  const role = ROLES.findLast((one) => said.has(one))
  if (role !== undefined) return role
  throw new StockyardError('usage', 'TOKEN_ROLE', 'The token gives no role here.', {
    hint: `Let the issuer put read, write or admin into the claim "${claim}".`,
  })
}
