/**
 * The archive in a folder: a folder a UTC day, in it a line an answer and a compressed file a body. The
 * same body is stored once: its days are names (hard links) of one file. Written beside the work, each
 * file whole or not at all; what cannot be written is counted, told once, and never stops the work.
 */
import { createHash, randomUUID } from 'node:crypto'
import {
  access,
  appendFile,
  link,
  mkdir,
  open,
  rename,
  rm,
  type FileHandle,
} from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants as zlib, zstdCompress } from 'node:zlib'
import type { Clock } from '../clock.ts'
import { messageOf } from '../domain/error.ts'
import { DAY_MS } from '../domain/date.ts'
import type { Logger } from '../log.ts'
import type { Answer, Archive } from './archived-answer.ts'
import {
  BODIES,
  bytesOnDisk,
  makeRoom,
  readUsage,
  removeExpired,
  writeUsage,
  type Bounds,
} from './bounds.ts'
import { entryOf, folderOf, formatEntry, type Entry } from './entry.ts'
import { bodyWithoutKeys } from './redact-answer.ts'

export interface FileArchiveOptions extends Bounds {
  /** Folder of the archive; made where it is missing, inside one that is there. */
  readonly root: string
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
  /** Most bytes that wait to be written; what comes above that is not kept. */
  readonly maxWaitingBytes?: number
}

export interface FileArchive extends Archive {
  /** Answers that could not be kept. */
  readonly lost: () => number
}

/** Name of the file with a day's lines. */
export const LINES = 'answers.ndjson'
const WAITING_MAX_BYTES = 64 * 1024 * 1024
/** Bytes that may wait while there is said to be room. */
const ROOM_BYTES = 8 * 1024 * 1024
/** Answers that may wait while there is said to be room. */
const ROOM_FILES = 64
/** Sizes are reckoned as files are written, and looked at so often. */
const MEASURE_MS = 7 * DAY_MS

const zstd = promisify(zstdCompress)

/**
 * The lightest level: of a month of minutes (1.8 MB) it makes 159 kB in 7 ms, where the usual one makes
 * 164 kB in 24 ms.
 */
function compress(bytes: Uint8Array): Promise<Buffer> {
  // In few large pieces: each one is handed over on the thread that does all else.
  return zstd(bytes, { chunkSize: 262_144, params: { [zlib.ZSTD_c_compressionLevel]: 1 } })
}

interface State {
  readonly options: FileArchiveOptions
  /** The day whose folder was made ready last. */
  folder: string
  /** Bytes that this process wrote and the file with the usage does not know of yet. */
  written: number
  /** Bytes in all as known, or null before it was looked at. */
  known: number | null
}

/** An archive over a folder. Nothing is touched before the first answer. */
export function openFileArchive(options: FileArchiveOptions): FileArchive {
  const state: State = { options, folder: '', written: 0, known: null }
  /** Whether the last answer is kept, once all are written that came before. */
  let tail = Promise.resolve(true)
  /** Done when all that was written is on the disk. */
  let onDisk = Promise.resolve()
  let waiting = 0
  /** Answers that are not on the disk, each with a file that may be open. */
  let unsynced = 0
  let lost = 0
  const lose = (why: string) => {
    lost += 1
    if (lost > 1) return
    const told = `An answer could not be archived, and the work goes on without: ${why}.`
    options.log.warn({ archive: options.root }, told)
  }
  return {
    root: options.root,
    lost: () => lost,
    kept: () => tail,
    keep: (answer) => {
      const { length } = answer.body.bytes
      if (waiting + length > (options.maxWaitingBytes ?? WAITING_MAX_BYTES)) {
        lose('answers come faster than they can be written')
        tail = tail.then(() => false)
        return
      }
      waiting += length
      const written = tail.then(() => write(state, answer))
      tail = written.then(
        () => true,
        (error: unknown) => {
          lose(messageOf(error))
          return false
        },
      )
      unsynced += 1
      onDisk = Promise.all([written.catch(() => null), onDisk])
        .then(([body]) => (body === null ? undefined : putOnDisk(body)))
        .catch((error: unknown) => lose(messageOf(error)))
        .finally(() => {
          waiting -= length
          unsynced -= 1
        })
    },
    room: async () => {
      if (waiting > ROOM_BYTES || unsynced > ROOM_FILES) await onDisk
    },
    flush: async () => {
      await onDisk
      await settle(state).catch((error: unknown) => lose(messageOf(error)))
    },
  }
}

/** A body that was written, and is lost with the machine until it is on the disk. */
interface WrittenBody {
  readonly file: FileHandle
  readonly path: string
  readonly shared: string
}

/** Only a body that no crash can damage any more gets the name by which other days find it. */
async function putOnDisk({ file, path, shared }: WrittenBody): Promise<void> {
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  // Where a file cannot have two names, the same body of another day is stored again.
  await link(path, shared).catch(() => undefined)
}

/**
 * Writes an answer, so that it is there for whoever comes after this process, however that ends; null where its body
 * was there.
 */
async function write(state: State, answer: Answer): Promise<WrittenBody | null> {
  const { root } = state.options
  const bytes = bodyWithoutKeys(answer.body.bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const entry = entryOf(answer, sha256, bytes.length)
  await makeReady(state, entry.folder)
  const body = await writeBody(state, entry, bytes)
  try {
    // The line's own beginning ends a line that a crash cut off before it.
    const line = `\n${formatEntry(entry)}`
    await appendFile(join(root, entry.folder, LINES), line, { mode: 0o600 })
    state.written += line.length
    const { maxBytes } = state.options
    if (state.known !== null && state.known + state.written > maxBytes) await tidy(state)
  } catch (error) {
    await body?.file.close()
    throw error
  }
  return body
}

/** The folder of a day; with the first answer of a day the days that are too old go. */
async function makeReady(state: State, folder: string): Promise<void> {
  const { root } = state.options
  if (state.folder === folder) return
  for (const path of [root, join(root, BODIES), join(root, folder)]) await makeFolder(path)
  const now = state.options.clock.now()
  const hasRemoved = await removeExpired(root, state.options, now)
  const usage = await readUsage(root)
  state.known = usage?.bytes ?? null
  state.folder = folder
  if (hasRemoved || usage === null || now - usage.measuredAt > MEASURE_MS) await tidy(state)
}

/** Not by mkdir's own `recursive`, which never ends in a folder like /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

async function writeBody(
  state: State,
  entry: Entry,
  bytes: Uint8Array,
): Promise<WrittenBody | null> {
  const { root } = state.options
  const name = `${entry.sha256}.zst`
  const [path, shared] = [join(root, entry.folder, name), join(root, BODIES, name)]
  if (await isThere(shared, path)) return null
  const packed = await compress(bytes)
  const unfinished = `${path}.${randomUUID()}`
  const file = await open(unfinished, 'wx', 0o600)
  try {
    await file.writeFile(packed)
    await rename(unfinished, path)
  } catch (error) {
    await file.close()
    await rm(unfinished, { force: true })
    throw error
  }
  state.written += bytesOnDisk(packed.length)
  return { file, path, shared }
}

/** True where a body has its name of the day, or gets it now as it is known of another day. */
async function isThere(shared: string, path: string): Promise<boolean> {
  // At once, since each takes a turn of the threads that work on files.
  const tries = await Promise.allSettled([access(path), link(shared, path)])
  return tries.some(({ status }) => status === 'fulfilled')
}

/** Measures everything and makes room. */
async function tidy(state: State): Promise<void> {
  const { root, clock } = state.options
  state.known = await makeRoom(root, state.options, clock.now())
  state.written = 0
  // The folder of the day may have gone with the others.
  state.folder = ''
  await makeFolder(join(root, folderOf(clock.now())))
}

/** Adds what was written to the usage, which other processes have moved on, too. */
async function settle(state: State): Promise<void> {
  const { root, maxBytes } = state.options
  if (state.written === 0) return
  const usage = await readUsage(root)
  const bytes = (usage?.bytes ?? 0) + state.written
  state.written = 0
  state.known = bytes
  await writeUsage(root, { bytes, measuredAt: usage?.measuredAt ?? 0 })
  if (bytes > maxBytes) await tidy(state)
}
