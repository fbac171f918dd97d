-- Runs that wait for their turn, that somebody wants to end, and of which the details are gone.
ALTER TABLE stockyard.runs
  DROP CONSTRAINT runs_status_check,
  ADD CONSTRAINT runs_status_check
    CHECK (status IN ('queued', 'running', 'succeeded', 'partial', 'failed', 'interrupted')),
  -- Somebody wants it to end. Of a run that waits, arguments is what was asked for.
  ADD COLUMN cancelled_at timestamptz,
  -- Sums over its tasks, since those are gone; null while they are there.
  ADD COLUMN totals jsonb;
CREATE INDEX runs_queued ON stockyard.runs (id) WHERE status = 'queued';
CREATE INDEX runs_with_tasks ON stockyard.runs (started_at) WHERE totals IS NULL;

-- Calls of tasks that are gone, by vendor, so that sums over all time do not shrink.
CREATE TABLE stockyard.past_requests (
  provider text PRIMARY KEY,
  requests bigint NOT NULL
);

-- A refusal holds for the key that was refused: see accountOf in src/db/plan-limits.ts. Pauses of before are
-- short, and of a key that is not known.
DELETE FROM stockyard.budget_pauses;
ALTER TABLE stockyard.budget_pauses
  ADD COLUMN account text NOT NULL,
  DROP CONSTRAINT budget_pauses_pkey,
  ADD PRIMARY KEY (provider, account);

-- How many rows of a series were refused, so that nobody counts them.
ALTER TABLE stockyard.series_heads ADD COLUMN rejects bigint NOT NULL DEFAULT 0;
UPDATE stockyard.series_heads h SET rejects = r.rejects
FROM (SELECT series_id, count(*) AS rejects FROM stockyard.rejects GROUP BY series_id) AS r
WHERE r.series_id = h.series_id;
