/**
 * One good answer of each vendor, cut after every byte, with a length and without: no cut is ever taken
 * for the whole by the client and the vendor's reader; nothing of it is stored, and the next good answer
 * completes the series. The way into the store is gone by every sixteenth cut, the first and the last ones,
 * and with STOCKYARD_LONG=1 by all.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'
import type { StockyardError } from '../../src/domain/error.ts'
import type { WorkPiece } from '../../src/load/run-task.ts'
import { makeLogger } from '../../src/log.ts'
import { makeHttpClient, sendRequest } from '../../src/providers/fetch.ts'
import type { BarRequest } from '../../src/providers/provider.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { makeDatabase } from '../support/database.ts'
import {
  answer,
  answerUntilClose,
  cutByLength,
  startFaultServer,
  type Reply,
} from '../support/fault-server.ts'
import { calendar } from '../support/bars.ts'
import { VENDOR_ANSWERS, type VendorAnswers } from '../support/vendor-answers.ts'
import { startVendor, unspoilt } from '../support/vendor-under-fault.ts'

const { pool } = await makeDatabase()

interface Cut {
  readonly reply: (good: Buffer, at: number) => Reply
  readonly code: string
}

const CUTS: Readonly<Record<string, Cut>> = {
  'with a length': { reply: cutByLength, code: 'PROVIDER_TRUNCATED' },
  'by the end of the connection': {
    reply: (good, at) => answerUntilClose(good.subarray(0, at)),
    code: 'ANSWER_MALFORMED',
  },
}

const isLong = process.env['STOCKYARD_LONG'] === '1'
/** Between two cuts that go the whole way; the last bytes are the ones that a reader may not miss. */
const STRIDE = isLong ? 1 : 16
const LAST = 4

/** Longer than a vendor is left alone after failures: each cut has a call of its own. */
const BETWEEN_MS = 6 * 60_000

/** The newest daily bar of a vendor, as a call for it would be answered. */
function leanAnswer(vendor: VendorAnswers): Buffer {
  const last = vendor.days[2]!
  const paths: Readonly<Record<string, string>> = {
    'alpha-vantage': '/query?symbol=CUT',
    polygon: `/v2/aggs/ticker/CUT/range/1/day/${last}/${last}`,
    yahoo: '/v8/finance/chart/CUT?period1=0&period2=9999999999',
  }
  return vendor.leanest(vendor.bodyOf(paths[vendor.id]!, parseDay(last)))
}

describe('the client and the reader of a vendor', () => {
  for (const vendor of VENDOR_ANSWERS) {
    for (const [name, { reply, code }] of Object.entries(CUTS)) {
      test(`${vendor.id}: take no answer that is cut after any byte ${name}`, async (t) => {
        const good = leanAnswer(vendor)
        let at = 0
        const server = await startFaultServer(t, [
          (socket, request) =>
            (at < good.length ? reply(good, at) : answer(200, good))(socket, request),
        ])
        const clock = { now: () => vendor.after, sleep: async () => {} }
        const log = makeLogger({ level: 'silent', format: 'json' })
        const client = makeHttpClient({ clock, log, retries: 0 })
        t.after(() => client.close())
        const provider = getProvider(vendor.id)
        const request = { path: '/query', params: {} }
        const target = { provider: vendor.id, baseUrl: server.url, key: undefined }
        const call: BarRequest = {
          request,
          symbol: 'CUT',
          interval: '1d',
          asked: null,
          covers: null,
          fallback: null,
        }
        const outcome = async (): Promise<string> => {
          try {
            const body = await sendRequest(client, request, target)
            const read = provider.parseBars(body, call, { calendar, receivedAt: vendor.after })
            if (read.ok) return `${read.batch.length} bars`
            return read.failure === 'malformed' ? 'ANSWER_MALFORMED' : read.failure
          } catch (error) {
            return (error as StockyardError).code
          }
        }
        for (at = 0; at < good.length; at += 1) {
          assert.equal(await outcome(), code, `after ${at} of ${good.length} bytes`)
        }
        assert.equal(await outcome(), '1 bars')
      })
    }
  }
})

// Each spends most of its time on answers that are under way.
describe('a vendor of which every answer is cut', { concurrency: true }, () => {
  for (const vendor of VENDOR_ANSWERS) {
    for (const [name, { reply, code }] of Object.entries(CUTS)) {
      test(`${vendor.id}: an answer cut ${name} is stored in no part`, async (t) => {
        const vut = await startVendor(t, pool, vendor)
        const symbol = `C${name.length}`
        await vut.fetch([symbol], vendor.before)
        const before = await vut.state(symbol)
        let length = 0
        vut.serve((good) => {
          length = vendor.leanest(good).length
          return answer(404, '')
        })
        await vut.fetch([symbol], vendor.after)
        const cuts = Array.from({ length }, (_, at) => at).filter(
          (at) => at % STRIDE === 0 || at >= length - LAST,
        )
        let now = vendor.after
        const clock = { now: () => now, sleep: async () => {} }
        const period = {
          from: parseDay(vendor.days[0]!),
          until: parseDay(vendor.days[2]!) + DAY_MS,
        }
        const piece: WorkPiece = {
          symbol,
          interval: '1d',
          provider: getProvider(vendor.id),
          ...period,
        }
        let at = -1
        vut.serve((good) => reply(vendor.leanest(good), cuts[at]!))
        const { tasks, inserted } = await vut.fetch([symbol], vendor.after, {
          clock,
          client: { retries: 0 },
          wish: { pieces: cuts.map(() => piece), parallel: 1 },
          onProgress: ({ status }) => {
            if (status === 'running') at = Math.max(at, 0)
            if (status !== 'failed') return
            at += 1
            now += BETWEEN_MS
          },
        })
        assert.deepEqual([tasks.length, inserted, at], [cuts.length, 0, cuts.length])
        for (const [place, { error }] of tasks.entries()) {
          const what = `after ${cuts[place]} of ${length} bytes: ${error?.message}`
          assert.equal(error?.code, code, what)
        }
        assert.equal(await vut.state(symbol), before)
        vut.serve((good) => unspoilt(vendor.leanest(good)))
        const [task] = (await vut.fetch([symbol], vendor.after)).tasks
        assert.deepEqual([task!.error, task!.inserted, task!.watermark], [null, 1, vendor.days[2]])
      })
    }
  }
})
