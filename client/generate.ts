/** `npm run client`: writes operations.js and operations.d.ts anew, from the document of this very code. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPool } from '../src/db/connect.ts'
import { appOver } from '../test/api/app-under-test.ts'
import { writeClient, type OpenApiDocument } from './typescript-of.ts'

// Nothing is asked of a database to describe what could be.
const pool = openPool('postgres://nobody@127.0.0.1:1/none')
const app = await appOver(pool)
await app.ready()
const { table, types } = writeClient(app.swagger() as unknown as OpenApiDocument)
await app.close()
await pool.end()
writeFileSync(join(import.meta.dirname, 'operations.js'), table)
writeFileSync(join(import.meta.dirname, 'operations.d.ts'), types)
