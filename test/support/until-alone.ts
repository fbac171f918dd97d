/** The end of a process, as the database sees it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from '../../src/db/connect.ts'

/** Waits until the server has noticed that a killed process is gone: until the test alone is connected. */
export async function untilAlone(pool: Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ others: number }>(
      `SELECT count(*)::integer AS others FROM pg_stat_activity
       WHERE datname = current_database() AND application_name <> 'test'`,
    )
    if (rows[0]!.others === 0) return
    await delay(5)
  }
}
