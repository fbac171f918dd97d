-- Sessions that are there in part, of which the vendor said the same when a repair asked once more. It counts for
-- the page that the run wrote: a page that changed since is one of which nobody was asked again.
CREATE TABLE stockyard.repeated_sessions (
  series_id integer NOT NULL,
  starts_on date NOT NULL,
  run_id bigint NOT NULL,
  PRIMARY KEY (series_id, starts_on)
);
