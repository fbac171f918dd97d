/**
 * Everything that can go wrong on the way from a vendor, with each vendor, at a series that has bars
 * already: the task fails by the right name, the store is as it was before, and the next good answer
 * completes the series.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync } from 'node:zlib'
import { makeDatabase } from '../support/database.ts'
import {
  answer,
  answerUntilClose,
  cutInChunks,
  redirectTo,
  startFaultServer,
} from '../support/fault-server.ts'
import { VENDOR_ANSWERS } from '../support/vendor-answers.ts'
import { changed, encoded, faultsOf } from '../support/vendor-faults.ts'
import { FAULT_KEY, startVendor, unspoilt, type Spoil } from '../support/vendor-under-fault.ts'

const { pool } = await makeDatabase()

for (const vendor of VENDOR_ANSWERS) {
  test(`${vendor.id}: a fault stores nothing and moves nothing`, async (t) => {
    const vut = await startVendor(t, pool, vendor)
    // All bars but the last: what goes wrong next must leave the series so, one thing after the other.
    const [begun] = (await vut.fetch(['F'], vendor.before)).tasks
    assert.deepEqual([begun!.error, begun!.inserted, begun!.watermark], [null, 2, vendor.days[1]])
    const before = await vut.state('F')
    for (const fault of faultsOf(vendor)) {
      await t.test(fault.name, async () => {
        vut.serve(fault.spoil)
        const { tasks, inserted } = await vut.fetch(['F'], vendor.after, fault)
        assert.equal(tasks[0]!.error?.code, fault.code, tasks[0]!.error?.message)
        assert.deepEqual([tasks[0]!.status, inserted], ['failed', 0])
        assert.equal(await vut.state('F'), before)
        if (fault.waits !== undefined) assert.equal(vut.sleeps[0], fault.waits)
      })
    }
    await t.test('the next good answer completes the series', async () => {
      vut.serve(unspoilt)
      const [task] = (await vut.fetch(['F'], vendor.after)).tasks
      assert.deepEqual([task!.error, task!.inserted, task!.watermark], [null, 1, vendor.days[2]])
    })
  })
}

/** Odd on the wire, and all there: the bar is stored. */
const HARMLESS: Readonly<Record<string, Spoil>> = {
  'a byte-order mark': (good) =>
    answer(200, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), good])),
  'another content type': (good) => answer(200, good, { 'content-type': 'text/html' }),
  'no length': (good) => answerUntilClose(good),
  chunks: (good) => cutInChunks(good, Infinity),
  brotli: encoded('br', (good) => brotliCompressSync(good)),
}

for (const vendor of VENDOR_ANSWERS) {
  test(`${vendor.id}: what is odd and whole is stored`, async (t) => {
    const vut = await startVendor(t, pool, vendor)
    for (const [at, [name, spoil]] of Object.entries(HARMLESS).entries()) {
      await vut.fetch([`H${at}`], vendor.before)
      vut.serve(spoil)
      const [task] = (await vut.fetch([`H${at}`], vendor.after)).tasks
      assert.deepEqual([task!.error, task!.inserted], [null, 1], name)
      vut.serve(unspoilt)
    }
  })

  test(`${vendor.id}: a number beyond all numbers is a refused row and no bar`, async (t) => {
    const vut = await startVendor(t, pool, vendor)
    const { lastClose } = vendor
    for (const [at, number] of ['1e400', '-1e400'].entries()) {
      const symbol = `N${at}`
      vut.serve(unspoilt)
      await vut.fetch([symbol], vendor.before)
      vut.serve(changed((body) => body.replace(lastClose, lastClose.replace(/\d+\.\d+/, number))))
      const [task] = (await vut.fetch([symbol], vendor.after)).tasks
      assert.deepEqual([task!.inserted, task!.rejected, task!.watermark], [0, 1, vendor.days[1]])
      vut.serve(unspoilt)
      const [next] = (await vut.fetch([symbol], vendor.after)).tasks
      assert.deepEqual([next!.inserted, next!.watermark], [1, vendor.days[2]])
    }
  })

  test(`${vendor.id}: a redirect never takes the key to another host`, async (t) => {
    const vut = await startVendor(t, pool, vendor)
    const stranger = await startFaultServer(t, [answer(200, '{}')])
    await vut.fetch(['R1'], vendor.before)
    const before = await vut.state('R1')
    vut.serve(() => redirectTo(`${stranger.url}/take`))
    const [task] = (await vut.fetch(['R1'], vendor.after)).tasks
    assert.equal(task!.error?.code, 'PROVIDER_REDIRECT')
    assert.ok(!task!.error.message.includes(FAULT_KEY))
    assert.equal(stranger.requests.length, 0)
    assert.equal(await vut.state('R1'), before)
  })
}
