import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import test from 'node:test'
import {
  budgetState,
  endWait,
  pauseProvider,
  refundCall,
  reserveCall,
  stampLateCall,
  type ReserveOptions,
} from '../../src/db/budgets.ts'
import { openPool, type Pool } from '../../src/db/connect.ts'
import type { Budget, Lane } from '../../src/domain/budget.ts'
import { makeDatabase } from '../support/database.ts'

const FREE_PLAN: Budget = { perSecond: 1, perMinute: 5, perDay: 25 }
const PER_MINUTE: Budget = { perSecond: Infinity, perMinute: 5, perDay: Infinity }
const PER_DAY: Budget = { perSecond: Infinity, perMinute: Infinity, perDay: 25 }
const UNLIMITED: Budget = { perSecond: Infinity, perMinute: Infinity, perDay: Infinity }
const ZONE = 'America/New_York'
/** 2026-03-02 was a Monday; 12:00 UTC is 07:00 in New York. */
const NOON = Date.UTC(2026, 2, 2, 12)

// One database for all tests; each has a provider of its own in it.
const { url, pool } = await makeDatabase()

function reserveAt(provider: string, budget: Budget, now: number) {
  return reserveCall(pool, provider, budget, ZONE, { now })
}

/** Pools that are closed when the work is done. */
async function withPools<T>(count: number, work: (pools: Pool[]) => Promise<T>): Promise<T> {
  const pools = Array.from({ length: count }, () => openPool(url, { max: 1 }))
  try {
    return await work(pools)
  } finally {
    await Promise.all(pools.map((one) => one.end()))
  }
}

function mostWithin(calls: readonly number[], windowMs: number): number {
  return Math.max(
    ...calls.map((from) => calls.filter((at) => at >= from && at < from + windowMs).length),
  )
}

async function countCalls(provider: string): Promise<number> {
  const { rows } = await pool.query<{ calls: number }>(
    'SELECT count(*) AS calls FROM stockyard.budget_calls WHERE provider = $1',
    [provider],
  )
  return rows[0]!.calls
}

test('eight connections that ask at once never get more than five calls in any minute', async () => {
  const calls: number[] = []
  await withPools(8, async (pools) => {
    // 240 seconds: at 5 calls in each 62 seconds, the fourth window begins at 186.
    for (let now = NOON; now < NOON + 240_000; now += 3_100) {
      const asked = pools.map((one) => reserveCall(one, 'eight', PER_MINUTE, ZONE, { now }))
      const allowed = (await Promise.all(asked)).filter((answer) => answer.allowed)
      calls.push(...allowed.map(() => now))
    }
  })
  assert.equal(mostWithin(calls, 60_000), 5)
  assert.equal(calls.length, 20)
  assert.equal(await countCalls('eight'), 20)
})

test('eight processes in eight zones that ask all the time never get a sixth call in a minute nor a 26th in a day', async () => {
  const source = `
    import { reserveCall } from ${JSON.stringify(import.meta.resolve('../../src/db/budgets.ts'))}
    import { openPool } from ${JSON.stringify(import.meta.resolve('../../src/db/connect.ts'))}
    const pool = openPool(process.argv[1])
    const budget = { perSecond: Infinity, perMinute: 5, perDay: 25 }
    let allowed = 0
    for (let now = ${NOON}; now < ${NOON} + 400_000; now += 10_000) {
      const lane = ['live', 'close', 'repair', 'backfill'][allowed % 4]
      if ((await reserveCall(pool, 'processes', budget, 'UTC', { now, lane })).allowed) allowed += 1
    }
    await pool.end()
    console.log(allowed)`
  const zones = ['Asia/Tokyo', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Europe/London']
  const runs = [...zones, ...zones].map((zone) => runModule(source, url, zone))
  const allowed = (await Promise.all(runs)).map(Number)
  const { rows } = await pool.query<{ called_at: Date }>(
    `SELECT called_at FROM stockyard.budget_calls WHERE provider = 'processes'`,
  )
  const calls = rows.map((row) => row.called_at.getTime())
  assert.equal(
    allowed.reduce((sum, one) => sum + one, 0),
    25,
  )
  assert.deepEqual([calls.length, mostWithin(calls, 60_000)], [25, 5])
})

function runModule(source: string, argument: string, zone: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source, argument], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TZ: zone },
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}

test('a second is never given twice to those who ask at once', async () => {
  const first = await Promise.all(
    [NOON, NOON, NOON, NOON].map((now) => reserveAt('second', FREE_PLAN, now)),
  )
  assert.equal(first.filter((answer) => answer.allowed).length, 1)
  assert.equal((await reserveAt('second', FREE_PLAN, NOON + 1_249)).allowed, false)
  assert.equal((await reserveAt('second', FREE_PLAN, NOON + 1_250)).allowed, true)
})

test('25 calls a day are 25 over two pools and a restart, and more after midnight in New York', async () => {
  // Midnight in New York on 2026-03-03 is 05:00 UTC, as it is winter time there.
  const midnight = Date.UTC(2026, 2, 3, 5)
  await withPools(2, async ([one, other]) => {
    for (let i = 0; i < 24; i += 1) {
      assert.equal((await askForDay(i < 12 ? one! : other!, NOON + i)).allowed, true)
    }
  })
  await withPools(1, async ([restarted]) => {
    assert.equal((await askForDay(restarted!, NOON + 24)).allowed, true)
    assert.deepEqual(await askForDay(restarted!, NOON + 25), {
      allowed: false,
      window: 'day',
      waitMs: midnight - NOON - 25,
      resetsAt: midnight,
      reason: '25 calls a day are used up',
    })
    assert.equal((await askForDay(restarted!, midnight - 1)).allowed, false)
    assert.equal((await askForDay(restarted!, midnight)).allowed, true)
  })
})

function askForDay(from: Pool, now: number) {
  return reserveCall(from, 'day', PER_DAY, ZONE, { now })
}

test('the day on which clocks go forward is an hour shorter', async () => {
  const budget = { ...UNLIMITED, perDay: 1 }
  // New York, 2026-03-08: from 05:00 UTC (EST) to 04:00 UTC (EDT) of the next day.
  assert.equal((await reserveAt('spring', budget, Date.UTC(2026, 2, 8, 5))).allowed, true)
  const refused = await reserveAt('spring', budget, Date.UTC(2026, 2, 8, 12))
  assert.equal(refused.allowed ? null : refused.resetsAt, Date.UTC(2026, 2, 9, 4))
  assert.equal((await reserveAt('spring', budget, Date.UTC(2026, 2, 9, 4))).allowed, true)
})

test('the budget of one provider is not that of another', async () => {
  const budget = { ...UNLIMITED, perDay: 1 }
  for (const provider of ['one', 'another']) {
    assert.equal((await reserveCall(pool, provider, budget, ZONE, { now: NOON })).allowed, true)
    assert.equal((await reserveCall(pool, provider, budget, ZONE, { now: NOON })).allowed, false)
  }
})

test('a call that never left is given back, and only that one', async () => {
  const ask = () => reserveCall(pool, 'refund', PER_MINUTE, ZONE, { now: NOON })
  for (let i = 0; i < 5; i += 1) assert.equal((await ask()).allowed, true)
  await refundCall(pool, 'refund', NOON)
  assert.equal(await countCalls('refund'), 4)
  assert.equal((await ask()).allowed, true)
  assert.equal((await ask()).allowed, false)
})

test('a call reserved by the clock of the database can be given back', async () => {
  const reserved = await reserveCall(pool, 'clock', PER_MINUTE, ZONE)
  assert.ok(reserved.allowed)
  assert.ok(Math.abs(reserved.reservedAt - Date.now()) < 60_000)
  await refundCall(pool, 'clock', reserved.reservedAt)
  assert.equal(await countCalls('clock'), 0)
})

test('a call that reached the vendor late takes its place in the minute from then, and only that call', async () => {
  for (let i = 0; i < 5; i += 1) assert.equal((await askLate(NOON)).allowed, true)
  // Two seconds are in the 62 of the window already.
  await stampLateCall(pool, 'late', NOON, { now: NOON + 7_000 })
  for (let i = 0; i < 4; i += 1) assert.equal((await askLate(NOON + 62_000)).allowed, true)
  const sixth = await askLate(NOON + 62_000)
  assert.equal(sixth.allowed ? null : sixth.resetsAt, NOON + 67_000)
  // One that was in time stays where it is.
  await stampLateCall(pool, 'late', NOON + 62_000, { now: NOON + 63_000 })
  for (const at of [67_000, 124_000]) assert.equal((await askLate(NOON + at)).allowed, true)
})

function askLate(now: number) {
  return reserveAt('late', PER_MINUTE, now)
}

test('a call of the last seconds before midnight counts in both days', async () => {
  const midnight = Date.UTC(2026, 2, 3, 5)
  for (const ms of [10_001, 10_000]) await reserveAt('doubt', PER_DAY, midnight - ms)
  const state = await budgetState(pool, 'doubt', PER_DAY, ZONE, { now: midnight })
  assert.equal(state.windows[0]!.left, 24)
  for (let i = 0; i < 24; i += 1) {
    assert.equal((await reserveAt('doubt', PER_DAY, midnight + i)).allowed, true)
  }
  const refused = await reserveAt('doubt', PER_DAY, midnight + 24)
  assert.equal(refused.allowed ? null : refused.window, 'day')
})

test('a refusal for the minute pauses all processes, and a shorter pause does not end a longer one', async () => {
  await pauseProvider(pool, 'minute', { ms: 60_000 }, 'too many', { now: NOON })
  await pauseProvider(pool, 'minute', { ms: 1_500 }, 'burst', { now: NOON })
  assert.deepEqual(await reserveAt('minute', UNLIMITED, NOON + 1), {
    allowed: false,
    window: 'pause',
    waitMs: 59_999,
    resetsAt: NOON + 60_000,
    reason: 'too many',
  })
  assert.equal((await reserveAt('minute', UNLIMITED, NOON + 60_000)).allowed, true)
})

test('a refusal holds back the key that was refused, and no other', async () => {
  const now = NOON
  await pauseProvider(pool, 'keys', { ms: 60_000 }, 'too many', { now, account: 'one' })
  const reserveFor = (account: string) =>
    reserveCall(pool, 'keys', UNLIMITED, ZONE, { now: NOON + 1, account })
  assert.equal((await reserveFor('one')).allowed, false)
  assert.equal((await reserveFor('two')).allowed, true)
  const pausedUntil = async (account: string) =>
    (await budgetState(pool, 'keys', UNLIMITED, ZONE, { now: NOON + 2, account })).pausedUntil
  assert.deepEqual([await pausedUntil('one'), await pausedUntil('two')], [NOON + 60_000, null])
})

test('a refusal for the day lasts until the reset and survives a restart', async () => {
  await withPools(1, ([earlier]) =>
    pauseProvider(earlier!, 'restart', { resetZone: ZONE }, 'used up', { now: NOON }),
  )
  const refused = await reserveCall(pool, 'restart', UNLIMITED, ZONE, { now: NOON })
  assert.ok(!refused.allowed)
  assert.deepEqual([refused.window, refused.resetsAt], ['pause', Date.UTC(2026, 2, 3, 5)])
})

test('a refusal for the day just after the reset does not cost the whole new day', async () => {
  const justAfter = Date.UTC(2026, 2, 3, 5, 0, 3)
  await pauseProvider(pool, 'reset', { resetZone: ZONE }, 'used up', { now: justAfter })
  const refused = await reserveCall(pool, 'reset', UNLIMITED, ZONE, { now: justAfter })
  assert.equal(refused.allowed ? null : refused.waitMs, 600_000)
})

test('tells what is used and left of each limit, and when it comes free', async () => {
  const state = (budget: Budget, now: number) => budgetState(pool, 'state', budget, ZONE, { now })
  assert.deepEqual(await state(PER_DAY, NOON), {
    windows: [{ window: 'day', limit: 25, used: 0, left: 25, resetsAt: null }],
    pausedUntil: null,
    pauseReason: null,
    // A fifth of the day, until 22:00 in New York.
    closeReserve: 5,
    reserveUntil: Date.UTC(2026, 2, 3, 3),
    waiting: {},
  })
  for (const now of [NOON, NOON + 2_000, NOON + 4_000]) {
    await reserveCall(pool, 'state', FREE_PLAN, ZONE, { now })
  }
  await pauseProvider(pool, 'state', { ms: 9_000 }, 'burst', { now: NOON + 4_000 })
  assert.deepEqual(await state(FREE_PLAN, NOON + 5_000), {
    windows: [
      { window: 'second', limit: 1, used: 1, left: 0, resetsAt: NOON + 5_250 },
      { window: 'minute', limit: 5, used: 3, left: 2, resetsAt: NOON + 62_000 },
      { window: 'day', limit: 25, used: 3, left: 22, resetsAt: Date.UTC(2026, 2, 3, 5) },
    ],
    pausedUntil: NOON + 13_000,
    pauseReason: 'burst',
    closeReserve: 5,
    reserveUntil: Date.UTC(2026, 2, 3, 3),
    waiting: {},
  })
  const after = await state(FREE_PLAN, NOON + 13_000)
  assert.deepEqual([after.pausedUntil, after.pauseReason], [null, null])
})

test('calls older than two days are forgotten', async () => {
  const day = 86_400_000
  for (const now of [NOON, NOON + day, NOON + 2 * day]) {
    await reserveCall(pool, 'old', UNLIMITED, ZONE, { now })
  }
  assert.equal(await countCalls('old'), 3)
  await reserveCall(pool, 'old', UNLIMITED, ZONE, { now: NOON + 2 * day + 1 })
  assert.equal(await countCalls('old'), 3)
})

// Lanes ----------------------------------------------------------------------------------------------

function reserveIn(provider: string, budget: Budget, options: ReserveOptions) {
  return reserveCall(pool, provider, budget, ZONE, options)
}

/** Series of one instrument and provider, one for each interval. */
async function addSeries(provider: string, intervals: readonly string[], watched: boolean) {
  await pool.query(
    `WITH added AS (
       INSERT INTO stockyard.instruments (kind, exchange, watched) VALUES ('stock', 'XNYS', $3)
       RETURNING id
     )
     INSERT INTO stockyard.series (instrument_id, interval, provider, basis)
     SELECT added.id, interval, $1, 'raw' FROM added, unnest($2::text[]) AS interval`,
    [provider, intervals, watched],
  )
}

/** Takes calls until there are no more for a lane. */
async function takeAll(lane: Lane) {
  for (let taken = 0; ; taken += 1) {
    const answer = await reserveIn('lanes', PER_DAY, { now: NOON, lane })
    if (!answer.allowed) return { taken, window: answer.window, resetsAt: answer.resetsAt }
  }
}

test('a backfill that takes all it gets leaves the calls that the close of the watch list needs', async () => {
  await addSeries('lanes', ['1d', '5m', '1h'], true)
  await addSeries('lanes', ['1d', '5m'], false)
  // Until 22:00 in New York, which is 03:00 UTC in winter.
  const released = Date.UTC(2026, 2, 3, 3)
  assert.deepEqual(await takeAll('backfill'), { taken: 22, window: 'reserve', resetsAt: released })
  assert.deepEqual(await takeAll('repair'), { taken: 0, window: 'reserve', resetsAt: released })
  assert.deepEqual(await takeAll('close'), {
    taken: 3,
    window: 'day',
    resetsAt: Date.UTC(2026, 2, 3, 5),
  })
})

const WAITERS = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`)

function askInTurn(provider: string, now: number, lane: Lane, waiter?: string) {
  return reserveIn(provider, PER_MINUTE, { now, lane, ...(waiter === undefined ? {} : { waiter }) })
}

test('a close that waits for the minute gets the next call, whoever asks first', async () => {
  const [close, backfill] = WAITERS
  for (let i = 0; i < 5; i += 1)
    assert.equal((await askInTurn('turns', NOON, 'backfill', backfill)).allowed, true)
  assert.equal((await askInTurn('turns', NOON + 1_000, 'backfill', backfill)).allowed, false)
  assert.equal((await askInTurn('turns', NOON + 2_000, 'close', close)).allowed, false)
  assert.deepEqual(
    (await budgetState(pool, 'turns', PER_MINUTE, ZONE, { now: NOON + 2_000 })).waiting,
    { backfill: 1, close: 1 },
  )
  // All five calls come free at once; the backfill wakes up first.
  const early = await askInTurn('turns', NOON + 62_000, 'backfill', backfill)
  assert.deepEqual(early.allowed ? null : [early.window, early.waitMs], ['lane', 1_000])
  assert.equal((await askInTurn('turns', NOON + 62_001, 'close', close)).allowed, true)
  assert.equal((await askInTurn('turns', NOON + 63_000, 'backfill', backfill)).allowed, true)
})

test('nobody steps aside for a call that gave up waiting, or that never came back for its turn', async () => {
  const [gone, dead] = WAITERS
  for (let i = 0; i < 5; i += 1)
    assert.equal((await askInTurn('gone', NOON, 'close')).allowed, true)
  await askInTurn('gone', NOON, 'live', gone)
  await endWait(pool, 'gone', gone!)
  assert.equal((await askInTurn('gone', NOON + 62_000, 'backfill')).allowed, true)
  for (let i = 0; i < 4; i += 1) await askInTurn('gone', NOON + 62_000, 'close')
  await askInTurn('gone', NOON + 62_000, 'live', dead)
  const free = NOON + 124_000
  const waits = await askInTurn('gone', free, 'close')
  assert.equal(waits.allowed ? null : waits.window, 'lane')
  assert.equal((await askInTurn('gone', free + 10_001, 'backfill')).allowed, true)
})

test('a backfill goes on where nobody else waits', async () => {
  for (const now of [0, 62_000, 124_000]) {
    for (let i = 0; i < 5; i += 1) {
      const options = { now: NOON + now, lane: 'backfill', waiter: WAITERS[0]! } as const
      assert.equal((await reserveIn('alone', PER_MINUTE, options)).allowed, true)
    }
  }
})
