/** What each fault does to an answer: its words, its rows, its text, or the way it is sent. */
import type { Refusal } from './alpha-vantage-refusals.ts'
import type { SeriesAnswer } from './alpha-vantage-text.ts'

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
  | { readonly kind: 'rows'; readonly change: (answer: SeriesAnswer) => SeriesAnswer }
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
  'note-minute': refusal('minute', 'the calls of this minute are used up (Note)'),
  'information-day': refusal('day', "the day's calls are used up (Information)"),
  'key-echo': refusal(
    'day-key-echo',
    "the day's calls are used up, with the caller's key in the text",
  ),
  'information-burst': refusal('burst', 'more than one call a second (Information)'),
  'information-premium': refusal('premium', 'the function is for payers only (Information)'),
  'information-demo': refusal('demo-key', 'the demo key was used for something else (Information)'),
  'error-message': refusal(
    'invalid-call',
    'the vendor calls the parameters invalid (Error Message)',
  ),
  'error-key': refusal('key', 'the key is missing or wrong (Error Message)'),
  'empty-object': reply('{}', 'application/json', 'an object without anything in it'),
  'empty-body': reply('', 'application/json', 'a body of no bytes'),
  html: reply(HTML, 'text/html', 'a web page with HTTP 200'),
  'empty-rows': rows('a series without a row', (answer) => keepRows(answer, () => false)),
  'null-rows': rows('some cells are null, "None" or empty', spoilWithNulls),
  'absurd-rows': rows('some rows cannot be true', spoilWithNonsense),
  'missing-rows': rows('the middle tenth of the rows is left out', leaveOutMiddle),
  'duplicate-rows': rows(
    'the newest row comes twice, the second time with another close',
    repeatFirst,
  ),
  'oldest-first': rows('the rows come in the other order', reverse),
  'end-labels': rows('intraday bars are labelled by their END', labelByEnd),
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

function rows(about: string, change: (answer: SeriesAnswer) => SeriesAnswer): Fault {
  return { about, effect: { kind: 'rows', change } }
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

function keepRows(answer: SeriesAnswer, keep: (index: number) => boolean): SeriesAnswer {
  const { labels, cells } = answer.rows
  return {
    ...answer,
    rows: {
      labels: labels.filter((_, i) => keep(i)),
      cells: cells.map((column) => column.filter((_, i) => keep(i))),
    },
  }
}

function leaveOutMiddle(answer: SeriesAnswer): SeriesAnswer {
  const count = answer.rows.labels.length
  const from = Math.floor(count * 0.45)
  const until = Math.max(from + 1, Math.floor(count * 0.55))
  return keepRows(answer, (i) => i < from || i >= until)
}

function reverse(answer: SeriesAnswer): SeriesAnswer {
  const { labels, cells } = answer.rows
  return {
    ...answer,
    rows: { labels: labels.toReversed(), cells: cells.map((column) => column.toReversed()) },
  }
}

function repeatFirst(answer: SeriesAnswer): SeriesAnswer {
  const { labels, cells } = answer.rows
  if (labels.length === 0) return answer
  // Open in place of close: another value that still lies between low and high.
  const second = cells.map((column) => column[0])
  second[3] = cells[0][0]
  return {
    ...answer,
    rows: {
      labels: [labels[0], ...labels],
      cells: cells.map((column, c) => [column[0], second[c], ...column.slice(1)]),
    },
  }
}

function labelByEnd(answer: SeriesAnswer): SeriesAnswer {
  const minutes = /^Time Series \((\d+)min\)$/.exec(answer.seriesKey)
  if (minutes === null) return answer
  const shift = (label: string): string =>
    new Date(Date.parse(`${label.replace(' ', 'T')}Z`) + Number(minutes[1]) * 60_000)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ')
  return {
    ...answer,
    meta: answer.meta.map(([name, value]) => [
      name,
      name.endsWith('Last Refreshed') && value.length === 19 ? shift(value) : value,
    ]),
    rows: { labels: answer.rows.labels.map(shift), cells: answer.rows.cells },
  }
}

/** One row in the hands of a fault. */
interface Row {
  label: string
  readonly cells: (string | null)[]
  /** Index of the volume among the cells. */
  readonly volume: number
}

type RowChanges = readonly (readonly [index: number, change: (row: Row) => void])[]

/** Changes rows by their index from the newest; rows between them stay as they are. */
function changeRows(answer: SeriesAnswer, changes: RowChanges): SeriesAnswer {
  const labels = [...answer.rows.labels]
  const cells = answer.rows.cells.map((column) => [...column])
  const volume = answer.names.findIndex((name) => name.endsWith('volume'))
  for (const [index, change] of changes) {
    if (index >= labels.length) break
    const row: Row = { label: labels[index], cells: cells.map((column) => column[index]), volume }
    change(row)
    labels[index] = row.label
    for (const [c, column] of cells.entries()) column[index] = row.cells[c]
  }
  return { ...answer, rows: { labels, cells } }
}

function spoilWithNulls(answer: SeriesAnswer): SeriesAnswer {
  return changeRows(answer, [
    [1, (row) => row.cells.fill(null)],
    [3, (row) => (row.cells[3] = null)],
    [5, (row) => (row.cells[0] = 'None')],
    [7, (row) => (row.cells[1] = '')],
    [9, (row) => (row.cells[row.volume] = null)],
  ])
}

function spoilWithNonsense(answer: SeriesAnswer): SeriesAnswer {
  return changeRows(answer, [
    // High and low change places, which shows unless they are equal: so they are set apart.
    [1, (row) => ([row.cells[1], row.cells[2]] = ['1.0000', '2.0000'])],
    [3, (row) => (row.cells[3] = `-${row.cells[3]}`)],
    [5, (row) => (row.cells[1] = 'NaN')],
    [7, (row) => (row.cells[3] = '99999999.0000')],
    [9, (row) => (row.cells[row.volume] = '-100')],
    [11, (row) => (row.label = `2099${row.label.slice(4)}`)],
    [13, (row) => (row.label = `2024-13-45${row.label.slice(10)}`)],
    [15, (row) => (row.cells[0] = '0.0000')],
    // Off the grid of any interval; a date gets a time of day.
    [17, (row) => (row.label = `${row.label.slice(0, 10)} 10:01:07`)],
    [19, (row) => (row.cells[2] = '1e999')],
  ])
}
