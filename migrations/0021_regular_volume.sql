-- What the bars of an intraday page say was traded, from the session's open to the auction at its close, as its
-- load summed it: it is held against the day's volume without a column being opened. NaN where that is not known
-- of each bar; null in pages of before, which are summed when gaps are listed, and in those of days and longer.
ALTER TABLE stockyard.pages ADD COLUMN regular_volume real;
ALTER TABLE stockyard.page_versions ADD COLUMN regular_volume real;
