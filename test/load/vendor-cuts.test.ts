/**
 * One good answer of each vendor, cut after every byte, with a length and without: no cut is ever taken
 * for the whole, nothing of it is stored, and the next good answer completes the series.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DAY_MS, parseDay } from '../../src/domain/date.ts'
import type { WorkPiece } from '../../src/load/run-task.ts'
import { getProvider } from '../../src/providers/registry.ts'
import { makeDatabase } from '../support/database.ts'
import { answer, answerUntilClose, cutByLength, type Reply } from '../support/fault-server.ts'
import { VENDOR_ANSWERS } from '../support/vendor-answers.ts'
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

/** Longer than a vendor is left alone after failures: each cut has a call of its own. */
const BETWEEN_MS = 6 * 60_000

// Each spends most of its time on answers that are under way.
describe('a vendor of which every answer is cut', { concurrency: true }, () => {
  for (const vendor of VENDOR_ANSWERS) {
    for (const [name, { reply, code }] of Object.entries(CUTS)) {
      test(`${vendor.id}: an answer cut after any byte ${name} is no data`, async (t) => {
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
        vut.serve((good) => reply(vendor.leanest(good), at))
        const { tasks, inserted } = await vut.fetch([symbol], vendor.after, {
          clock,
          client: { retries: 0 },
          wish: { pieces: Array.from({ length }, () => piece), parallel: 1 },
          onProgress: ({ status }) => {
            if (status === 'running') at = Math.max(at, 0)
            if (status !== 'failed') return
            at += 1
            now += BETWEEN_MS
          },
        })
        assert.deepEqual([tasks.length, inserted, at], [length, 0, length])
        for (const [cut, { error }] of tasks.entries()) {
          assert.equal(error?.code, code, `after ${cut} of ${length} bytes: ${error?.message}`)
        }
        assert.equal(await vut.state(symbol), before)
        vut.serve((good) => unspoilt(vendor.leanest(good)))
        const [task] = (await vut.fetch([symbol], vendor.after)).tasks
        assert.deepEqual([task!.error, task!.inserted, task!.watermark], [null, 1, vendor.days[2]])
      })
    }
  }
})
