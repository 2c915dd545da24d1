"""Loading the demo shops, beside a raw COPY of the same rows into tables without keys, triggers or policies.

Usage: python -m benchmarks.demo_load [SCALE]. The database is made for the run and thrown away; it is durable, as a
user's is.
"""

import sys
import time
from collections.abc import Iterable

import polars as pl
import psycopg
from psycopg import sql

from benchmarks._server import throwaway_database
from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.demo.loading import as_csv
from stormcom.demo.run import load_demo
from stormcom.demo.shop_data import ShopData, local_day, make_shop
from stormcom.demo.shops import SHOPS

POSTGRES_TYPES = {pl.Int64: "bigint", pl.Int32: "integer", pl.Boolean: "boolean", pl.Datetime: "timestamptz"}


def main(scale: float) -> None:
    with throwaway_database() as url:
        measure(url, scale)


def measure(url: str, scale: float) -> None:
    database, clock = Database(url), SystemClock()
    began = time.perf_counter()
    shops = [make_shop(shop, today=local_day(shop, clock.now()), scale=scale) for shop in SHOPS]
    making = time.perf_counter() - began
    report = load_demo(database, clock=clock, scale=scale)
    raw = copy_raw(url, shops)
    rows = sum(sum(store.rows.values()) for store in report.stores)
    database.dispose()
    events, orders = report.count("analytics_event"), report.count("orders")
    print(f"rows                  {rows:>10,}  ({events:,} events, {orders:,} orders)")
    print(f"make the frames       {making:>10.2f} s")
    print(f"load_demo, in all     {report.seconds:>10.2f} s  ({rows / report.seconds:,.0f} rows/s)")
    print(f"raw COPY of the same  {raw:>10.2f} s")
    print(f"ratio                 {report.seconds / raw:>10.1f}")


def copy_raw(url: str, shops: Iterable[ShopData]) -> float:
    """Seconds to turn the frames into CSV and copy them into bare tables, one transaction per shop."""
    seconds = 0.0
    for number, shop in enumerate(shops):
        began = time.perf_counter()
        with psycopg.connect(url) as connection:
            for table, frame in shop.tables.items():
                copy_frame(connection, f"raw_{number}_{table}", frame)
        seconds += time.perf_counter() - began
    return seconds


def copy_frame(connection: psycopg.Connection, name: str, frame: pl.DataFrame) -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(POSTGRES_TYPES.get(dtype.base_type(), "text")))
        for column, dtype in frame.schema.items())
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(name), columns))
    with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(sql.Identifier(name))) as copy:
        copy.write(as_csv(frame))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
