"""The usual design, to compare with: FastAPI, asyncpg and pydantic over a table with a row a bar.

Two routes with the answers of ours. Usage: fastapi_app.py DATABASE_URL; prints its port.
"""
import socket
import sys
from datetime import datetime, timezone
from typing import List, Optional

import asyncpg
import uvicorn
from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel

app = FastAPI()
COLUMNS = "ts, open, high, low, close, volume, vwap, trades, provider, state"


class Bar(BaseModel):
    ts: datetime
    open: float
    high: float
    low: float
    close: float
    volume: Optional[float]
    vwap: Optional[float]
    trades: Optional[int]
    provider: str
    state: str


class LatestBar(Bar):
    symbol: str
    interval: str


class Prices(BaseModel):
    symbol: str
    interval: str
    data: List[Bar]


@app.on_event("startup")
async def open_pool() -> None:
    app.state.pool = await asyncpg.create_pool(sys.argv[1], min_size=10, max_size=10)


@app.get("/api/v1/stocks/{symbol}/prices/latest", response_model=LatestBar)
async def latest(symbol: str, interval: str = "1d"):
    row = await app.state.pool.fetchrow(
        f"SELECT {COLUMNS} FROM bench_bars WHERE symbol = $1 AND interval = $2 ORDER BY ts DESC LIMIT 1",
        symbol,
        interval,
    )
    if row is None:
        raise HTTPException(404)
    return {**row, "symbol": symbol, "interval": interval}


@app.get("/api/v1/stocks/{symbol}/prices", response_model=Prices)
async def prices(
    symbol: str,
    interval: str = "1d",
    limit: int = 50,
    since: datetime = Query(datetime(1970, 1, 1, tzinfo=timezone.utc), alias="from"),
):
    rows = await app.state.pool.fetch(
        f"SELECT {COLUMNS} FROM bench_bars WHERE symbol = $1 AND interval = $2 AND ts >= $3 ORDER BY ts LIMIT $4",
        symbol,
        interval,
        since,
        limit,
    )
    return {"symbol": symbol, "interval": interval, "data": [dict(row) for row in rows]}


if __name__ == "__main__":
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(1024)
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])
