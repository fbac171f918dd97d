/** Which format the header `accept` asks for (RFC 9110, 12.5.1). Pure. */
import { StockyardError } from '../domain/error.ts'
import { FORMATS, MEDIA_TYPES, type Format } from './price-formats.ts'

interface MediaRange {
  readonly type: string
  /** From 0, not at all, to 1. */
  readonly quality: number
}

/** How a format is wanted: first by quality, then by how exactly it is named, then by place. */
interface Wish {
  readonly format: Format
  readonly quality: number
  readonly exactness: number
  readonly place: number
}

/**
 * The format that is wanted most. A header that names none of ours is answered with JSON, as browsers and
 * simple programs expect, unless it rules JSON out.
 * @throws StockyardError `FORMAT_UNACCEPTABLE`
 */
export function acceptedFormat(accept: string | undefined): Format {
  const ranges = (accept ?? '').split(',').map((part) => readRange(part))
  const wishes = FORMATS.map((format) => wishFor(format, ranges))
  const wanted = wishes.filter((wish): wish is Wish => wish !== null && wish.quality > 0)
  const [best] = wanted.toSorted(
    (a, b) => b.quality - a.quality || b.exactness - a.exactness || a.place - b.place,
  )
  if (best !== undefined) return best.format
  // Ruled out by name or by a wildcard.
  if (wishes[0] === null) return 'json'
  throw new StockyardError(
    'usage',
    'FORMAT_UNACCEPTABLE',
    'The header "accept" leaves no format in which bars are served.',
    { hint: `Accept one of ${FORMATS.map((format) => typeOf(format)).join(', ')}.` },
  )
}

/** `text/csv;q=0.5`; a quality that cannot be read counts as none given. */
function readRange(part: string): MediaRange {
  const [type = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase())
  const given = parameters.find((one) => one.startsWith('q='))?.slice(2)
  const quality = given !== undefined && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(given)
  return { type, quality: quality ? Number(given) : 1 }
}

/** What the most exact of the ranges that hold a format says of it; null where none does. */
function wishFor(format: Format, ranges: readonly MediaRange[]): Wish | null {
  const type = typeOf(format)
  const names = ['*/*', `${type.split('/')[0]}/*`, type]
  let found: Wish | null = null
  ranges.forEach((range, place) => {
    const exactness = names.indexOf(range.type)
    if (exactness < 0 || (found !== null && found.exactness >= exactness)) return
    found = { format, quality: range.quality, exactness, place }
  })
  return found
}

function typeOf(format: Format): string {
  return MEDIA_TYPES[format].split(';')[0]!
}
