/**
 * Two processes never show an older latest bar later than 100 ms after a load was committed: not while their
 * connections for news are ended over and over, and not while the database is killed and comes back.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openPool } from '../../src/db/connect.ts'
import { clusterPaths } from '../../src/db/embedded/cluster.ts'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { findPostmaster } from '../../src/db/embedded/postmaster.ts'
import { makeLogger } from '../../src/log.ts'
import { dailyBars } from '../support/bars.ts'
import { makeDatabase } from '../support/database.ts'
import { loadSeries } from '../support/loaded-series.ts'

const home = mkdtempSync(join(tmpdir(), 'coherence-'))
const server = await startEmbedded(home, makeLogger({ level: 'silent', format: 'json' }))
// Ends before the database is dropped.
after(() => pool.end())
const { url } = await makeDatabase(undefined, { serverUrl: server.url })
// Databases of tests forget what was committed last when their server is killed; this one must not.
const pool = openPool(url, { max: 2, settings: { synchronous_commit: 'on' } })
// After its database was dropped.
after(async () => {
  await server.release()
  rmSync(home, { recursive: true, force: true })
})

const DAY = Date.parse('2024-05-01')
/** What the API promises. */
const LATE_MS = 100
const NEWS = "application_name = 'test child news' AND datname = current_database()"

/** Loads a bar with a close, as a later answer of the vendor has it; resolves once that is committed. */
async function loadClose(symbol: string, close: number): Promise<void> {
  const bars = dailyBars(DAY, DAY + 86_400_000)
  bars.close[0] = close
  bars.high[0] = 1000
  bars.low[0] = 0.5
  const series = {
    symbol,
    interval: '1d',
    provider: 'alpha-vantage',
    basis: 'raw',
  } as const
  await loadSeries(pool, series, bars, Date.parse('2024-06-10') + close * 60_000)
}

/** A server over the database in a process of its own. */
async function startChild(t: TestContext, databaseUrl: string): Promise<string> {
  const file = fileURLToPath(new URL('../support/latest-server.ts', import.meta.url))
  const child = spawn(process.execPath, [file, databaseUrl], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(async () => {
    child.stdin.end()
    await once(child, 'exit')
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return String(line).trim()
}

interface Seen {
  readonly sentAt: number
  /** Null where the answer was an error. */
  readonly close: number | null
}

/** Asks a server for the latest bar without a pause, until it is stopped. */
function watch(base: string, symbol: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const seen: Seen[] = []
  const stop = new AbortController()
  const one = async () => {
    const sentAt = performance.now()
    const close = await new Promise<number | null>((resolve, reject) => {
      get(`${base}/api/v1/stocks/${symbol}/prices/latest`, { agent }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const body = JSON.parse(Buffer.concat(chunks).toString()) as { close?: number }
          resolve(response.statusCode === 200 ? body.close! : null)
        })
      }).on('error', reject)
    })
    seen.push({ sentAt, close })
  }
  const done = (async () => {
    while (!stop.signal.aborted) await one()
    await one()
    agent.destroy()
  })()
  return {
    seen,
    stop: async () => {
      stop.abort()
      await done
      return seen
    },
    /** Resolves with the first answer to a question that is sent from now on, errors left out. */
    next: async () => {
      const from = performance.now()
      for (;;) {
        const found = seen.find(({ sentAt, close }) => sentAt >= from && close !== null)
        if (found !== undefined) return found
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}

interface Committed {
  readonly close: number
  readonly at: number
}

/** Answers that show what is older than what was committed LATE_MS before they were asked for. */
function staleOf(seen: readonly Seen[], committed: readonly Committed[]): string[] {
  return seen.flatMap(({ sentAt, close }) => {
    const known = committed.findLast(({ at }) => at + LATE_MS <= sentAt)
    if (close === null || known === undefined || close >= known.close) return []
    return [`${close} was shown ${Math.round(sentAt - known.at)} ms after ${known.close}`]
  })
}

/** Loads one price after another, with a disturbance before each, while two processes are asked. */
async function disturbed(
  t: TestContext,
  symbol: string,
  { prices, disturb }: { readonly prices: number; readonly disturb: (n: number) => Promise<void> },
): Promise<void> {
  await loadClose(symbol, 1)
  const watched = [await startChild(t, url), await startChild(t, url)].map((base) =>
    watch(base, symbol),
  )
  const committed: Committed[] = []
  for (let close = 2; close < 2 + prices; close += 1) {
    // So that the price before is in memory where it can be.
    for (const one of watched) await one.next()
    await disturb(close)
    await committedLoad(symbol, close)
    committed.push({ close, at: performance.now() })
    while (performance.now() < committed.at(-1)!.at + LATE_MS) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  for (const one of watched) await one.next()
  const all = await Promise.all(watched.map((one) => one.stop()))
  for (const seen of all) {
    assert.deepEqual(staleOf(seen, committed), [])
    assert.ok(seen.some(({ close }) => close === prices))
    assert.equal(seen.at(-1)!.close, prices + 1)
  }
}

/** Loads again and again where the database is away. */
async function committedLoad(symbol: string, close: number): Promise<void> {
  for (;;) {
    try {
      return await loadClose(symbol, close)
    } catch {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

it('holds while the connections for news are ended over and over', async (t) => {
  let lost = 0
  await disturbed(t, 'CUT', {
    prices: 6,
    disturb: async (n) => {
      // Two in three, so that prices come out of memory between.
      if (n % 3 === 0) return
      const { rowCount } = await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${NEWS}`,
      )
      lost += rowCount ?? 0
    },
  })
  assert.ok(lost >= 2, `${lost} connections were ended`)
})

it('holds while the database is killed and comes back', async (t) => {
  await disturbed(t, 'BACK', {
    prices: 3,
    disturb: async (n) => {
      if (n === 3) process.kill(findPostmaster(clusterPaths(home).data)!.pid, 'SIGKILL')
    },
  })
})
