/** Runs whose process is gone are closed, whatever number it had. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { it } from 'node:test'
import { closeAbandonedRuns } from '../../src/db/runs.ts'
import { makeDatabase } from '../support/database.ts'

const { pool } = await makeDatabase()

async function addRun(host: string, pid: number, startedAt: string): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO stockyard.runs (job, arguments, host, pid, started_at)
     VALUES ('fetch', '{}', $1, $2, ${startedAt}) RETURNING id`,
    [host, pid],
  )
  return rows[0]!.id
}

it('closes runs of this host that nobody works on any more, and no other', async () => {
  const gone = spawnSync(process.execPath, ['--version']).pid
  const now = 'clock_timestamp()'
  const yesterday = "clock_timestamp() - interval '1 day'"
  const ids = {
    dead: await addRun(hostname(), gone, now),
    ours: await addRun(hostname(), process.pid, now),
    // Our number, but from before we were there: a container gives the same one each time.
    namesake: await addRun(hostname(), process.pid, yesterday),
    parent: await addRun(hostname(), process.ppid, yesterday),
    elsewhere: await addRun('another-host', gone, yesterday),
  }
  await closeAbandonedRuns(pool)
  const { rows } = await pool.query<{ id: number; status: string }>(
    'SELECT id, status FROM stockyard.runs',
  )
  const status = new Map(rows.map((row) => [row.id, row.status]))
  assert.deepEqual(
    Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, status.get(id)])),
    {
      dead: 'interrupted',
      ours: 'running',
      namesake: 'interrupted',
      parent: 'running',
      elsewhere: 'running',
    },
  )
})
