/** Far more clients than a server has places: it refuses early, stays alive and small, and is as before once they are gone. */
import assert from 'node:assert/strict'
import { get } from 'node:http'
import { it } from 'node:test'
import { DAY_MS, formatDate, parseDay } from '../../src/domain/date.ts'
import { makeDatabase } from '../support/database.ts'
import { fillStore } from '../support/filled-store.ts'
import { start } from './run-stockyard.ts'

/** Requests that a server works on at a time; see src/api/overload.ts. */
const PLACES = 256
/** Five times as many, and fewer than the connections that a server takes, so that each gets an answer. */
const CLIENTS = 1300
const ROUNDS = 2
const GROWTH_MAX_BYTES = 400 * 1024 * 1024

const { pool, url: databaseUrl } = await makeDatabase()
await fillStore(pool)

interface Told {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly code: string | undefined
}

async function ask(url: string): Promise<Told> {
  return await new Promise((resolve, reject) => {
    // Each by a connection of its own: one that is kept could be closed just as it is used again.
    get(url, { agent: false }, (answer) => {
      let text = ''
      answer.on('data', (data: Buffer) => (text += data.toString()))
      answer.once('error', reject).once('end', () => {
        const { code } = JSON.parse(text) as { code?: string }
        const retryAfter = answer.headers['retry-after']
        resolve({ status: answer.statusCode!, retryAfter, code })
      })
    }).once('error', reject)
  })
}

async function residentBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^stockyard_resident_memory_bytes (\d+)/m.exec(text)![1])
}

/** A question that nobody asked before, so that it is not answered out of memory. */
function question(round: number, i: number): string {
  return `limit=${1000 - round}&until=${formatDate(parseDay('2024-06-08') - i * DAY_MS)}`
}

it('answers some, refuses the others at once, and serves as before when it is over', async (t) => {
  const env = { DATABASE_URL: databaseUrl, API_PORT: '0', ETL_ENABLED: 'false' }
  const server = start(['serve', '--json'], env)
  const { url } = JSON.parse(await server.says('"url"')) as { url: string }
  const prices = `${url}/api/v1/stocks/AAPL/prices`
  assert.equal((await ask(`${prices}?limit=1000`)).status, 200)
  const before = await residentBytes(url)

  // While others hold the pages nobody is served, so that all places are taken.
  const holder = await pool.connect()
  t.after(() => holder.release(true))
  for (let round = 0; round < ROUNDS; round += 1) {
    await holder.query('BEGIN')
    await holder.query('LOCK TABLE stockyard.pages IN ACCESS EXCLUSIVE MODE')
    const refused: Told[] = []
    let told = 0
    const enough = Promise.withResolvers<void>()
    const asked = Array.from({ length: CLIENTS }, async (_, i) => {
      const answer = await ask(`${prices}?${question(round, i)}`)
      told += 1
      if (answer.status === 503) refused.push(answer)
      if (told >= CLIENTS - PLACES) enough.resolve()
      return answer
    })
    await enough.promise
    const health = await ask(`${url}/health`)
    assert.equal(health.status, 200, 'whoever watches over it is not told that it is dead')
    await holder.query('ROLLBACK')
    const answers = await Promise.all(asked)
    assert.ok(refused.length >= CLIENTS - PLACES, `${refused.length} were refused`)
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200 && status !== 503),
      [],
    )
    assert.deepEqual(
      refused.filter(({ retryAfter, code }) => retryAfter === undefined || code === undefined),
      [],
    )
  }

  const began = performance.now()
  for (let i = 0; i < 50; i += 1) assert.equal((await ask(`${prices}?limit=${i + 1}`)).status, 200)
  t.diagnostic(`50 answers after it in ${Math.round(performance.now() - began)} ms`)
  const grown = (await residentBytes(url)) - before
  t.diagnostic(`${Math.round(grown / 1024 / 1024)} MB more than before`)
  assert.ok(grown < GROWTH_MAX_BYTES, `${grown} bytes more`)
  server.child.kill('SIGTERM')
  assert.equal((await server.ended).code, 0)
})
