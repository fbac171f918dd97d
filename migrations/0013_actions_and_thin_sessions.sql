-- What reads of bars ask for at every question is all that was ever said of one instrument's actions, rows
-- that were replaced included; the index of those that hold does not have them.
CREATE INDEX actions_instrument ON stockyard.actions (instrument_id);

-- Sessions that were stored before the ledger knew of partial ones: those with fewer than half of their
-- regular bars are in doubt, as if they had come today.
UPDATE stockyard.series_heads h
SET partial = h.partial + thin.days
FROM (
  SELECT p.series_id, range_agg(daterange(p.starts_on, p.starts_on + 1)) AS days
  FROM stockyard.series s
  JOIN stockyard.pages p ON p.series_id = s.id
  WHERE s.interval IN ('1m', '5m', '15m', '30m', '1h') AND p.regular_bars * 2 < p.expected_bars
  GROUP BY p.series_id
) AS thin
WHERE thin.series_id = h.series_id;
