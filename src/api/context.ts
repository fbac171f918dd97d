/** What the resources of the API are given: everything from outside comes in here. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/connect.ts'
import type { Logger } from '../log.ts'
import type { Budget } from '../domain/budget.ts'
import type { Interval } from '../domain/interval.ts'
import type { RunStarter } from '../load/background-runs.ts'
import type { VendorPlan } from '../providers/plan.ts'
import type { DownloadBounds } from './downloads.ts'
import type { ApiSecurity } from './security.ts'
import type { LatestCache } from './latest-cache.ts'

/** What can be said about a provider without calling it. */
export interface ProviderInfo {
  readonly id: string
  readonly name: string
  /** False where its key is not set. */
  readonly enabled: boolean
  readonly needsKey: boolean
  readonly intervals: readonly Interval[]
  readonly basis: 'raw' | 'split'
  /** Calls allowed, e.g. `1/s,5/min,25/day`. */
  readonly budget: string
  /** The same, read. */
  readonly limits: Budget
  /** IANA zone whose midnight resets the day's calls. */
  readonly resetZone: string
  /** What it sells, the least plan first; empty where it has no plans. */
  readonly plans: readonly VendorPlan[]
  /** A name for its key and budget that tells neither. */
  readonly account: string
}

export interface ApiOptions {
  readonly defaultPageSize: number
  /** A greater `limit` is refused. */
  readonly maxPageSize: number
  /** True where it is known already that the store holds simulated data. */
  readonly simulated: boolean
}

/** What holds for streams of events. */
export interface StreamBounds {
  /** At a time in this process. */
  readonly most: number
  /** At a time for one key or token; this machine's user is not bound. */
  readonly mostOfCaller: number
  /** Between signs of life, and between looks whether the key still holds. */
  readonly heartbeatMs: number
  /** A client that takes nothing for so long is cut. */
  readonly stallMs: number
}

/** How slowly a client may send a request. */
export interface Slowness {
  /** From its first byte to the end of its headers. */
  readonly headMs: number
  /** From its first byte to its last. */
  readonly requestMs: number
  /** How often connections are looked at for it. */
  readonly lookedAtMs: number
}

export interface ApiContext {
  readonly pool: Pool
  /** For what only reads: its sessions cannot write. */
  readonly readPool: Pool
  readonly options: ApiOptions
  readonly log: Logger
  readonly clock: Clock
  /** Of Stockyard. */
  readonly version: string
  readonly providers: readonly ProviderInfo[]
  /** Answers about the latest bar that are kept in memory; left out: none. */
  readonly latest?: LatestCache
  /** How many streams there may be, and how often they say that they live; left out: as in stream.ts. */
  readonly streams?: Partial<StreamBounds>
  /** How many downloads there may be; left out: as in downloads.ts. */
  readonly downloads?: DownloadBounds
  /** How slowly clients may send; left out: as in app.ts. */
  readonly slowness?: Slowness
  /** Absent: loopback, without keys. */
  readonly security?: ApiSecurity
  /** Takes orders for runs; absent where the server only serves. */
  readonly runs?: RunStarter
  /** ETL_ENABLED. */
  readonly etlEnabled: boolean
  /** STOCKYARD_HOME: where archived answers and recorded closures are. */
  readonly home: string
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>
