-- Lanes of calls, and what a plan was found to lack.

-- Calls that wait for their turn. Less urgent ones let them go first.
CREATE TABLE stockyard.budget_waits (
  provider    text NOT NULL,
  waiter      uuid NOT NULL,
  lane        text NOT NULL CHECK (lane IN ('live', 'close', 'repair', 'backfill')),
  expected_by timestamptz NOT NULL, -- past this nobody waits any more, however that came
  PRIMARY KEY (provider, waiter)
);

-- Limits below those of the configured budget, as refusals showed them. They hold for one key and budget
-- (account is a hash of both), so that a change of either forgets them.
CREATE TABLE stockyard.budget_ceilings (
  provider      text NOT NULL,
  account       text NOT NULL,
  budget_window text NOT NULL CHECK (budget_window IN ('second', 'minute', 'day')),
  calls         integer NOT NULL CHECK (calls > 0),
  vendor_words  text NOT NULL,
  seen_at       timestamptz NOT NULL,
  holds_until   timestamptz NOT NULL,
  PRIMARY KEY (provider, account, budget_window)
);

-- What a vendor refused because the plan lacks it: nobody asks again before then.
CREATE TABLE stockyard.plan_limits (
  provider     text NOT NULL,
  account      text NOT NULL,
  topic        text NOT NULL,       -- what calls are refused together, e.g. `bars 1d full`
  vendor_words text NOT NULL,       -- without keys
  refused_at   timestamptz NOT NULL,
  retry_after  timestamptz NOT NULL,
  PRIMARY KEY (provider, account, topic)
);
