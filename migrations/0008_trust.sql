-- What people decided: priorities of vendors, disagreements, muted rules, actions confirmed or refused.
-- Nothing is overwritten, so that an as-of read finds what held then.

-- Which vendor's bars come first in merged reads, for a kind of instrument and an interval. The row that
-- says more wins: kind and interval, then kind, then interval, then neither.
CREATE TABLE stockyard.provider_priorities (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text,                        -- null: instruments of any kind
  interval    text,                        -- null: any interval
  providers   text[] NOT NULL,             -- the first one comes first
  set_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  set_by      text NOT NULL,
  replaced_at timestamptz                  -- null while it holds
);
CREATE UNIQUE INDEX provider_priorities_current
  ON stockyard.provider_priorities (coalesce(kind, ''), coalesce(interval, ''))
  WHERE replaced_at IS NULL;

-- What verify found. The same thing found again is the same row; gone_at tells since when it is not
-- found any more.
CREATE TABLE stockyard.findings (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id integer NOT NULL REFERENCES stockyard.instruments (id),
  rule          text NOT NULL,
  subject       text NOT NULL,             -- tells findings of one rule apart, and stays the same
  interval      text,
  provider      text,                      -- whose bars or action it is about
  other         text,                      -- the vendor that says otherwise
  kind          text CHECK (kind IN ('split', 'payment')), -- of an action
  from_day      date NOT NULL,             -- the sessions, or the ex day, [from_day, until_day)
  until_day     date NOT NULL,
  message       text NOT NULL,
  evidence      jsonb NOT NULL DEFAULT '{}',
  found_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  gone_at       timestamptz,
  UNIQUE (instrument_id, rule, subject)
);

-- What a person made of findings, and of actions that are in doubt.
CREATE TABLE stockyard.decisions (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  verdict       text NOT NULL
                -- an action counts or does not; a vendor's bars come first; a rule is not to be told
                CHECK (verdict IN ('apply', 'refuse', 'prefer', 'mute')),
  instrument_id integer REFERENCES stockyard.instruments (id), -- null: all of them
  finding_id    bigint,                    -- what it was decided on, if anything
  rule          text,                      -- of mute
  kind          text CHECK (kind IN ('split', 'payment')), -- of apply and refuse
  provider      text,                      -- whose side was taken; null: nobody's
  interval      text,
  from_day      date,                      -- days that it is about, [from_day, until_day); null: all
  until_day     date,
  reason        text NOT NULL,
  decided_by    text NOT NULL,
  decided_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  withdrawn_at  timestamptz,
  CHECK ((verdict = 'mute') = (rule IS NOT NULL)),
  CHECK ((verdict IN ('apply', 'refuse')) = (kind IS NOT NULL)),
  CHECK (verdict = 'mute' OR (instrument_id IS NOT NULL AND from_day IS NOT NULL))
);
CREATE INDEX decisions_instrument ON stockyard.decisions (instrument_id);
