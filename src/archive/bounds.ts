/**
 * Keeps the archive within its bounds: folders of days that are too old go, and then the oldest ones
 * until what is left is small enough. Looks at every file, so it is done now and then only.
 */
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DAY_MS } from '../domain/date.ts'
import { folderOf } from './entry.ts'

export interface Bounds {
  /** Most bytes on disk. */
  readonly maxBytes: number
  /** Days for which answers are kept. */
  readonly maxDays: number
}

/** Bodies of all days by hash, so that one that comes again is stored once. */
export const BODIES = 'bodies'
const USAGE = 'usage.json'
/** Of the most bytes: what is left after room was made, so that it need not be made again at once. */
const ROOM = 0.9
/** Space is given out in blocks. */
const BLOCK_BYTES = 4096
const FOLDER = /^\d{4}-\d{2}-\d{2}$/

/** The folders of days, oldest first; none where there is no archive. */
export async function listFolders(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [])
  return names.filter((name) => FOLDER.test(name)).toSorted()
}

/** Removes the folders of days that are too old; true where there were any. */
export async function removeExpired(root: string, bounds: Bounds, now: number): Promise<boolean> {
  const first = folderOf(now - bounds.maxDays * DAY_MS)
  const expired = (await listFolders(root)).filter((folder) => folder < first)
  for (const folder of expired) await removeFolder(root, folder)
  return expired.length > 0
}

/** Measures the archive and removes the oldest answers where it is too large; the bytes that are left. */
export async function makeRoom(root: string, bounds: Bounds, now: number): Promise<number> {
  await removeOrphans(root)
  const sizes = new Map<string, number>()
  for (const folder of await listFolders(root)) sizes.set(folder, await folderBytes(root, folder))
  let bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  if (bytes > bounds.maxBytes) {
    const enough = bounds.maxBytes * ROOM
    const newest = [...sizes.keys()].at(-1)
    for (const [folder, size] of sizes) {
      if (bytes <= enough || folder === newest) break
      await removeFolder(root, folder)
      bytes -= size
    }
    if (newest !== undefined && bytes > enough) bytes -= await thinOut(root, newest, bytes - enough)
  }
  await writeUsage(root, { bytes, measuredAt: now })
  return bytes
}

export interface Usage {
  readonly bytes: number
  /** When all files were looked at last, milliseconds UTC. */
  readonly measuredAt: number
}

/** What the archive was found to hold, or null where nobody knows. */
export async function readUsage(root: string): Promise<Usage | null> {
  try {
    const read = JSON.parse(await readFile(join(root, USAGE), 'utf8')) as Partial<Usage>
    const { bytes, measuredAt } = read
    return Number.isFinite(bytes) && Number.isFinite(measuredAt)
      ? { bytes: bytes!, measuredAt: measuredAt! }
      : null
  } catch {
    // Not there yet, or cut off: it is measured anew.
    return null
  }
}

export async function writeUsage(root: string, usage: Usage): Promise<void> {
  const path = join(root, USAGE)
  const unfinished = `${path}.${randomUUID()}`
  await writeFile(unfinished, JSON.stringify(usage), { mode: 0o600 })
  await rename(unfinished, path)
}

/** Bytes that a file of a length takes. */
export function bytesOnDisk(length: number): number {
  return Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES
}

/** A body counts for each of the days that share it by its part. */
async function folderBytes(root: string, folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(join(root, folder))) {
    const found = await statOf(join(root, folder, name))
    if (found !== null) bytes += bytesOnDisk(found.size) / Math.max(1, found.nlink - 1)
  }
  return bytes
}

/** Removes a day; a body that no other day has goes from the bodies of all days, too. */
async function removeFolder(root: string, folder: string): Promise<void> {
  for (const name of await readdir(join(root, folder))) await removeBody(root, folder, name)
  await rm(join(root, folder), { recursive: true, force: true })
}

async function removeBody(root: string, folder: string, name: string): Promise<void> {
  const found = await statOf(join(root, folder, name))
  if (found?.nlink === 2) await rm(join(root, BODIES, name), { force: true })
  await rm(join(root, folder, name), { force: true })
}

/** Removes the oldest bodies of a day until so many bytes are free; the bytes that were freed. */
async function thinOut(root: string, folder: string, bytes: number): Promise<number> {
  const bodies: { name: string; size: number; at: number }[] = []
  for (const name of await readdir(join(root, folder))) {
    const found = name.endsWith('.zst') ? await statOf(join(root, folder, name)) : null
    if (found === null) continue
    const size = bytesOnDisk(found.size) / Math.max(1, found.nlink - 1)
    bodies.push({ name, size, at: found.mtimeMs })
  }
  bodies.sort((a, b) => a.at - b.at)
  let freed = 0
  for (const { name, size } of bodies) {
    if (freed >= bytes) break
    await removeBody(root, folder, name)
    freed += size
  }
  return freed
}

/** Removes bodies that no day has, as where somebody deleted a day by hand. */
async function removeOrphans(root: string): Promise<void> {
  for (const name of await readdir(join(root, BODIES)).catch(() => [])) {
    const found = await statOf(join(root, BODIES, name))
    if (found?.nlink === 1) await rm(join(root, BODIES, name), { force: true })
  }
}

/** Null where another process has removed it. */
function statOf(path: string) {
  return stat(path).catch(() => null)
}
