/** Makes a migrated database that a test has filled as empty again as the migrations leave it. */
import type { Pool } from '../../src/db/connect.ts'

/** What the migrations themselves put into tables: rows as JSON, by the name of the table. */
export interface Seeds {
  readonly tables: readonly string[]
  readonly rows: Readonly<Record<string, unknown>>
}

/** The tables of a database of which nothing was used yet, and what is in them. */
export async function readSeeds(pool: Pool): Promise<Seeds> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'stockyard' AND table_type = 'BASE TABLE' AND table_name <> 'migrations'`,
  )
  const tables = rows.map(({ name }) => name)
  const seeds: Record<string, unknown> = {}
  for (const name of await filledTables(pool, tables)) {
    const found = await pool.query<{ rows: unknown }>(
      `SELECT json_agg(t) AS rows FROM stockyard.${name} t`,
    )
    seeds[name] = found.rows[0]!.rows
  }
  return { tables, rows: seeds }
}

/**
 * Empties all tables but for their seeds, and starts all counters anew. False where something is in the
 * audit, which nobody can empty.
 */
export async function emptyDatabase(pool: Pool, { tables, rows }: Seeds): Promise<boolean> {
  const filled = await filledTables(pool, tables)
  if (filled.includes('audit')) return false
  if (filled.length > 0) {
    await pool.query(`TRUNCATE ${filled.map((name) => `stockyard.${name}`).join()} CASCADE`)
  }
  await pool.query(
    `SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
     FROM pg_sequences WHERE schemaname = 'stockyard' AND last_value IS NOT NULL`,
  )
  for (const [name, seeded] of Object.entries(rows)) {
    const text = `INSERT INTO stockyard.${name} OVERRIDING SYSTEM VALUE
      SELECT * FROM json_populate_recordset(NULL::stockyard.${name}, $1)`
    await pool.query(text, [JSON.stringify(seeded)])
  }
  return true
}

async function filledTables(pool: Pool, tables: readonly string[]): Promise<string[]> {
  const texts = tables.map(
    (name) => `SELECT '${name}' AS name WHERE EXISTS (SELECT FROM stockyard.${name})`,
  )
  const { rows } = await pool.query<{ name: string }>(texts.join(' UNION ALL '))
  return rows.map(({ name }) => name)
}
