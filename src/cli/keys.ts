/** `stockyard keys`: API keys, and the audit of who changed what. */
import { Option, type Command } from 'commander'
import { createKey, endKey, rotateKey, stateOf, type MadeKey, type Maker } from '../api/keys.ts'
import { readAudit } from '../db/audit.ts'
import { listKeys, type StoredKey } from '../db/keys.ts'
import { ROLES, type Role } from '../domain/api-key.ts'
import { DAY_MS } from '../domain/date.ts'
import { StockyardError } from '../domain/error.ts'
import { formatInstant } from '../query/rows.ts'
import type { Define, Run } from './commands.ts'
import { localUser } from './local-user.ts'
import { addExamples, limitOption } from './options.ts'
import { plainText, writeJson } from './output.ts'
import type { CommandContext } from './run-command.ts'
import { formatTable } from './table.ts'

interface KeyOptions {
  readonly json?: boolean
  readonly role?: Role
  readonly name?: string
  readonly expires?: number
  readonly overlap?: number
  readonly limit?: number
}

const HOUR_MS = 3_600_000
const UNITS_MS: Readonly<Record<string, number>> = { h: HOUR_MS, d: DAY_MS, y: 365 * DAY_MS }
const NAME_LENGTH_MAX = 100

export const define: Define = (command, run) => {
  command.description('Make, list, rotate and revoke the keys of the API, and read the audit.')
  defineCreate(command, run)
  const list = command
    .command('list')
    .description('List the keys: their public ids, never the keys themselves.')
    .action((options: KeyOptions) => run(options, showKeys))
  addExamples(list, [['keys list', 'which hold, and when each was last used']])
  defineRotate(command, run)
  const revoke = command
    .command('revoke')
    .description('End a key at once.')
    .argument('<id>', 'public id, the third part of the key')
    .action((id: string, options: KeyOptions) => run(options, (context) => revokeOne(context, id)))
  addExamples(revoke, [['keys revoke 0bV4qWkP8sZx', 'every process refuses it within a second']])
  const audit = command
    .command('audit')
    .description('Who made and revoked keys, changed data over the API, or came with a wrong key.')
    .addOption(limitOption(20))
    .action((options: KeyOptions) => run(options, (context) => showAudit(context, options)))
  addExamples(audit, [['keys audit -n 100', 'the newest first']])
  addExamples(command, [
    [
      'keys create --role admin',
      'the first key, without which nothing is served beyond this machine',
    ],
    ['keys list', 'which hold, and when each was last used'],
  ])
}

function defineCreate(keys: Command, run: Run): void {
  const create = keys
    .command('create')
    .description('Make a key and print it, this once.')
    .addOption(
      new Option('--role <role>', 'what it may do; each may do what those before it may')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--name <name>', 'who or what it is for')
    .option('--expires <time>', 'when it ends: 12h, 90d, 1y; without it, never', (text) =>
      readSpan('--expires', text),
    )
    .action((options: KeyOptions) => run(options, (context) => createOne(context, options)))
  addExamples(create, [
    ['keys create --role admin', 'the first one'],
    ['keys create --role read --name grafana --expires 90d', 'for a program that reads'],
  ])
}

function defineRotate(keys: Command, run: Run): void {
  const rotate = keys
    .command('rotate')
    .description('Make a key in the place of another one, which goes on for a while.')
    .argument('<id>', 'public id of the old key')
    .option('--overlap <time>', 'how long the old key still holds (default: 24h)', (text) =>
      readSpan('--overlap', text),
    )
    .option('--expires <time>', 'when the new one ends: 12h, 90d, 1y; without it, never', (text) =>
      readSpan('--expires', text),
    )
    .action((id: string, options: KeyOptions) =>
      run(options, (context) => rotateOne(context, id, options)),
    )
  addExamples(rotate, [['keys rotate 0bV4qWkP8sZx --overlap 7d', 'both hold for a week']])
}

/** Milliseconds of `12h`, `90d` or `1y`. @throws StockyardError `SPAN_INVALID` */
function readSpan(option: string, text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})(h|d|y)$/.exec(text.trim()) ?? []
  if (count !== undefined) return Number(count) * UNITS_MS[unit!]!
  throw new StockyardError('usage', 'SPAN_INVALID', `${option} "${text}" is not a time.`, {
    hint: 'Write hours, days or years: 12h, 90d, 1y.',
  })
}

function makerOf(context: CommandContext): Maker {
  return { actor: `user:${localUser()}`, now: context.clock.now() }
}

async function createOne(context: CommandContext, options: KeyOptions): Promise<void> {
  const name = plainText(options.name ?? '')
    .trim()
    .slice(0, NAME_LENGTH_MAX)
  const store = await context.openStore()
  const maker = makerOf(context)
  const expiresAt = options.expires === undefined ? null : maker.now + options.expires
  const wanted = { role: options.role!, name: name === '' ? null : name, expiresAt }
  await writeMade(context, await createKey(store.pool, wanted, maker))
}

async function rotateOne(
  context: CommandContext,
  id: string,
  { overlap = DAY_MS, expires }: KeyOptions,
): Promise<void> {
  const store = await context.openStore()
  const maker = makerOf(context)
  const expiresAt = expires === undefined ? null : maker.now + expires
  const made = await rotateKey(store.pool, { id, overlapMs: overlap, expiresAt }, maker)
  await writeMade(context, made)
}

async function writeMade(context: CommandContext, { key, stored }: MadeKey): Promise<void> {
  if (context.json) {
    await writeJson(context.stdout, { key, ...keyJson(stored, context.clock.now()) })
    return
  }
  await context.stderr.write('This is the key. It is shown this once, and only its hash is kept.\n')
  await context.stdout.write(`${key}\n`)
}

async function revokeOne(context: CommandContext, id: string): Promise<void> {
  const store = await context.openStore()
  await endKey(store.pool, id, makerOf(context))
  if (context.json) await writeJson(context.stdout, { id, revoked: true })
  else await context.stdout.write(`The key ${id} is revoked.\n`)
}

function instant(at: number | null): string | null {
  return at === null ? null : formatInstant(at)
}

function keyJson(key: StoredKey, now: number) {
  return {
    id: key.id,
    role: key.role,
    name: key.name,
    state: stateOf(key, now),
    created_at: instant(key.createdAt),
    expires_at: instant(key.expiresAt),
    revoked_at: instant(key.revokedAt),
    last_used_at: instant(key.lastUsedAt),
    rotated_from: key.rotatedFrom,
  }
}

async function showKeys(context: CommandContext): Promise<void> {
  const store = await context.openStore()
  const now = context.clock.now()
  const rows = (await listKeys(store.pool)).map((key) => keyJson(key, now))
  if (context.json) {
    await writeJson(context.stdout, { data: rows, next: null })
  } else if (rows.length === 0) {
    await context.stdout.write('There are no keys. Make one: stockyard keys create --role admin\n')
  } else {
    const table = formatTable(
      context.stdout,
      [
        { title: 'id', value: (row) => row.id },
        { title: 'role', value: (row) => row.role },
        { title: 'name', value: (row) => row.name },
        { title: 'state', value: (row) => row.state },
        { title: 'created', value: (row) => row.created_at },
        { title: 'expires', value: (row) => row.expires_at ?? 'never' },
        { title: 'last used', value: (row) => row.last_used_at ?? 'never' },
      ],
      rows,
    )
    await context.stdout.write(table)
  }
}

async function showAudit(context: CommandContext, { limit = 20 }: KeyOptions): Promise<void> {
  const store = await context.openStore()
  const entries = await readAudit(store.pool, { limit })
  const rows = entries.map((entry) => ({ ...entry, at: formatInstant(entry.at) }))
  if (context.json) {
    await writeJson(context.stdout, { data: rows, next: null })
  } else if (rows.length === 0) {
    await context.stdout.write('The audit is empty.\n')
  } else {
    const table = formatTable(
      context.stdout,
      [
        { title: 'at', value: (row) => row.at },
        { title: 'action', value: (row) => row.action },
        { title: 'who', value: (row) => row.actor },
        { title: 'from', value: (row) => row.address },
        { title: 'what', value: (row) => row.target },
        { title: 'detail', value: (row) => row.detail },
      ],
      rows,
    )
    await context.stdout.write(table)
  }
}
