-- Since when each final bar is known, so that a read as of an instant is the same for ever. A version of a
-- page lasts over [valid_from, valid_until); bars that become final meanwhile say since when they are.
-- See docs/decisions/0006-known-since.md.

-- Of the last bars of the page, each: milliseconds from the bar's start (a date: its 00:00 UTC) until it was
-- final in the store, less 2^31. Final bars before these are known since valid_from; null: all are.
ALTER TABLE stockyard.pages ADD COLUMN known_after integer[];
ALTER TABLE stockyard.page_versions ADD COLUMN known_after integer[];
ALTER TABLE stockyard.pages ALTER COLUMN known_after SET STORAGE EXTERNAL;
ALTER TABLE stockyard.page_versions ALTER COLUMN known_after SET STORAGE EXTERNAL;

-- Until now a page to which bars were appended did not say when. The first version of a page counts as known
-- since its last change: later than it was for most of its bars, but for none of them earlier. Later versions
-- stay as they are, so that they follow one another.
UPDATE stockyard.pages p SET valid_from = least(observed_at, clock_timestamp())
  WHERE observed_at > valid_from AND NOT EXISTS (
    SELECT FROM stockyard.page_versions v
    WHERE v.series_id = p.series_id AND v.starts_on = p.starts_on);
UPDATE stockyard.page_versions p SET valid_from = least(observed_at, valid_until)
  WHERE observed_at > valid_from AND NOT EXISTS (
    SELECT FROM stockyard.page_versions v
    WHERE v.series_id = p.series_id AND v.starts_on = p.starts_on AND v.valid_until < p.valid_until);

-- When the ledger of splits and dividends held a row, by the clock of the database; first_seen and
-- replaced_at say when the vendor's answers had come.
ALTER TABLE stockyard.actions
  ADD COLUMN known_from  timestamptz,
  ADD COLUMN known_until timestamptz;
UPDATE stockyard.actions SET known_from = first_seen, known_until = replaced_at;
ALTER TABLE stockyard.actions ALTER COLUMN known_from SET NOT NULL;

-- An instant that has passed; an error where it has not, since what is known then can still change.
CREATE FUNCTION stockyard.past_instant(instant timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF instant > clock_timestamp() THEN
    RAISE EXCEPTION 'Nothing is known yet as of %.', instant
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Name an instant that has passed.';
  END IF;
  RETURN instant;
END
$$;

-- The bars of one symbol over [from, until) that were final in the store at an instant, with the values
-- that they had then. The same instant gives the same rows for ever, once no load is in flight that had
-- begun before it: the program waits for those, plain SQL has to leave some minutes.
CREATE FUNCTION stockyard.bars_as_of(
  symbol text, "interval" text, "from" date, until date, as_of timestamptz)
RETURNS TABLE (
  provider text, basis text, ts timestamptz, session date, open double precision,
  high double precision, low double precision, close double precision, volume double precision,
  vwap double precision, trades bigint
)
LANGUAGE sql STABLE AS $$
  WITH asked AS MATERIALIZED (
    SELECT stockyard.past_instant($5) AS instant,
           $2 IN ('1m', '5m', '15m', '30m', '1h') AS intraday,
           CASE WHEN $2 IN ('1m', '5m', '15m', '30m', '1h') THEN $3
                WHEN $2 = '1d' THEN date_trunc('year', $3::timestamp)::date
                ELSE date_trunc('decade', $3::timestamp)::date END AS first_page
  )
  SELECT
    s.provider, s.basis,
    CASE WHEN a.intraday THEN b.starts_at END,
    CASE WHEN NOT a.intraday THEN p.starts_on + b.ts::integer END,
    CASE WHEN p.price_digits >= 0 THEN b.open / d.price ELSE p.wide[b.n] END,
    CASE WHEN p.price_digits >= 0 THEN b.high / d.price ELSE p.wide[p.bars + b.n] END,
    CASE WHEN p.price_digits >= 0 THEN b.low / d.price ELSE p.wide[2 * p.bars + b.n] END,
    CASE WHEN p.price_digits >= 0 THEN b.close / d.price ELSE p.wide[3 * p.bars + b.n] END,
    CASE WHEN p.price_digits >= 0 THEN b.volume / d.volume ELSE p.wide[4 * p.bars + b.n] END,
    CASE WHEN p.price_digits >= 0 THEN b.vwap / d.price ELSE p.wide[5 * p.bars + b.n] END,
    b.trades::bigint
  FROM asked a
  CROSS JOIN stockyard.symbols y
  JOIN stockyard.series s ON s.instrument_id = y.instrument_id AND s.interval = $2
  CROSS JOIN LATERAL (
    SELECT starts_on, bars, price_digits, volume_digits, ts, provisional, known_after,
           open, high, low, close, volume, vwap, trades, wide
    FROM stockyard.pages
    WHERE series_id = s.id AND starts_on >= a.first_page AND starts_on < $4
      AND valid_from <= a.instant
    UNION ALL
    SELECT starts_on, bars, price_digits, volume_digits, ts, provisional, known_after,
           open, high, low, close, volume, vwap, trades, wide
    FROM stockyard.page_versions
    WHERE series_id = s.id AND starts_on >= a.first_page AND starts_on < $4
      AND valid_from <= a.instant AND valid_until > a.instant
  ) AS p
  CROSS JOIN LATERAL (
    SELECT power(10::double precision, p.price_digits) AS price,
           power(10::double precision, p.volume_digits) AS volume,
           p.bars - coalesce(cardinality(p.known_after), 0) AS known_bars
  ) AS d
  CROSS JOIN LATERAL (
    SELECT u.*, (p.starts_on::timestamp AT TIME ZONE 'UTC') + u.ts *
      CASE WHEN a.intraday THEN interval '1 minute' ELSE interval '24 hours' END AS starts_at
    FROM unnest(p.ts, p.open, p.high, p.low, p.close, p.volume, p.vwap, p.trades)
      WITH ORDINALITY AS u (ts, open, high, low, close, volume, vwap, trades, n)
  ) AS b
  WHERE y.symbol = $1 AND y.valid_until IS NULL
    AND (a.intraday OR (p.starts_on + b.ts::integer >= $3 AND p.starts_on + b.ts::integer < $4))
    AND (p.provisional IS NULL OR b.ts <> ALL (p.provisional))
    AND (b.n <= d.known_bars OR
         b.starts_at + (p.known_after[b.n - d.known_bars] + 2147483648) * interval '1 millisecond'
           <= a.instant)
  ORDER BY 1, 3, 4
$$;

COMMENT ON FUNCTION stockyard.bars_as_of(text, text, date, date, timestamptz) IS
  'The bars of one symbol over [from, until) that were final in the store at an instant.';
