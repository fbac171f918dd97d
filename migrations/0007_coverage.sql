-- The coverage ledger beside the heads of series: small ranges of days that move in the transaction of each
-- load, so that what is missing can be told without opening a page.
ALTER TABLE stockyard.series_heads
  ADD COLUMN span        daterange,                           -- from the first to the last day ever covered
  ADD COLUMN no_trades   datemultirange NOT NULL DEFAULT '{}', -- answered for, and no bar came
  ADD COLUMN not_offered datemultirange NOT NULL DEFAULT '{}', -- the vendor said that it has none to give
  -- Days of which a bar was refused, and sessions with fewer than half of the regular bars.
  ADD COLUMN partial     datemultirange NOT NULL DEFAULT '{}',
  ADD COLUMN pages       integer NOT NULL DEFAULT 0;

UPDATE stockyard.series_heads h SET
  span = nullif(range_merge(covered), 'empty'::daterange),
  pages = (SELECT count(*) FROM stockyard.pages p WHERE p.series_id = h.series_id);

-- Rows taken out of the columns by hand must show in the count, which is held against the head's. New rows
-- only: those that are there were counted by the program.
ALTER TABLE stockyard.pages
  ADD CONSTRAINT pages_bars_counted CHECK (bars = cardinality(ts)) NOT VALID;

-- Sessions on which nothing came of any symbol: an exchange that closed unannounced, or a vendor's outage.
CREATE TABLE stockyard.closure_alerts (
  exchange    text NOT NULL,      -- ISO 10383
  day         date NOT NULL,
  symbols     integer NOT NULL,   -- how many came back empty
  run_id      bigint NOT NULL,    -- the run that found it
  raised_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  resolved_at timestamptz,        -- when a closure was recorded, or bars of the day came after all
  PRIMARY KEY (exchange, day)
);
