-- The store. All objects live in the schema "stockyard", which the migration runner has made.
--
-- Built so that Citus can spread it later: the tables that grow with the data (series_heads, pages,
-- page_versions, rejects) lead every key with series_id and have no foreign key; the others are small
-- and can be reference tables.

-- What is traded. An id is permanent; what people type is in symbols.
CREATE TABLE stockyard.instruments (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text NOT NULL DEFAULT 'stock'
              CHECK (kind IN ('stock', 'etf', 'index', 'currency', 'other')),
  name        text,
  exchange    text NOT NULL DEFAULT 'XNYS',     -- ISO 10383; decides the calendar
  currency    text,
  sector      text,
  industry    text,
  watched     boolean NOT NULL DEFAULT false,   -- on the watch list
  active      boolean NOT NULL DEFAULT true,    -- false once deleted; nothing is thrown away
  metadata    jsonb NOT NULL DEFAULT '{}',      -- as the vendors gave it, by provider
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Dated aliases: a symbol names an instrument over [valid_from, valid_until).
CREATE TABLE stockyard.symbols (
  symbol        text NOT NULL CHECK (symbol <> ''),
  instrument_id integer NOT NULL REFERENCES stockyard.instruments (id),
  valid_from    date NOT NULL DEFAULT '-infinity',
  valid_until   date,
  PRIMARY KEY (symbol, valid_from)
);
CREATE UNIQUE INDEX symbols_current ON stockyard.symbols (symbol) WHERE valid_until IS NULL;
CREATE INDEX symbols_instrument ON stockyard.symbols (instrument_id);

-- The catalogue of series: the bars of one instrument, at one interval, from one provider, on one basis.
CREATE TABLE stockyard.series (
  id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument_id integer NOT NULL REFERENCES stockyard.instruments (id),
  interval      text NOT NULL
                CHECK (interval IN ('1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo')),
  provider      text NOT NULL,
  basis         text NOT NULL CHECK (basis IN ('raw', 'split')),
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (instrument_id, interval, provider, basis)
);

-- What moves with a series at every load: the row that a load locks. It carries the last bar, so that
-- the latest price and a market overview never open a page.
CREATE TABLE stockyard.series_heads (
  series_id      integer PRIMARY KEY,
  covered        datemultirange NOT NULL DEFAULT '{}', -- sessions answered for and final
  watermark      date,           -- last session of the newest stretch of covered
  bars           bigint NOT NULL DEFAULT 0,
  first_bar      timestamptz,    -- start of the first and of the last bar; a date is its 00:00 UTC
  last_bar       timestamptz,
  last_open      double precision,
  last_high      double precision,
  last_low       double precision,
  last_close     double precision,
  last_volume    double precision,
  last_vwap      double precision,
  last_trades    double precision,
  last_final     boolean,
  previous_close double precision, -- close of the bar before the last one
  run_id         bigint,           -- the run that changed the series last
  observed_at    timestamptz,      -- when the newest answer that was loaded had come
  changed_at     timestamptz       -- when the bars changed last
) WITH (fillfactor = 70);

-- Pages: the bars of one series in one period, as columns. A page is one session for intraday
-- intervals, one calendar year for 1d, one decade for 1wk and 1mo.
--
-- Prices are whole numbers of 10^-price_digits, volume of 10^-volume_digits: both come back exactly by
-- one division. A page whose values do not fit (more than 6 digits, or too large) keeps them as they are in
-- wide, column after column (open, high, low, close, volume, vwap), and price_digits is -1.
CREATE TABLE stockyard.pages (
  series_id     integer NOT NULL,
  starts_on     date NOT NULL,       -- the session, or 1 January of the year or decade
  bars          integer NOT NULL,
  regular_bars  integer NOT NULL,    -- of them inside regular trading
  expected_bars integer NOT NULL,    -- regular bars that the calendar has for the whole page
  run_id        bigint NOT NULL,     -- the run that changed it last
  observed_at   timestamptz NOT NULL,-- when the answer had come that it was changed by
  valid_from    timestamptz NOT NULL,-- since when this version is the current one
  price_digits  smallint NOT NULL,
  volume_digits smallint NOT NULL,
  ts            smallint[] NOT NULL, -- minutes (intraday) or days after 00:00 UTC of starts_on
  provisional   smallint[],          -- ts of the bars that are not final; null when all are
  open          integer[],
  high          integer[],
  low           integer[],
  close         integer[],
  volume        bigint[],            -- null where no bar has one, as is the case for vwap and trades
  vwap          integer[],
  trades        integer[],
  wide          double precision[],
  PRIMARY KEY (series_id, starts_on)
);

-- The columns are stored as they are: compressing them would save a quarter of the space and cost five
-- times the time of a load (see docs/decisions/0003-pages-of-scaled-integers.md).
ALTER TABLE stockyard.pages
  ALTER COLUMN ts SET STORAGE EXTERNAL, ALTER COLUMN open SET STORAGE EXTERNAL,
  ALTER COLUMN high SET STORAGE EXTERNAL, ALTER COLUMN low SET STORAGE EXTERNAL,
  ALTER COLUMN close SET STORAGE EXTERNAL, ALTER COLUMN volume SET STORAGE EXTERNAL,
  ALTER COLUMN vwap SET STORAGE EXTERNAL, ALTER COLUMN trades SET STORAGE EXTERNAL,
  ALTER COLUMN wide SET STORAGE EXTERNAL;

-- Earlier versions of pages of which a final bar was changed. Current over [valid_from, valid_until).
CREATE TABLE stockyard.page_versions (
  LIKE stockyard.pages INCLUDING STORAGE,
  valid_until timestamptz NOT NULL,
  replaced_by bigint NOT NULL,       -- the run that changed it
  PRIMARY KEY (series_id, starts_on, valid_until)
);

-- Rows that failed a check. The same row refused again is not written again.
CREATE TABLE stockyard.rejects (
  id          bigint GENERATED ALWAYS AS IDENTITY,
  series_id   integer NOT NULL,
  run_id      bigint NOT NULL,
  symbol      text NOT NULL,
  interval    text NOT NULL,
  provider    text NOT NULL,
  bar_ts      timestamptz,           -- null where not even that could be read
  rule        text NOT NULL,
  reason      text NOT NULL,
  raw         text NOT NULL,
  digest      bytea NOT NULL,        -- sha256 of rule and raw text
  rejected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (series_id, digest)
);
CREATE INDEX rejects_newest ON stockyard.rejects (id DESC);

CREATE TABLE stockyard.runs (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job         text NOT NULL,         -- fetch, …
  arguments   jsonb NOT NULL DEFAULT '{}',
  status      text NOT NULL DEFAULT 'running'
              CHECK (status IN ('running', 'succeeded', 'partial', 'failed', 'interrupted')),
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  host        text,
  pid         integer
);

CREATE TABLE stockyard.tasks (
  run_id      bigint NOT NULL REFERENCES stockyard.runs (id),
  number      integer NOT NULL,      -- from 1, in the order in which they were planned
  series_id   integer,
  symbol      text NOT NULL,
  interval    text NOT NULL,
  provider    text NOT NULL,
  status      text NOT NULL DEFAULT 'pending'
              CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'skipped')),
  requests    integer NOT NULL DEFAULT 0,
  fetched     bigint NOT NULL DEFAULT 0,
  inserted    bigint NOT NULL DEFAULT 0,
  updated     bigint NOT NULL DEFAULT 0,
  unchanged   bigint NOT NULL DEFAULT 0,
  rejected    bigint NOT NULL DEFAULT 0,
  watermark   date,
  notes       text[] NOT NULL DEFAULT '{}',
  error_code  text,
  error_message text,
  error_hint  text,
  started_at  timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (run_id, number)
);

CREATE TABLE stockyard.quotes (
  instrument_id  integer NOT NULL REFERENCES stockyard.instruments (id),
  provider       text NOT NULL,
  price          double precision NOT NULL,
  open           double precision,
  high           double precision,
  low            double precision,
  previous_close double precision,
  volume         double precision,
  session        date NOT NULL,
  observed_at    timestamptz NOT NULL,
  PRIMARY KEY (instrument_id, provider)
);

-- Calls spent on vendors, for the budgets that all processes share.
CREATE TABLE stockyard.budget_calls (
  provider text NOT NULL,
  called_at timestamptz NOT NULL
);
CREATE INDEX budget_calls_newest ON stockyard.budget_calls (provider, called_at DESC);

-- A refusal says more than our own count does: no call before this instant.
CREATE TABLE stockyard.budget_pauses (
  provider     text PRIMARY KEY,
  paused_until timestamptz NOT NULL,
  reason       text NOT NULL
);

-- Bars as rows ---------------------------------------------------------------------------------------

-- The bars of one page. Intraday bars have ts, daily and longer ones have session.
CREATE FUNCTION stockyard.page_bars(page stockyard.pages, intraday boolean)
RETURNS TABLE (
  ts timestamptz, session date, open double precision, high double precision, low double precision,
  close double precision, volume double precision, vwap double precision, trades bigint, state text
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT
    CASE WHEN intraday
      THEN (page.starts_on::timestamp AT TIME ZONE 'UTC') + b.ts * interval '1 minute' END,
    CASE WHEN NOT intraday THEN page.starts_on + b.ts::integer END,
    CASE WHEN page.price_digits >= 0 THEN b.open / s.price ELSE page.wide[b.n] END,
    CASE WHEN page.price_digits >= 0 THEN b.high / s.price ELSE page.wide[page.bars + b.n] END,
    CASE WHEN page.price_digits >= 0 THEN b.low / s.price ELSE page.wide[2 * page.bars + b.n] END,
    CASE WHEN page.price_digits >= 0 THEN b.close / s.price ELSE page.wide[3 * page.bars + b.n] END,
    CASE WHEN page.price_digits >= 0 THEN b.volume / s.volume ELSE page.wide[4 * page.bars + b.n] END,
    CASE WHEN page.price_digits >= 0 THEN b.vwap / s.price ELSE page.wide[5 * page.bars + b.n] END,
    b.trades::bigint,
    CASE WHEN b.ts = ANY (page.provisional) THEN 'provisional' ELSE 'final' END
  FROM
    (SELECT power(10::double precision, page.price_digits) AS price,
            power(10::double precision, page.volume_digits) AS volume) AS s,
    unnest(page.ts, page.open, page.high, page.low, page.close, page.volume, page.vwap, page.trades)
      WITH ORDINALITY AS b (ts, open, high, low, close, volume, vwap, trades, n)
$$;

CREATE VIEW stockyard.bars AS
  SELECT y.symbol, s.interval, s.provider, s.basis, b.*
  FROM stockyard.series s
  JOIN stockyard.symbols y ON y.instrument_id = s.instrument_id AND y.valid_until IS NULL
  JOIN stockyard.pages p ON p.series_id = s.id
  CROSS JOIN LATERAL
    stockyard.page_bars(p, s.interval IN ('1m', '5m', '15m', '30m', '1h')) AS b;

-- The bars of one symbol over [from, until), opening only the pages that can hold them. Dates are
-- sessions; an intraday bar belongs to the session of its page.
CREATE FUNCTION stockyard.bars(symbol text, "interval" text, "from" date, until date)
RETURNS TABLE (
  provider text, basis text, ts timestamptz, session date, open double precision,
  high double precision, low double precision, close double precision, volume double precision,
  vwap double precision, trades bigint, state text
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.provider, s.basis, b.*
  FROM stockyard.symbols y
  JOIN stockyard.series s ON s.instrument_id = y.instrument_id AND s.interval = $2
  JOIN stockyard.pages p ON p.series_id = s.id
   AND p.starts_on < $4
   AND p.starts_on >= CASE
         WHEN $2 IN ('1m', '5m', '15m', '30m', '1h') THEN $3
         WHEN $2 = '1d' THEN date_trunc('year', $3::timestamp)::date
         ELSE date_trunc('decade', $3::timestamp)::date END
  CROSS JOIN LATERAL
    stockyard.page_bars(p, $2 IN ('1m', '5m', '15m', '30m', '1h')) AS b
  WHERE y.symbol = $1 AND y.valid_until IS NULL
    AND (b.session IS NULL OR (b.session >= $3 AND b.session < $4))
  ORDER BY s.provider, b.ts, b.session
$$;

COMMENT ON VIEW stockyard.bars IS 'All bars as rows: one per bar, opened from the pages.';
COMMENT ON FUNCTION stockyard.bars(text, text, date, date) IS
  'The bars of one symbol over [from, until), opening only the pages that can hold them.';
