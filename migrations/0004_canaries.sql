-- What the last canary found of each provider: a call that shows whether the vendor still behaves as
-- its adapter was built for.
CREATE TABLE stockyard.canaries (
  provider   text PRIMARY KEY,
  checked_at timestamptz NOT NULL,
  status     text NOT NULL CHECK (status IN ('ok', 'changed', 'refused', 'unreachable')),
  -- Place in the adapter's list of the call to make next time: a lesser one where the plan lacked this.
  next_probe integer NOT NULL,
  -- The call, the checks with their evidence, and the error, as `stockyard canary --json` shows them.
  result     jsonb NOT NULL
);
