"""The usual Python loader: an upsert of rows in batches of 1,000 with psycopg2's execute_values.

Usage: psycopg2_upsert.py DATABASE_URL BARS. Prints one line of JSON.
"""
import json
import sys
import time
from datetime import datetime, timedelta, timezone

import psycopg2
from psycopg2.extras import execute_values

url, bars = sys.argv[1], int(sys.argv[2])
connection = psycopg2.connect(url)
cursor = connection.cursor()
cursor.execute("DROP TABLE IF EXISTS bench_upsert")
cursor.execute(
    "CREATE TABLE bench_upsert (series_id integer, ts timestamptz, open float8, high float8, low float8,"
    " close float8, volume float8, PRIMARY KEY (series_id, ts))"
)
connection.commit()
first = datetime(2025, 1, 2, 14, 30, tzinfo=timezone.utc)
rows = [
    (1, first + timedelta(minutes=i), 150.01, 150.22, 149.87, 150.13, 12345.0 + i)
    for i in range(bars)
]
start = time.perf_counter()
for at in range(0, bars, 1000):
    execute_values(
        cursor,
        "INSERT INTO bench_upsert VALUES %s ON CONFLICT (series_id, ts) DO UPDATE SET open = excluded.open,"
        " high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume",
        rows[at : at + 1000],
        page_size=1000,
    )
    connection.commit()
print(json.dumps({"bars": bars, "seconds": time.perf_counter() - start}))
