-- When the process that keeps series current last asked by itself what an instrument is of which no vendor
-- had said anything; null: never.
ALTER TABLE stockyard.instruments ADD COLUMN reference_asked_at timestamptz;
