-- Whether a store holds real or simulated data: decided by the first command that writes, and then for
-- good, so that the two can never mix. No row: nothing was written yet.
CREATE TABLE stockyard.store_kind (
  one_row    boolean PRIMARY KEY DEFAULT true CHECK (one_row),
  simulated  boolean NOT NULL,
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
