"""The usual Python loaders: upserts in batches of 1,000 rows with psycopg2, by each of its three ways.

executemany is what most scripts call; execute_batch joins the statements of a batch into one message;
execute_values makes one statement of many rows. Usage: psycopg2_upsert.py DATABASE_URL BARS. Prints one
line of JSON: bars a second by way.
"""
import json
import sys
import time
from datetime import datetime, timedelta, timezone

import psycopg2
from psycopg2.extras import execute_batch, execute_values

BATCH = 1000
UPDATE = (
    "ON CONFLICT (series_id, ts) DO UPDATE SET open = excluded.open, high = excluded.high,"
    " low = excluded.low, close = excluded.close, volume = excluded.volume"
)
ONE_ROW = "INSERT INTO bench_upsert VALUES (%s, %s, %s, %s, %s, %s, %s) " + UPDATE
MANY_ROWS = "INSERT INTO bench_upsert VALUES %s " + UPDATE

WAYS = {
    "executemany": lambda cursor, rows: cursor.executemany(ONE_ROW, rows),
    "execute_batch": lambda cursor, rows: execute_batch(cursor, ONE_ROW, rows, page_size=BATCH),
    "execute_values": lambda cursor, rows: execute_values(cursor, MANY_ROWS, rows, page_size=BATCH),
}


def measure(connection, way, bars):
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
    for at in range(0, bars, BATCH):
        way(cursor, rows[at : at + BATCH])
        connection.commit()
    return bars / (time.perf_counter() - start)


connection = psycopg2.connect(sys.argv[1])
print(json.dumps({name: round(measure(connection, way, int(sys.argv[2]))) for name, way in WAYS.items()}))
