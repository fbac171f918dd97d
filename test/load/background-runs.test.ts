/** Runs beside serving: told by their first id, bounded in number, cancelled one by one, ended together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StockyardError } from '../../src/domain/error.ts'
import { makeBackgroundRuns, type RunControl } from '../../src/load/background-runs.ts'

interface Logged {
  readonly runs: readonly number[]
}

function makeRuns() {
  const logged: Logged[] = []
  const runs = makeBackgroundRuns({ error: (told: unknown) => void logged.push(told as Logged) })
  return { runs, logged }
}

/** Work that begins a run and goes on until it is told to stop. */
function endless(...ids: readonly number[]) {
  return ({ signal, onRun }: RunControl) =>
    new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve())
      for (const id of ids) onRun(id)
    })
}

/** Work that breaks within its run. */
function lost({ onRun }: RunControl): Promise<void> {
  onRun(9)
  return Promise.reject(new Error('the store is lost'))
}

test('work is told by its first run, and null where it had none', async () => {
  const { runs } = makeRuns()
  assert.equal(await runs.begin(endless(7, 8)), 7)
  assert.equal(await runs.begin(() => Promise.resolve()), null)
  await runs.close()
})

test('a run is cancelled by any of its ids, and the others go on', async () => {
  const { runs } = makeRuns()
  let ended = 0
  const watched = (id: number) => (control: RunControl) =>
    endless(id)(control).then(() => {
      ended += 1
    })
  await runs.begin(watched(1))
  await runs.begin(watched(2))
  assert.equal(runs.cancel(3), false)
  assert.equal(runs.cancel(2), true)
  await Promise.resolve()
  assert.equal(ended, 1)
  await runs.close()
  assert.equal(ended, 2)
  assert.equal(runs.cancel(1), false)
})

test('the fifth run at a time is refused until one has ended', async () => {
  const { runs } = makeRuns()
  for (const id of [1, 2, 3, 4]) await runs.begin(endless(id))
  await assert.rejects(
    runs.begin(endless(5)),
    (error: unknown) => error instanceof StockyardError && error.code === 'RUNS_BUSY',
  )
  runs.cancel(3)
  await new Promise(setImmediate)
  assert.equal(await runs.begin(endless(5)), 5)
  await runs.close()
})

test('what breaks before a run is told to who asked, and after it to the log', async () => {
  const { runs, logged } = makeRuns()
  await assert.rejects(
    runs.begin(() => Promise.reject(new Error('no room'))),
    /no room/,
  )
  assert.equal(logged.length, 0)
  assert.equal(await runs.begin(lost), 9)
  await runs.close()
  assert.deepEqual(
    logged.map((one) => one.runs),
    [[9]],
  )
})
