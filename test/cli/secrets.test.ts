/**
 * Planted keys and passwords come out nowhere: not in answers, logs or errors, not in the database, not in
 * files that are written. The vendor here echoes the key that it was sent, as real ones do.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { after, it } from 'node:test'
import { makeDatabase } from '../support/database.ts'
import { folder, readJson, runProcess, runSeveral, start, type Ended } from './run-stockyard.ts'

const PLANTED = ['CANARYALPHA7Q', 'CANARYPOLYGON8Z']
const { pool, url } = await makeDatabase()

const vendor = createServer((request, response) => {
  const said = `We have detected your API key as ${PLANTED.join(' and ')} on ${request.url}`
  response
    .writeHead(request.url?.includes('MSFT') ? 500 : 200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ Note: said, status: 'ERROR', error: said, note: `"=@${said}` }))
})
await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve))
after(() => vendor.close())
const origin = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`

const variables = {
  DATABASE_URL: url,
  API_PORT: '0',
  ETL_ENABLED: 'false',
  LOG_LEVEL: 'debug',
  ALPHA_VANTAGE_API_KEY: PLANTED[0]!,
  ALPHA_VANTAGE_BASE_URL: origin,
  ALPHA_VANTAGE_BUDGET: 'unlimited',
  POLYGON_API_KEY: PLANTED[1]!,
  POLYGON_BASE_URL: origin,
  POLYGON_BUDGET: 'unlimited',
}

/** Every row of every table as text. */
async function dump(): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'stockyard'::regnamespace AND relkind IN ('r', 'p')`,
  )
  const texts: string[] = []
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(
      `SELECT row_to_json(t)::text AS row FROM stockyard.${name} t`,
    )
    texts.push(...rows.map(({ row }) => row))
  }
  return texts.join('\n')
}

/** What a file says, also where it is compressed. */
function readText(path: string): string {
  const bytes = readFileSync(path)
  if (bytes.length < 4) return bytes.toString('latin1')
  if (bytes.readUInt16BE(0) === 0x1f8b) return gunzipSync(bytes).toString('latin1')
  if (bytes.readUInt32LE(0) === 0xfd2fb528) return zstdDecompressSync(bytes).toString('latin1')
  return bytes.toString('latin1')
}

function filesUnder(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

const FORMATS = ['csv', 'ndjson', 'parquet', 'arrow', 'sql']

it('keys are in nothing that comes out', async () => {
  // Something to export, and an error that repeats a line of the file.
  writeFileSync(
    join(folder, 'given.csv'),
    'symbol,interval,ts,open,high,low,close,volume\nIBM,1d,2024-06-03,1,2,0.5,1.5,10\nIBM,1d,2024-06-04,1,0,2,1.5,10\n',
  )
  const said: string[] = []
  const keep = (ended: Ended) => {
    said.push(ended.stdout, ended.stderr)
    return ended
  }
  const fetched = ['fetch', 'AAPL', 'MSFT', '--provider', 'alpha-vantage', '--json']
  keep(await runProcess(fetched, variables))
  const others = [
    ['fetch', 'AAPL', 'MSFT', '--provider', 'polygon'],
    ['runs', '1', '--json'],
    ['runs', '2'],
    ['rejects', '--json'],
    ['providers', '--json'],
    ['canary', '--json'],
    ['doctor', '--json'],
    ['status'],
    ['import', 'given.csv', '--json'],
    ...FORMATS.map((format) => ['export', '--format', format, '-o', `out.${format}`, '--json']),
    ['import', 'out.parquet', '--json'],
    ['bars', 'IBM', '--json'],
    ['revisions', 'IBM', '--json'],
    ['symbols', 'show', 'IBM', '--json'],
    ['gaps', '--json'],
  ]
  keep(await runSeveral(others, variables))
  for (const format of FORMATS) assert.ok(existsSync(join(folder, `out.${format}`)), format)
  assert.ok(said.join().includes('[redacted]'), 'the vendor’s echo did not come this far')
  const created = await runProcess(['keys', 'create', '--role', 'admin', '--json'], variables)
  const { key } = readJson<{ key: string }>(created)
  const about = [
    ['keys', 'list', '--json'],
    ['keys', 'audit', '--json'],
    ['keys', 'revoke', key],
  ]
  keep(await runSeveral(about, variables))

  const server = start(['serve', '--json'], variables)
  const at = (JSON.parse(await server.says('"url"')) as { url: string }).url
  const authorization = `Bearer ${key}`
  for (const [path, headers] of [
    ['/api/v1/etl/jobs', {}],
    ['/api/v1/etl/jobs/1', {}],
    ['/api/v1/etl/jobs/2', { authorization }],
    ['/api/v1/etl/status', { 'x-api-key': key }],
    ['/api/v1/rejects', {}],
    ['/api/v1/providers', {}],
    ['/api/v1/audit', { authorization }],
    ['/metrics', { authorization }],
    ['/metrics', {}],
    ['/openapi.json', {}],
    ['/health', {}],
    ['/api/v1/health', {}],
    ['/api/v1/coverage', {}],
    ['/api/v1/schedules', {}],
    ['/api/v1/stocks/IBM/prices?format=csv', { authorization }],
    ['/api/v1/stocks/IBM/prices?format=parquet', { authorization }],
    ['/api/v1/stocks/IBM/prices/latest', { 'x-api-key': key }],
    [`/api/v1/stocks/IBM/prices?interval=${PLANTED[0]}`, {}],
    ['/nope', { authorization, cookie: `key=${key}` }],
    [`/api/v1/stocks?token=${key}`, {}],
    [`/api/v1/stocks/${key}`, {}],
    ['/api/v1/stocks/AAPL/prices', { authorization: `Bearer ${key}0` }],
  ] as const) {
    const answer = await fetch(`${at}${path}`, { headers })
    said.push(await answer.text(), JSON.stringify([...answer.headers]))
  }
  server.child.kill('SIGTERM')
  keep(await server.ended)

  said.push(await dump())
  const files = filesUnder(folder)
  assert.ok(files.length > 0)
  for (const file of files) said.push(readText(file))
  const all = said.join('\n')
  // Part of a key's secret is too much already.
  const secret = key.slice(key.lastIndexOf('_') + 1)
  const secrets = [...PLANTED, secret.slice(0, 10), secret.slice(-10), new URL(url).password]
  for (const text of secrets) {
    const place = all.indexOf(text)
    assert.equal(place, -1, `${text} stands in …${all.slice(Math.max(0, place - 150), place + 20)}`)
  }
})
