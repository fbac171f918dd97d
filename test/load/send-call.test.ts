/** A call that has to wait for something else is paid for meanwhile, and sent when it may. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ask } from '../../src/load/ask.ts'
import { good, makeBench, parse, REQUEST, type Bench } from '../support/asking.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()

async function paidCalls({ provider }: Bench): Promise<number> {
  const { rows } = await pool.query<{ calls: number }>(
    'SELECT count(*)::integer AS calls FROM stockyard.budget_calls WHERE provider = $1',
    [provider.id],
  )
  return rows[0]!.calls
}

async function untilPaid(bench: Bench): Promise<void> {
  while ((await paidCalls(bench)) === 0);
}

test('is paid for before it may go out, and goes out then', async (t) => {
  const bench = await makeBench(t, pool, [good], { budget: '5/min' })
  const ready = Promise.withResolvers<void>()
  const asking = ask(bench.context, bench.provider, REQUEST, parse, { ready: () => ready.promise })
  await untilPaid(bench)
  assert.equal(bench.seen(), 0)
  ready.resolve()
  assert.equal((await asking).value, 42)
  assert.deepEqual([bench.seen(), await paidCalls(bench), bench.context.requests], [1, 1, 1])
})

test('is not paid for before it may go out where the calls of a day are counted', async (t) => {
  const bench = await makeBench(t, pool, [good], { budget: '5/min,25/day' })
  const paidWhenReady: number[] = []
  const ready = async () => {
    for (let i = 0; i < 20; i += 1) paidWhenReady.push(await paidCalls(bench))
  }
  await ask(bench.context, bench.provider, REQUEST, parse, { ready })
  assert.deepEqual(paidWhenReady, Array<number>(20).fill(0))
  assert.equal(await paidCalls(bench), 1)
})

test('is given back where it may not go out any more', async (t) => {
  const bench = await makeBench(t, pool, [good], { budget: '5/min' })
  const ready = async () => {
    await untilPaid(bench)
    throw new Error('the answer before could not be stored')
  }
  const asking = ask(bench.context, bench.provider, REQUEST, parse, { ready })
  await assert.rejects(asking, /^Error: the answer before could not be stored$/)
  assert.deepEqual([bench.seen(), await paidCalls(bench), bench.context.requests], [0, 0, 0])
})

test('is given back where the work is interrupted meanwhile', async (t) => {
  const abort = new AbortController()
  const bench = await makeBench(t, pool, [good], { budget: '5/min', signal: abort.signal })
  const ready = async () => {
    await untilPaid(bench)
    abort.abort()
  }
  await assert.rejects(ask(bench.context, bench.provider, REQUEST, parse, { ready }))
  assert.deepEqual([bench.seen(), await paidCalls(bench), bench.context.requests], [0, 0, 0])
})

test('is paid for anew where it had to wait for longer than a vendor overlooks', async (t) => {
  const bench = await makeBench(t, pool, [good], { budget: '1/min' })
  let [first, waitedMs]: [unknown, number] = [undefined, 0]
  const clock = { ...bench.context.clock, now: () => bench.context.clock.now() + waitedMs }
  const ready = async () => {
    await untilPaid(bench)
    first ??= await stampsOf(bench)
    waitedMs = 10_000
  }
  const context = { ...bench.context, clock }
  assert.equal((await ask(context, bench.provider, REQUEST, parse, { ready })).value, 42)
  const stamps = await stampsOf(bench)
  assert.deepEqual([bench.seen(), stamps.length, context.requests], [1, 1, 1])
  assert.notDeepEqual(stamps, first)
})

async function stampsOf({ provider }: Bench): Promise<readonly string[]> {
  const { rows } = await pool.query<{ called: string }>(
    'SELECT called_at::text AS called FROM stockyard.budget_calls WHERE provider = $1',
    [provider.id],
  )
  return rows.map(({ called }) => called)
}
