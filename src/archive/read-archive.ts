/** Reads what is archived: entries by time, and the body of one. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { listFolders } from './bounds.ts'
import { folderOf, parseEntry, type Entry } from './entry.ts'
import { LINES } from './file-archive.ts'

const decompress = promisify(zstdDecompress)
/** Above the largest body that the HTTP client takes. */
const BODY_MAX_BYTES = 64 * 1024 * 1024

/** Instants of receipt [from, until), milliseconds UTC; null for no bound. */
export interface Received {
  readonly from: number | null
  readonly until: number | null
}

/** Calls `visit` for each entry of a period, oldest first; how many lines could not be read. */
export async function forEachEntry(
  root: string,
  received: Received,
  visit: (entry: Entry) => void,
): Promise<number> {
  const from = received.from ?? -Infinity
  const until = received.until ?? Infinity
  let damaged = 0
  for (const folder of await listFolders(root)) {
    if (received.from !== null && folder < folderOf(received.from)) continue
    if (received.until !== null && folder > folderOf(received.until)) continue
    const entries: Entry[] = []
    for (const line of (await readLines(root, folder)).split('\n')) {
      if (line === '') continue
      const entry = parseEntry(folder, line)
      if (entry === null) damaged += 1
      else if (entry.receivedAt >= from && entry.receivedAt < until) entries.push(entry)
    }
    // Several processes write to one file, so its order is nearly that of time.
    for (const entry of entries.sort((a, b) => a.receivedAt - b.receivedAt)) visit(entry)
  }
  return damaged
}

/** Empty where the day has no lines, as where a crash came before the first one. */
async function readLines(root: string, folder: string): Promise<string> {
  try {
    return await readFile(join(root, folder, LINES), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

/** `gone` where it was removed to make room, `damaged` where it is not what was written. */
export type ArchivedBody = { readonly bytes: Uint8Array } | 'gone' | 'damaged'

/** The body of an entry. */
export async function readArchivedBody(root: string, entry: Entry): Promise<ArchivedBody> {
  let packed: Uint8Array
  try {
    packed = await readFile(join(root, entry.folder, `${entry.sha256}.zst`))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone'
    throw error
  }
  try {
    const bytes = await decompress(packed, { maxOutputLength: BODY_MAX_BYTES })
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return sha256 === entry.sha256 ? { bytes } : 'damaged'
  } catch {
    return 'damaged'
  }
}
