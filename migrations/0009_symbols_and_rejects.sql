-- Symbols as they were known, and what became of rejects.

-- Since when the store knows an alias. An alias that is changed or taken away is kept in symbol_versions:
-- together the two tell which symbols were known at any instant.
ALTER TABLE stockyard.symbols
  ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT clock_timestamp();
UPDATE stockyard.symbols y SET recorded_at = i.created_at
FROM stockyard.instruments i WHERE i.id = y.instrument_id;

CREATE TABLE stockyard.symbol_versions (
  symbol        text NOT NULL,
  instrument_id integer NOT NULL REFERENCES stockyard.instruments (id),
  valid_from    date NOT NULL,
  valid_until   date,
  recorded_at   timestamptz NOT NULL,
  replaced_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX symbol_versions_symbol ON stockyard.symbol_versions (symbol);

-- Tasks that found nothing at a vendor: what tells of a symbol that has gone dark.
CREATE INDEX tasks_found_nothing ON stockyard.tasks (symbol, interval, provider, finished_at)
  WHERE error_code IN ('SYMBOL_UNKNOWN', 'NO_DATA');

-- A reject is open until a person accepts or drops it, or a later reading of the answer resolves it.
ALTER TABLE stockyard.rejects
  ADD COLUMN status text NOT NULL DEFAULT 'open'
    CHECK (status IN ('open', 'accepted', 'dropped', 'resolved')),
  -- When the answer had come: finds it in the archive. Null for rejects older than this column.
  ADD COLUMN received_at timestamptz,
  -- open, high, low, close, volume, vwap, trades as they were read, NaN where absent; null where the row
  -- could not be read as a bar.
  ADD COLUMN bar_values double precision[] CHECK (cardinality(bar_values) = 7);
CREATE INDEX rejects_open ON stockyard.rejects (id DESC) WHERE status = 'open';

-- What was decided about rejects, by whom and why. Only ever added to.
CREATE TABLE stockyard.reject_decisions (
  series_id  integer NOT NULL,
  reject_id  bigint NOT NULL,
  number     bigint GENERATED ALWAYS AS IDENTITY,
  status     text NOT NULL CHECK (status IN ('open', 'accepted', 'dropped', 'resolved')),
  decided_by text NOT NULL,
  reason     text NOT NULL,
  run_id     bigint,                 -- the run that loaded the bar; null where none was
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (series_id, reject_id, number)
);
