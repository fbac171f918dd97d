/** What each fault does to an answer: its words, its rows, its text, or the way it is sent. */
import { ROW_FAULTS, type RowChange } from './row-faults.ts'
import type { Refusal } from './vendor.ts'

/** Ways in which a body does not arrive as it should. */
export type Delivery =
  | 'truncated'
  | 'reset'
  | 'reset-midway'
  | 'slow-drip'
  | 'stall'
  | 'no-answer'
  | 'late'
  | 'gzip-broken'
  | 'gzip-bomb'
  | 'endless-body'
  | 'redirect'

export type Effect =
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  | {
      readonly kind: 'reply'
      readonly status: number
      readonly type: string
      readonly text: string
    }
  | { readonly kind: 'rows'; readonly change: RowChange }
  | { readonly kind: 'text'; readonly change: (text: string) => string }
  | { readonly kind: 'other-symbol' }
  | { readonly kind: 'delivery'; readonly delivery: Delivery }

export interface Fault {
  readonly about: string
  readonly effect: Effect
}

const HTML = `<!DOCTYPE html>
<html><head><title>Just a moment...</title></head>
<body><h1>503 Service Temporarily Unavailable</h1></body></html>
`

/** Every fault by name; `http-400` to `http-599` come on top. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'note-minute': refusal('minute', 'the calls of this minute are used up'),
  'information-day': refusal('day', "the day's calls are used up"),
  'key-echo': refusal(
    'day-key-echo',
    "the day's calls are used up, with the caller's key in the text",
  ),
  'information-burst': refusal('burst', 'more than one call a second'),
  'information-premium': refusal('premium', 'the data are for payers only'),
  'information-demo': refusal('demo-key', 'the demo key was used for something else'),
  'error-message': refusal('invalid-call', 'the vendor calls the parameters invalid'),
  'error-key': refusal('key', 'the key is missing or wrong'),
  'empty-object': reply('{}', 'application/json', 'an object without anything in it'),
  'empty-body': reply('', 'application/json', 'a body of no bytes'),
  html: reply(HTML, 'text/html', 'a web page with HTTP 200'),
  ...rowFaults(),
  'other-symbol': {
    about: 'the answer is for another symbol',
    effect: { kind: 'other-symbol' },
  },
  bom: text('a byte order mark before the text', (body) => `\uFEFF${body}`),
  'cut-short': text('half of the text, sent as if it were whole', halfOf),
  truncated: delivery('truncated', 'the connection closes after half of the promised bytes'),
  reset: delivery('reset', 'the connection is reset before any byte'),
  'reset-midway': delivery('reset-midway', 'the connection is reset after half of the bytes'),
  'slow-drip': delivery('slow-drip', 'a byte at a time, every delayMs (100)'),
  stall: delivery('stall', 'half of the bytes, and then nothing'),
  'no-answer': delivery('no-answer', 'the call is taken and never answered'),
  late: delivery('late', 'the right answer, after delayMs (5000)'),
  'gzip-broken': delivery('gzip-broken', 'a compressed body that ends too early'),
  'gzip-bomb': delivery('gzip-bomb', '64 kB that unpack to 64 MB of blanks'),
  'endless-body': delivery('endless-body', 'blanks without end (256 MB at most)'),
  redirect: delivery('redirect', 'HTTP 302 to another host, which does not exist'),
}

const STATUS = /^http-([45]\d\d)$/

/** True for a name that stands for a fault. */
export function isFault(name: string): boolean {
  return Object.hasOwn(FAULTS, name) || STATUS.test(name)
}

/** The effect of a fault for which isFault holds. */
export function effectOf(name: string): Effect {
  const status = STATUS.exec(name)
  if (status === null) return FAULTS[name].effect
  return {
    kind: 'reply',
    status: Number(status[1]),
    type: 'text/plain',
    text: `HTTP ${status[1]}\n`,
  }
}

function refusal(name: Refusal, about: string): Fault {
  return { about, effect: { kind: 'refusal', refusal: name } }
}

function reply(body: string, type: string, about: string): Fault {
  return { about, effect: { kind: 'reply', status: 200, type, text: body } }
}

function rowFaults(): Record<string, Fault> {
  const entries = Object.entries(ROW_FAULTS).map(([name, [about, change]]): [string, Fault] => [
    name,
    { about, effect: { kind: 'rows', change } },
  ])
  return Object.fromEntries(entries)
}

function text(about: string, change: (body: string) => string): Fault {
  return { about, effect: { kind: 'text', change } }
}

function delivery(name: Delivery, about: string): Fault {
  return { about, effect: { kind: 'delivery', delivery: name } }
}

function halfOf(body: string): string {
  return body.slice(0, Math.floor(body.length / 2))
}
