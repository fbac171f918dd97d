/** A database whose clock a test moves on, as its server's own cannot be. */
import type { Pool } from '../../src/db/connect.ts'

/** Named before pg_catalog, the function is the one that every statement finds. */
const MOVABLE_CLOCK = `
  CREATE SCHEMA moved;
  CREATE TABLE moved.clock AS SELECT 0::double precision AS ms;
  CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT pg_catalog.clock_timestamp() + ms * interval '1 millisecond' FROM moved.clock $$;
  DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = moved, pg_catalog, "$user", public',
      current_database());
  END $$;`

/** Gives a database a clock that moves; connections that are opened from then on go by it. */
export async function makeClockMovable(pool: Pool): Promise<(ms: number) => Promise<void>> {
  await pool.query(MOVABLE_CLOCK)
  return async (ms) => void (await pool.query('UPDATE moved.clock SET ms = ms + $1', [ms]))
}
