-- Nothing plans by what the columns of pages hold, and to read them for statistics costs as much as reading
-- the table: autovacuum did so after each large load.
ALTER TABLE stockyard.pages
  ALTER COLUMN ts SET STATISTICS 0, ALTER COLUMN provisional SET STATISTICS 0,
  ALTER COLUMN open SET STATISTICS 0, ALTER COLUMN high SET STATISTICS 0,
  ALTER COLUMN low SET STATISTICS 0, ALTER COLUMN close SET STATISTICS 0,
  ALTER COLUMN volume SET STATISTICS 0, ALTER COLUMN vwap SET STATISTICS 0,
  ALTER COLUMN trades SET STATISTICS 0, ALTER COLUMN wide SET STATISTICS 0,
  ALTER COLUMN known_after SET STATISTICS 0;
ALTER TABLE stockyard.page_versions
  ALTER COLUMN ts SET STATISTICS 0, ALTER COLUMN provisional SET STATISTICS 0,
  ALTER COLUMN open SET STATISTICS 0, ALTER COLUMN high SET STATISTICS 0,
  ALTER COLUMN low SET STATISTICS 0, ALTER COLUMN close SET STATISTICS 0,
  ALTER COLUMN volume SET STATISTICS 0, ALTER COLUMN vwap SET STATISTICS 0,
  ALTER COLUMN trades SET STATISTICS 0, ALTER COLUMN wide SET STATISTICS 0,
  ALTER COLUMN known_after SET STATISTICS 0;

-- The newest changes of a series, for whoever lists its revisions.
CREATE INDEX page_versions_newest ON stockyard.page_versions (series_id, valid_until);
