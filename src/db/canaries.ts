/** The table canaries: what the last canary found of each provider. */
import type { Queryable } from './connect.ts'

export type CanaryStatus = 'ok' | 'changed' | 'refused' | 'unreachable'

export interface StoredCanary {
  readonly provider: string
  /** Milliseconds UTC. */
  readonly checkedAt: number
  readonly status: CanaryStatus
  /** Place of the call to make next time. */
  readonly nextProbe: number
}

/** The last canaries, by provider. */
export async function readCanaries(db: Queryable): Promise<ReadonlyMap<string, StoredCanary>> {
  const { rows } = await db.query<{
    provider: string
    checked_at: Date
    status: CanaryStatus
    next_probe: number
  }>('SELECT provider, checked_at, status, next_probe FROM stockyard.canaries')
  return new Map(
    rows.map((row) => [
      row.provider,
      {
        provider: row.provider,
        checkedAt: row.checked_at.getTime(),
        status: row.status,
        nextProbe: row.next_probe,
      },
    ]),
  )
}

/** Keeps what a canary found, in place of what the last one did. */
export async function storeCanary(
  db: Queryable,
  canary: StoredCanary,
  result: Readonly<Record<string, unknown>>,
): Promise<void> {
  await db.query(
    `INSERT INTO stockyard.canaries (provider, checked_at, status, next_probe, result)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (provider) DO UPDATE SET
       checked_at = excluded.checked_at, status = excluded.status,
       next_probe = excluded.next_probe, result = excluded.result`,
    [
      canary.provider,
      new Date(canary.checkedAt),
      canary.status,
      canary.nextProbe,
      JSON.stringify(result),
    ],
  )
}
