/** A simulated Polygon, and the environment of commands that ask it and keep what they learn in a store. */
import { after } from 'node:test'
import { startSandbox } from '../../src/sandbox/server.ts'
import { makeDatabase } from '../support/database.ts'

/** Ends with the file. */
export async function startPolygon() {
  const sandbox = await startSandbox({ port: 0, clock: () => Date.now() })
  after(() => sandbox.close())
  const database = await makeDatabase()
  const env = {
    DATABASE_URL: database.url,
    POLYGON_BASE_URL: sandbox.url,
    POLYGON_API_KEY: 'a-key-for-tests',
    POLYGON_BUDGET: 'unlimited',
  }
  return { sandbox, env }
}
