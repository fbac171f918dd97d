/**
 * What every command runs inside: configuration, log, clock, interruption and the store, opened when
 * asked for and closed whatever happens; and the exit code in the end.
 */
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../log.ts'
import { listenForInterrupt, type Interrupt } from './interrupt.ts'
import type { Store } from './open-store.ts'
import { makeOutput, OUTPUT_CLOSED, type Output } from './output.ts'
import { INTERRUPTED_EXIT_CODE, reportError, type ErrorReport } from './report-error.ts'

/** What the outside gives to a command line. */
export interface Surroundings {
  readonly argv: readonly string[]
  readonly env: Record<string, string | undefined>
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** What a command works with. */
export interface CommandContext {
  readonly stdout: Output
  readonly stderr: Output
  /** True with --json. */
  readonly json: boolean
  readonly env: Record<string, string | undefined>
  readonly clock: Clock
  /** Aborted when the person wants the command to end. */
  readonly signal: AbortSignal
  /** The configuration. @throws StockyardError `CONFIG_INVALID` */
  config(): Promise<Config>
  /** The log; one-off commands show warnings only, unless LOG_LEVEL says otherwise. */
  log(): Promise<Logger>
  /** The store of the configuration, migrated; opened at the first call, closed after the command. */
  openStore(use?: StoreUse): Promise<Store>
  /** Something to be closed after the command; what was opened last is closed first. */
  onClose(close: () => Promise<void>): void
}

export interface StoreUse {
  /** True for commands that change bars: they are refused on a store of the other kind. */
  readonly writes?: boolean
  /** The configuration to use in place of the environment's. */
  readonly config?: Config
}

export interface CommandOptions {
  readonly json?: boolean
}

export interface CommandKind {
  /** A command that runs until it is told to stop: being stopped is its good end, exit 0. */
  readonly serves?: boolean
}

/** After this long, what does not close is left to the end of the process. */
const CLOSE_PATIENCE_MS = 9_000

/** The exit code, or nothing for 0. */
export type CommandAction = (context: CommandContext) => Promise<number | void>

/** Runs a command's action and answers with the exit code. Never throws. */
export async function runCommand(
  surroundings: Surroundings,
  options: CommandOptions,
  action: CommandAction,
  kind: CommandKind = {},
): Promise<number> {
  const { systemClock: clock } = await import('../clock.ts')
  const stdout = makeOutput(surroundings.stdout, surroundings.env)
  const stderr = makeOutput(surroundings.stderr, surroundings.env)
  const json = options.json === true
  const interrupt = listenForInterrupt(clock.now, (text) => {
    if (kind.serves !== true) surroundings.stderr.write(text)
  })
  const closers: (() => Promise<void>)[] = []
  const context = makeContext(surroundings, {
    stdout,
    stderr,
    json,
    clock,
    interrupt,
    closers,
    kind,
  })
  let exitCode: number
  try {
    exitCode = (await action(context)) ?? 0
  } catch (error) {
    exitCode = await failed(context, interrupt, error)
  }
  const closing = closeAll(closers, { stdout, stderr, json: false })
  // A served request that hangs must not keep a server alive that was told to stop.
  const patience = clock.sleep(CLOSE_PATIENCE_MS).then(() => 1)
  const closeCode = await Promise.race([closing, patience])
  if (exitCode === 0) exitCode = closeCode
  interrupt.dispose()
  if (!interrupt.signal.aborted || kind.serves === true) return exitCode
  return INTERRUPTED_EXIT_CODE
}

/** Closes what was opened, newest first, whatever happens; the exit code of the first failure. */
async function closeAll(closers: (() => Promise<void>)[], report: ErrorReport): Promise<number> {
  let exitCode = 0
  for (const close of closers.reverse()) {
    try {
      await close()
    } catch (error) {
      const code = await reportError(error, report)
      if (exitCode === 0) exitCode = code
    }
  }
  return exitCode
}

async function failed(
  context: CommandContext,
  interrupt: Interrupt,
  thrown: unknown,
): Promise<number> {
  if (thrown === OUTPUT_CLOSED) return 0
  // What work throws because it was told to stop is not a failure to explain.
  if (interrupt.signal.aborted && isAbort(thrown)) return 0
  const error = thrown instanceof Error ? await namedError(context, thrown) : thrown
  const exitCode = await reportError(error, context)
  try {
    const log = await context.log()
    log.debug({ err: error }, 'the command failed')
  } catch {
    // A configuration that cannot be read has just been reported.
  }
  return exitCode
}

/** A driver's error as what it means for the database; any other error as it is. */
async function namedError(context: CommandContext, error: Error): Promise<Error> {
  const { StockyardError } = await import('../domain/error.ts')
  if (error instanceof StockyardError) return error
  const { databaseError } = await import('../db/database-error.ts')
  const url = await context.config().then(
    (config) => config.databaseUrl,
    () => undefined,
  )
  return databaseError(error, url) ?? error
}

function isAbort(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return error.name === 'AbortError' || ('code' in error && error.code === 'INTERRUPTED')
}

interface ContextParts {
  readonly stdout: Output
  readonly stderr: Output
  readonly json: boolean
  readonly clock: Clock
  readonly interrupt: Interrupt
  readonly closers: (() => Promise<void>)[]
  readonly kind: CommandKind
}

function makeContext(surroundings: Surroundings, parts: ContextParts): CommandContext {
  const { env } = surroundings
  let config: Promise<Config> | undefined
  let log: Promise<Logger> | undefined
  let store: Promise<Store> | undefined
  const context: CommandContext = {
    stdout: parts.stdout,
    stderr: parts.stderr,
    json: parts.json,
    clock: parts.clock,
    env,
    signal: parts.interrupt.signal,
    config: () => (config ??= loadConfig(env)),
    log: () => (log ??= context.config().then((read) => openLog(read, env, parts.kind))),
    openStore: (use = {}) => {
      store ??= (async () => {
        const { openStore } = await import('./open-store.ts')
        const opened = await openStore({
          config: use.config ?? (await context.config()),
          log: await context.log(),
          writes: use.writes === true,
        })
        parts.closers.push(() => opened.close())
        return opened
      })()
      return store
    },
    onClose: (close) => {
      parts.closers.push(close)
    },
  }
  return context
}

async function loadConfig(env: Record<string, string | undefined>): Promise<Config> {
  const { loadEnvFile, readConfig } = await import('../config.ts')
  const { registerSecret } = await import('../log.ts')
  loadEnvFile()
  const config = readConfig(env)
  for (const provider of Object.values(config.providers)) registerSecret(provider.key)
  return config
}

async function openLog(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  kind: CommandKind,
): Promise<Logger> {
  const { makeLogger } = await import('../log.ts')
  const isAsked = (env['LOG_LEVEL'] ?? '').trim() !== ''
  const level = isAsked || kind.serves === true ? config.logLevel : 'warn'
  return makeLogger({ level, format: config.logFormat })
}
