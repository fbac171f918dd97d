/** A day of a budget that does not end while a test runs, at whatever hour that is. */
import { openPool } from '../../src/db/connect.ts'

/**
 * Keeps the end of the day away from a database that nobody has used yet. In the last minutes of the day that
 * vendors count in New York, a call that is refused for the day waits for the next one in place of failing.
 * Clocks of databases may be ahead: then this one is, by half an hour, and the next day has begun.
 */
export async function keepDayFromEnding(url: string): Promise<void> {
  const pool = openPool(url, { max: 1, applicationName: 'test' })
  try {
    const { rowCount } = await pool.query(
      "SELECT WHERE (clock_timestamp() AT TIME ZONE 'America/New_York')::time > '23:40'",
    )
    if (rowCount !== 0) await pool.query(CLOCK_AHEAD)
  } finally {
    await pool.end()
  }
}

/** Named before pg_catalog, the function is the one that every statement finds. */
const CLOCK_AHEAD = `
  CREATE SCHEMA ahead;
  GRANT USAGE ON SCHEMA ahead TO PUBLIC;
  CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT pg_catalog.clock_timestamp() + interval '30 minutes' $$;
  DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = ahead, pg_catalog, "$user", public',
      current_database());
  END $$;`
