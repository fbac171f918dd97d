-- What the vendor says of a series beside its bars (zone, precision, exchange and such), as the newest answer
-- has it, without what moves with prices or with the call; null: nothing.
ALTER TABLE stockyard.series ADD COLUMN metadata jsonb;
