-- What is done by itself while a process keeps the watch list current, and what people said about it. One of
-- the processes on a database writes: the one whose session holds the lock of src/db/round-lock.ts.
CREATE TABLE stockyard.schedules (
  name             text PRIMARY KEY,
  paused_at        timestamptz,  -- null: it is not paused
  paused_by        text,
  reason           text,         -- of the pause
  run_requested_at timestamptz,  -- somebody wants it done once more, now
  next_at          timestamptz,  -- null: nobody knows, or never
  begun_at         timestamptz,  -- null: it is not being done
  last_at          timestamptz,  -- when it was done last, whatever came of it
  last_run         bigint REFERENCES stockyard.runs (id),  -- null: it made no run
  last_status      text CHECK (last_status IN ('succeeded', 'partial', 'failed', 'interrupted', 'skipped')),
  keeper_session   integer,      -- pg_backend_pid() of the session that holds the lock
  keeper_host      text,
  keeper_pid       integer
);
INSERT INTO stockyard.schedules (name) VALUES ('keep-current'), ('actions');
