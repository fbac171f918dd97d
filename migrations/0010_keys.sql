-- API keys and the audit.

-- What is kept of an API key: enough to recognise it, not enough to make it.
CREATE TABLE stockyard.api_keys (
  id           text PRIMARY KEY,           -- the public part of the key
  role         text NOT NULL CHECK (role IN ('read', 'write', 'admin')),
  name         text,
  secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),   -- SHA-256 of the whole key
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz,                -- null: never
  revoked_at   timestamptz,
  last_used_at timestamptz,                -- to the minute
  rotated_from text REFERENCES stockyard.api_keys (id)
);

-- Who did what. Only ever added to.
CREATE TABLE stockyard.audit (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL,
  action  text NOT NULL,
  actor   text NOT NULL,                   -- key:<id>, token:<subject>, local, or user:<name> at the command line
  address text,                            -- where the request came from
  target  text,                            -- what it was about
  detail  text
);

CREATE FUNCTION stockyard.refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is only ever added to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stockyard.audit
  FOR EACH STATEMENT EXECUTE FUNCTION stockyard.refuse_audit_change();
