-- What happened, for those who listen (GET /api/v1/stream): each row is written in the transaction that it
-- tells of. See docs/decisions/0008-event-stream.md.
CREATE SEQUENCE stockyard.event_ids;

-- The next id of an event. Transactions do not commit in the order of their ids, so each one that takes an id
-- holds a lock until it ends, in whose number stands the last id that had been given before: all that it
-- takes are greater. The number is 0x5E00 in the upper 16 bits, and that id below. One lock is enough for a
-- transaction; the setting says that it has one, and goes with it.
CREATE FUNCTION stockyard.next_event_id() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('stockyard.tells', true), '') = '' THEN
    PERFORM pg_advisory_xact_lock_shared(
      (24064::bigint << 48) + CASE WHEN is_called THEN last_value ELSE 0 END)
    FROM stockyard.event_ids;
    PERFORM set_config('stockyard.tells', 'yes', true);
  END IF;
  RETURN nextval('stockyard.event_ids');
END $$;

-- The last id that was given, and the horizon: all events up to it are there or never will be, for whoever
-- reads after this. The one comes before the other: who has no lock yet takes an id after the last one. With the
-- rights of the owner, since a role that only reads may not read a sequence.
CREATE FUNCTION stockyard.event_horizon(OUT last_id bigint, OUT horizon bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  last_id := (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM stockyard.event_ids);
  horizon := least(last_id, (
    SELECT min(((classid::bigint & 65535) << 32) + objid::bigint) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND (classid::bigint >> 16) = 24064
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())));
END $$;

CREATE TABLE stockyard.events (
  id       bigint PRIMARY KEY DEFAULT stockyard.next_event_id(),
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  type     text NOT NULL,
  symbol   text,   -- null: it is about no one symbol
  interval text,   -- null: it is about no one interval
  data     json NOT NULL
);

-- The newest event that was removed, so that whoever goes on from before it can be told.
CREATE TABLE stockyard.events_removed (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  id       bigint NOT NULL
);
INSERT INTO stockyard.events_removed (id) VALUES (0);

-- When it was last told how far a run is.
ALTER TABLE stockyard.runs ADD COLUMN told_at timestamptz NOT NULL DEFAULT now();
