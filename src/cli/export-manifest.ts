/** What is written beside an exported file: what was asked, as of when, and what came of it. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { messageOf, StockyardError } from '../domain/error.ts'
import { formatDate } from '../domain/date.ts'
import type { Bound } from '../query/bound.ts'
import { formatInstant } from '../query/rows.ts'

export interface ExportManifest {
  /** Path as it was given. */
  readonly file: string
  readonly format: string
  /** The question; asked again with `as_of`, it gives the same bytes. */
  readonly query: Readonly<Record<string, unknown>>
  /** Null with `live`, which cannot be repeated. */
  readonly as_of: string | null
  readonly adjust: string
  readonly rows: number
  /** Those that have rows, in order. */
  readonly symbols: readonly string[]
  /** Symbols and intervals that were named and have no rows. */
  readonly missing: readonly string[]
  readonly columns: readonly string[]
  readonly bytes: number
  readonly sha256: string
  readonly simulated: boolean
  readonly stockyard: string
}

/** The place of the manifest of a file. */
export function manifestPath(file: string): string {
  return `${file}.manifest.json`
}

/** A bound as it can be typed again; null stays null. */
export function boundText(bound: Bound | null | undefined): string | null {
  if (bound === null || bound === undefined) return null
  return bound.kind === 'day' ? formatDate(bound.day) : formatInstant(bound.at)
}

/**
 * Checks a file against the manifest beside it.
 * @returns the manifest's words on it, or null where there is none
 * @throws StockyardError `MANIFEST_MISMATCH`, `FILE_UNREADABLE`
 */
export async function checkManifest(file: string): Promise<Partial<ExportManifest> | null> {
  const path = manifestPath(file)
  const manifest = await readManifest(path)
  if (manifest === null || typeof manifest.sha256 !== 'string') return manifest
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  if (hash.digest('hex') === manifest.sha256) return manifest
  throw new StockyardError(
    'usage',
    'MANIFEST_MISMATCH',
    `${file} is not the file that ${path} describes: it was changed or cut off.`,
    { hint: 'Get the file again; or, where the change is meant, remove the manifest.' },
  )
}

async function readManifest(path: string): Promise<Partial<ExportManifest> | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw unreadable(path, error)
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch (error) {
    throw unreadable(path, error)
  }
  throw unreadable(path, 'it is not a JSON object')
}

function unreadable(path: string, cause: unknown): StockyardError {
  return new StockyardError(
    'usage',
    'FILE_UNREADABLE',
    `${path} cannot be read: ${messageOf(cause)}.`,
    { hint: 'Check the path and the rights on it.', cause },
  )
}
