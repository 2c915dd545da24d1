"""What the lake costs: all models of the Online Retail year, beside the same SQL in DuckDB over tables of its own.

Run: python -m benchmarks.materialise [FILE] [--database-url URL].
Prints seconds, and ratios to the peer of the same run.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import duckdb
import psycopg

from benchmarks._server import throwaway_database
from benchmarks.import_online_retail import DEFAULT_FILE, require_file
from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.importers.online_retail.run import run_import
from warehouse.connection import Lake
from warehouse.engines.duckdb import materialise
from warehouse.extraction import extract
from warehouse.horizon import require_horizon
from warehouse.models import MODELS
from warehouse.refresh import Refresh, refresh_all
from warehouse.tables import RAW_TABLES

# One more day: every order of the last day again, a day later, with lines and customers of their own.
ONE_DAY = """
WITH last AS (SELECT max(placed_at)::date AS day FROM orders),
chosen AS (
  SELECT o.*, uuidv7() AS copy FROM orders o, last WHERE o.placed_at::date = last.day AND o.origin = 'import'),
made AS (
  INSERT INTO orders (id, store_id, customer_id, order_number, status, origin, placed_at, currency,
    order_subtotal_amount, order_discount_amount, order_shipping_amount, order_tax_amount, order_total_amount,
    updated_at)
  SELECT copy, store_id, customer_id, order_number || '-next', status, origin, placed_at + interval '1 day', currency,
    order_subtotal_amount, order_discount_amount, order_shipping_amount, order_tax_amount, order_total_amount,
    updated_at
  FROM chosen RETURNING id)
INSERT INTO order_items (store_id, order_id, product_id, variant_id, ordinal, product_name, sku, unit_price_amount,
  quantity, line_subtotal_amount, line_discount_amount, line_tax_amount, line_total_amount, currency, updated_at)
SELECT i.store_id, c.copy, i.product_id, i.variant_id, i.ordinal, i.product_name, i.sku, i.unit_price_amount,
  i.quantity, i.line_subtotal_amount, i.line_discount_amount, i.line_tax_amount, i.line_total_amount, i.currency,
  i.updated_at
FROM chosen c JOIN order_items i ON i.store_id = c.store_id AND i.order_id = c.id
"""


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def native_seconds(lake: Lake) -> float:
    """Seconds of the same SQL in DuckDB, over tables of its own; copying them is not counted."""
    with duckdb.connect() as peer:
        peer.execute("SET TimeZone = 'UTC'")
        for schema, names in {"raw": RAW_TABLES, "meta": ("numbers", "traffic_sources", "duplicate_events")}.items():
            peer.execute(f"CREATE SCHEMA {schema}")
            for name in names:
                rows = lake.arrow(f"FROM {schema}.{name}")
                peer.register("incoming", rows)
                peer.execute(f"CREATE TABLE {schema}.{name} AS FROM incoming")
        taken_at = require_horizon(lake).taken_at.isoformat()
        return timed(lambda: materialise(peer, {"taken_at": taken_at}))


def report_day(full: dict[str, Refresh], day: dict[str, Refresh]) -> None:
    """Print what one more day costs per model."""
    for name in MODELS:
        share = day[name].seconds / full[name].seconds
        print(
            f"  {name:32} {day[name].mode:8} {day[name].seconds:6.3f} s of {full[name].seconds:6.3f} s = {share:6.1%}"
        )


def measure(database_url: str, file: Path, folder: Path) -> None:
    """Import the file unless it is there, then measure."""
    run_import(Database(database_url), file=file, store_slug="retail", clock=SystemClock())
    with Lake.open(database_url, data_path=folder) as lake:
        extraction = timed(lambda: extract(lake, full=True))
        full = {each.model: each for each in refresh_all(lake, full=True)}
        models = sum(each.seconds for each in full.values())
        native = native_seconds(lake)
        print(f"extraction {extraction:.2f} s, models {models:.2f} s, together {extraction + models:.2f} s")
        print(f"the same SQL in DuckDB {native:.2f} s: the lake takes {models / native:.2f} times as long")
        refresh_all(lake)
        with psycopg.connect(database_url) as connection:
            connection.execute(ONE_DAY)
        pass_seconds = timed(lambda: extract(lake))
        print(f"one more day: extraction {pass_seconds:.2f} s = {pass_seconds / extraction:.1%}")
        report_day(full, {each.model: each for each in refresh_all(lake)})


def main() -> None:
    """Read the arguments and measure, on a server of our own unless one is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=DEFAULT_FILE)
    parser.add_argument("--database-url")
    arguments = parser.parse_args()
    require_file(arguments.file)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = arguments.database_url or stack.enter_context(throwaway_database())
        measure(url, arguments.file, folder / "lake")


if __name__ == "__main__":
    main()
