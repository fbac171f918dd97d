/**
 * Recorded answers of the vendors, as a list says what each is. They are not part of the project:
 * STOCKYARD_RECORDINGS names the folder that has them, with the list in MANIFEST.tsv.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Recording {
  /** Within the folder, e.g. `polygon/aggs-….json`. */
  readonly path: string
  readonly provider: string
  /** What was asked, in the words of the list, e.g. `aggs range`. */
  readonly endpoint: string
  readonly status: number
  readonly body: Buffer
}

const folder = process.env['STOCKYARD_RECORDINGS'] ?? ''
const isThere = existsSync(join(folder, 'MANIFEST.tsv'))

export const skipRecordings = isThere ? false : 'STOCKYARD_RECORDINGS names no folder of recordings'

/** All answers over HTTP in the list; frames of websockets and files of other makers are left out. */
export function listRecordings(): Recording[] {
  if (!isThere) return []
  const lines = readFileSync(join(folder, 'MANIFEST.tsv'), 'utf8').trim().split('\n').slice(1)
  return lines
    .map((line) => line.split('\t'))
    .filter(([path]) => /^(?:alpha-vantage|polygon|yahoo)\//.test(path!) && !/\/ws\//.test(path!))
    .map(([path, provider, endpoint, ...rest]) => {
      const notes = rest.at(-1) ?? ''
      const bytes = readFileSync(join(folder, path!))
      const said = Number(/HTTP (\d{3})/.exec(notes)?.[1] ?? 200)
      return { path: path!, provider: provider!, endpoint: endpoint!, ...answerIn(bytes, said) }
    })
}

/** The answer in a file: the body as it came, or in an envelope, or in a recorded exchange. */
function answerIn(bytes: Buffer, status: number): { status: number; body: Buffer } {
  const text = bytes.toString()
  if (text.startsWith('---\nhttp_interactions:')) return exchangeOf(text)
  if (!text.startsWith('{')) return { status, body: bytes }
  const { response } = JSON.parse(text) as {
    response?: { status: number; bodyJson?: unknown; bodyText?: string }
  }
  if (response === undefined) return { status, body: bytes }
  const body = response.bodyText ?? JSON.stringify(response.bodyJson)
  return { status: response.status, body: Buffer.from(body) }
}

/** The body is one quoted YAML scalar: a line break in it is a space, and a doubled quote is one. */
function exchangeOf(yaml: string): { status: number; body: Buffer } {
  const [, response] = yaml.split(/^ {2}response:$/m)
  const quoted = /^ {6}string: '((?:[^']|'')*)'$/m.exec(response!)![1]!
  const text = quoted.replaceAll(/\n\s+/g, ' ').replaceAll("''", "'")
  return { status: Number(/code: (\d+)/.exec(response!)![1]), body: Buffer.from(text) }
}
