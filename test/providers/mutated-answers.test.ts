/**
 * Answers that went wrong in any way: each vendor's samples (and recordings, where there are some) are changed
 * by chance, read and checked. Nothing may crash, no bad row may pass, and each refused row must have its reason.
 *
 * STOCKYARD_MUTATIONS sets how many answers of each vendor, STOCKYARD_SEED replays a run.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { BarBatch } from '../../src/domain/bar-batch.ts'
import { getCalendar } from '../../src/domain/calendar/registry.ts'
import { DAY_MS } from '../../src/domain/date.ts'
import { INTERVALS, intervalMs, isIntraday, type Interval } from '../../src/domain/interval.ts'
import type { BarRequest, Provider } from '../../src/providers/provider.ts'
import { PROVIDERS } from '../../src/providers/registry.ts'
import { validateBatch } from '../../src/validate/validate-batch.ts'
import { listRecordings } from '../support/recordings.ts'

const MUTATIONS = Number(process.env['STOCKYARD_MUTATIONS'] ?? 100_000)
const seed = Number(process.env['STOCKYARD_SEED'] ?? Date.now() % 1_000_000)
/** Larger bodies are left to the tests that replay them whole. */
const BYTES_MAX = 1_500

const calendar = getCalendar('XNYS')

interface Original {
  readonly text: string
  readonly interval: Interval
  /** The whole body's symbol and newest row, so that most of it is good before it is changed. */
  readonly symbol: string
  readonly receivedAt: number
}

/** mulberry32: small, and the same everywhere. */
function makeRandom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

function requestOf(symbol: string, interval: Interval): BarRequest {
  const request = { path: '/', params: {} }
  return { request, symbol, interval, asked: null, covers: null, fallback: null }
}

/** JSON on one line, which is read faster; other text as it is. */
function withoutSpace(text: string): string {
  return /^\s*\{/.test(text) ? JSON.stringify(JSON.parse(text)) : text
}

/** Bodies that are read as bars, of the samples in the provider's folder and of recordings. */
function originalsOf(provider: Provider): Original[] {
  const folder = join(import.meta.dirname, '../../src/providers', provider.id, 'samples')
  const samples = JSON.parse(readFileSync(join(folder, 'samples.json'), 'utf8')) as {
    file: string
    kind: string
    symbol: string
    status: number
    expect: string
  }[]
  const bodies = samples
    .filter(({ kind, expect }) => kind === 'bars' && expect === 'ok')
    .map(({ file, symbol }) => ({
      symbol,
      text: withoutSpace(readFileSync(join(folder, file), 'utf8')),
    }))
  for (const { provider: id, status, body } of listRecordings()) {
    if (id !== provider.id || status !== 200 || body.length > BYTES_MAX) continue
    const text = body.toString()
    const symbol = /"(?:2\. Symbol|ticker|symbol)":\s*"([^"]+)"/.exec(text)?.[1] ?? 'ACME'
    bodies.push({ symbol, text })
  }
  return bodies.flatMap(({ symbol, text }) =>
    INTERVALS.flatMap((interval): Original[] => {
      const read = readText(provider, text, symbol, interval, 4e12)
      if (!read.ok) return []
      const newest = read.batch.ts.at(-1)!
      return [{ text, interval, symbol, receivedAt: newest + 40 * DAY_MS }]
    }),
  )
}

function readText(
  provider: Provider,
  text: string | Uint8Array,
  symbol: string,
  interval: Interval,
  receivedAt: number,
  status = 200,
) {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const body = { status, bytes, contentType: 'application/json' }
  return provider.parseBars(body, requestOf(symbol, interval), { calendar, receivedAt })
}

/** What stands in place of a number, a text or a piece. */
const ODD_VALUES = [
  'null',
  '"N/A"',
  '""',
  'NaN',
  'Infinity',
  '-1',
  '0',
  '-0.0',
  '1e400',
  '1e308',
  '1e-320',
  '5e-324',
  '9007199254740993',
  '123456789012345678901234567890.123456789',
  'true',
  '[]',
  '{}',
  '"12.5"',
  '0x10',
  '1,5',
  '01.5',
  '.5',
  '5.',
  '--5',
  '"=1+1"',
  '1893456000',
  '1893456000000',
  '"2099-01-04"',
  '"2024-02-30"',
  '"2024-03-09"',
]

type Random = () => number
const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)]!

/** A number or a quoted text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
const NUMBER = /-?\d+(?:\.\d+)?/g
const KEY = /"([^"]+)"\s*:/g

interface Found {
  readonly at: number
  readonly end: number
  readonly match: RegExpExecArray
}

/** What fits a pattern first after the beginning of the value at a place; null where nothing does. */
function findAfter(pattern: RegExp, text: string, place: number): Found | null {
  const starts = [',', '{', '['].map((mark) => text.lastIndexOf(mark, place))
  pattern.lastIndex = Math.max(0, ...starts)
  const match = pattern.exec(text)
  return match === null ? null : { at: match.index, end: match.index + match[0].length, match }
}

/** Any of what fits; looking for all of it would take longer than reading the answer. */
function findAny(pattern: RegExp, text: string, random: Random): Found | null {
  const place = Math.floor(random() * text.length)
  return findAfter(pattern, text, place) ?? findAfter(pattern, text, 0)
}

type Change = (text: string, random: Random) => string

const replaceToken: Change = (text, random) => {
  const { at, end } = findAny(TOKEN, text, random) ?? { at: 0, end: 0 }
  return text.slice(0, at) + pick(random, ODD_VALUES) + text.slice(end)
}

/** Two values change places, as high and low may, or a key and a value. */
const swapTokens: Change = (text, random) => {
  const first = findAny(TOKEN, text, random)
  let second = first
  for (let further = 1 + Math.floor(random() * 3); further > 0 && second !== null; further -= 1) {
    TOKEN.lastIndex = second.end
    const match = TOKEN.exec(text)
    second = match && { at: match.index, end: match.index + match[0].length, match }
  }
  if (first === null || second === null) return text
  const a = text.slice(first.at, first.end)
  const b = text.slice(second.at, second.end)
  return text.slice(0, first.at) + b + text.slice(first.end, second.at) + a + text.slice(second.end)
}

/** A number a little or far off, in either direction. */
const shiftNumber: Change = (text, random) => {
  const found = findAny(NUMBER, text, random)
  if (found === null) return text
  const value = Number(found.match[0])
  const factor = pick(random, [-1, 0.01, 0.5, 0.999, 1.001, 2, 100, 1000, 1e-3, 1e6])
  const shifted = random() < 0.5 ? value * factor : value + pick(random, [-1, 1, 60, 3600, 86_400])
  return text.slice(0, found.at) + String(shifted) + text.slice(found.end)
}

const copyPiece: Change = (text, random) => {
  const from = Math.floor(random() * text.length)
  const piece = text.slice(from, from + Math.floor(random() * 200))
  const to = Math.floor(random() * text.length)
  return text.slice(0, to) + piece + text.slice(to)
}

const cutPiece: Change = (text, random) => {
  const from = Math.floor(random() * text.length)
  return text.slice(0, from) + text.slice(from + Math.floor(random() * 60))
}

const cutEnd: Change = (text, random) => text.slice(0, Math.floor(random() * text.length))

const renameKey: Change = (text, random) => {
  const found = findAny(KEY, text, random)
  if (found === null) return text
  const name = pick(random, [
    'Note',
    'Information',
    'error',
    '__proto__',
    'constructor',
    found.match[1]! + 's',
  ])
  return `${text.slice(0, found.at)}"${name}":${text.slice(found.end)}`
}

const flipBytes: Change = (text, random) => {
  const at = Math.floor(random() * text.length)
  const byte = String.fromCharCode(Math.floor(random() * 256))
  return text.slice(0, at) + byte + text.slice(at + 1)
}

const putAround: Change = (text, random) =>
  pick(random, ['\uFEFF', ' \n', ")]}',\n", '<html>', '[']) +
  text +
  pick(random, ['', ']', '}', '\0'])

const CHANGES: readonly Change[] = [
  replaceToken,
  replaceToken,
  replaceToken,
  swapTokens,
  swapTokens,
  shiftNumber,
  shiftNumber,
  shiftNumber,
  copyPiece,
  cutPiece,
  cutEnd,
  renameKey,
  flipBytes,
  putAround,
]

/** What is wrong with a row that passed, by rules written here and not those under test. */
function faultOf(bars: BarBatch, i: number, interval: Interval, receivedAt: number): string | null {
  const [open, high, low, close] = [bars.open[i]!, bars.high[i]!, bars.low[i]!, bars.close[i]!]
  const prices = [open, high, low, close]
  if (!prices.every((price) => Number.isFinite(price) && price > 0)) return 'a price'
  // Rounded and adjusted prices may be a last digit apart.
  const slack = high * 1e-3
  if (high + slack < Math.max(...prices) || low - slack > Math.min(...prices))
    return 'order of prices'
  const volume = bars.volume[i]!
  if (!Number.isNaN(volume) && !(volume >= 0 && volume <= 2 ** 53)) return 'volume'
  const ts = bars.ts[i]!
  if (!Number.isFinite(ts) || (i > 0 && !(ts > bars.ts[i - 1]!))) return 'order of time'
  if (ts > receivedAt) return 'the future'
  if (isIntraday(interval)) {
    if (ts % 60_000 !== 0) return 'grid'
    const session = calendar.sessionAt(ts)
    return session === null || ts + intervalMs('1m') > session.extendedClose ? 'no session' : null
  }
  if (ts % DAY_MS !== 0 || ts < Date.UTC(1792, 4, 17)) return 'date'
  const weekday = new Date(ts).getUTCDay()
  if (interval === '1wk') return weekday === 1 ? null : 'no Monday'
  if (interval === '1mo') return new Date(ts).getUTCDate() === 1 ? null : 'not the first'
  return ts >= calendar.firstDay && calendar.session(ts) === null ? 'no session' : null
}

interface Seen {
  passed: number
  refused: number
  failed: number
}

function checkOne(
  provider: Provider,
  original: Original,
  text: string,
  status: number,
  seen: Seen,
) {
  const { symbol, interval, receivedAt } = original
  const answer = readText(provider, text, symbol, interval, receivedAt, status)
  if (!answer.ok) {
    assert.ok(answer.message.length > 0 && answer.message.length <= 300)
    seen.failed += 1
    return
  }
  for (const row of answer.unreadable) assert.ok(row.rule !== '' && row.reason !== '')
  const { basis, hasVolume } = provider
  const rules = { interval, calendar, from: null, until: null, now: receivedAt, basis }
  const checked = validateBatch(answer, { ...rules, needsVolume: hasVolume })
  const { batch, rejects, duplicates } = checked
  assert.equal(batch.length + rejects.length + duplicates, answer.batch.length)
  for (const { rule, reason, raw } of rejects) assert.ok(rule !== '' && reason !== '' && raw !== '')
  for (let i = 0; i < batch.length; i += 1) {
    const fault = faultOf(batch, i, interval, receivedAt)
    assert.equal(fault, null, `row ${i} of ${text}`)
  }
  seen.passed += batch.length
  seen.refused += rejects.length + answer.unreadable.length
}

describe(`answers changed by chance (STOCKYARD_SEED=${seed})`, () => {
  for (const [number, provider] of PROVIDERS.entries()) {
    it(`of ${provider.name} let no bad row pass`, (t) => {
      const random = makeRandom(seed + number)
      const originals = originalsOf(provider)
      assert.ok(originals.length > 0)
      const seen: Seen = { passed: 0, refused: 0, failed: 0 }
      for (let n = 0; n < MUTATIONS; n += 1) {
        const original = pick(random, originals)
        let { text } = original
        for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes -= 1) {
          text = pick(random, CHANGES)(text, random)
        }
        const status = random() < 0.97 ? 200 : pick(random, [204, 301, 403, 429, 500])
        checkOne(provider, original, text, status, seen)
      }
      t.diagnostic(`${MUTATIONS} answers: ${JSON.stringify(seen)}`)
      // The changes must be of a size that lets all three happen, or nothing was tried.
      assert.ok(Math.min(seen.passed, seen.refused, seen.failed) > MUTATIONS / 100)
    })
  }

  it('would be noticed if a bad row passed', () => {
    const yahoo = PROVIDERS.find(({ id }) => id === 'yahoo')
    const [original] = originalsOf(yahoo!)
    const answer = readText(
      yahoo!,
      original!.text,
      original!.symbol,
      original!.interval,
      original!.receivedAt,
    )
    assert.ok(answer.ok)
    answer.batch.high[0] = answer.batch.low[0]! / 2
    const { interval, receivedAt } = original!
    assert.equal(faultOf(answer.batch, 0, interval, receivedAt), 'order of prices')
  })
})
