-- Reference data, corporate actions, and closures that nobody announced in time.

ALTER TABLE stockyard.instruments
  ADD COLUMN listed_on   date,   -- first day of trading, where a vendor says it
  ADD COLUMN delisted_on date;   -- first day on which it was no longer listed

-- The ledger of splits and dividends. A row whose values a vendor changed is kept with replaced_at set,
-- and the new values get a row of their own: what was known when can always be told.
CREATE TABLE stockyard.actions (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id integer NOT NULL REFERENCES stockyard.instruments (id),
  provider      text NOT NULL,
  kind          text NOT NULL
                CHECK (kind IN ('split', 'dividend', 'special-dividend', 'capital-gain')),
  ex_day        date NOT NULL,             -- the first session that trades without it
  number        smallint NOT NULL DEFAULT 1, -- counts those of a kind and day, by amount
  new_shares    double precision,          -- of a split: so many new shares …
  old_shares    double precision,          -- … for so many old ones
  amount        double precision,          -- of a payment: for one share
  currency      text,                      -- null where the vendor does not say
  basis         text CHECK (basis IN ('raw', 'split')), -- of a payment; see series.basis
  run_id        bigint,                    -- the run that brought it; null outside of runs
  first_seen    timestamptz NOT NULL,
  replaced_at   timestamptz,               -- null while it is what the vendor says
  CHECK ((kind = 'split') = (new_shares IS NOT NULL AND old_shares IS NOT NULL)),
  CHECK ((kind = 'split') = (amount IS NULL))
);
CREATE UNIQUE INDEX actions_current ON stockyard.actions (instrument_id, provider, kind, ex_day, number)
  WHERE replaced_at IS NULL;

-- Days on which an exchange is closed, or has other hours than the built-in calendar says.
CREATE TABLE stockyard.closures (
  exchange   text NOT NULL,                -- ISO 10383
  day        date NOT NULL,
  closed     boolean NOT NULL,
  opens      text CHECK (opens ~ '^\d\d:\d\d$'),  -- on the exchange's clock; null for as usual
  closes     text CHECK (closes ~ '^\d\d:\d\d$'),
  reason     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (exchange, day),
  CHECK (NOT closed OR (opens IS NULL AND closes IS NULL))
);
