-- When vendors were asked for all splits and dividends of an instrument, so that the ledger is kept current
-- and no call is spent on it sooner than it has to be.
CREATE TABLE stockyard.action_asks (
  instrument_id integer NOT NULL REFERENCES stockyard.instruments (id),
  provider      text NOT NULL,
  asked_at      timestamptz NOT NULL,   -- the last call, whatever came of it
  answered_at   timestamptz,            -- when the vendor told all that it knows; null: never yet
  failure       text,                   -- code of what went wrong when it was asked last
  PRIMARY KEY (instrument_id, provider)
);
