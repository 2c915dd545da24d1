"""What the database holds after an import equals what an independent query says about the file itself."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from stormcom.importers.online_retail.run import run_import
from tests.journeys.retail_oracle import RetailOracle
from tests.stormcom.importers.real_file import online_retail_file

SHARE = 25
DAYS = """
    WITH sold AS (
      SELECT (placed_at AT TIME ZONE 'Europe/London')::date AS day, order_subtotal_amount, order_shipping_amount, id
      FROM orders WHERE origin = 'import'),
    gross AS (SELECT day, sum(line_subtotal_amount) AS gross FROM sold JOIN order_items i ON i.order_id = sold.id
              GROUP BY 1),
    charged AS (SELECT day, count(*) AS orders, sum(order_shipping_amount) AS shipping FROM sold GROUP BY 1),
    taken AS (SELECT (r.processed_at AT TIME ZONE 'Europe/London')::date AS day,
                     coalesce(sum(i.amount) FILTER (WHERE i.kind = 'item'), 0) AS reversed,
                     coalesce(sum(i.amount) FILTER (WHERE i.kind = 'shipping'), 0) AS shipping
              FROM refund r JOIN refund_item i ON i.refund_id = r.id GROUP BY 1)
    SELECT day, coalesce(g.gross, 0)::bigint, coalesce(t.reversed, 0)::bigint,
           (coalesce(c.shipping, 0) - coalesce(t.shipping, 0))::bigint, coalesce(c.orders, 0)
    FROM charged c FULL JOIN gross g USING (day) FULL JOIN taken t USING (day)"""
COHORTS = """
    WITH ordered AS (
      SELECT customer_id, date_trunc('month', placed_at AT TIME ZONE 'Europe/London') AS month
      FROM orders WHERE origin = 'import' AND customer_id IS NOT NULL),
    first AS (SELECT customer_id, min(month) AS cohort FROM ordered GROUP BY 1)
    SELECT cohort::date, (extract(year FROM age(month, cohort)) * 12 + extract(month FROM age(month, cohort)))::int,
           count(DISTINCT customer_id)
    FROM ordered JOIN first USING (customer_id) GROUP BY 1, 2"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Whole invoices of every 25th customer, and every 25th invoice of the guests, over the whole year."""
    rows = pl.read_parquet(online_retail_file())
    number = pl.col("InvoiceNo").str.strip_prefix("C").str.strip_prefix("A").cast(pl.Int64)
    chosen = rows.filter(pl.coalesce("CustomerID", number) % SHARE == 3)
    path = tmp_path_factory.mktemp("retail") / "sample.parquet"
    chosen.write_parquet(path)
    yield path


def test_days_and_cohorts_equal_the_file(database: Database, sample: Path) -> None:
    report = run_import(database, file=sample, store_slug="gifts", clock=SystemClock())
    oracle = RetailOracle(sample)
    with database.session_for(report.store_id) as session:
        days: dict[date, tuple[int, ...]] = {row[0]: tuple(row[1:]) for row in session.execute(text(DAYS))}
        cohorts = {(row[0], row[1]): row[2] for row in session.execute(text(COHORTS))}
    assert {day: values for day, values in days.items() if any(values)} == {
        day: values for day, values in oracle.days().items() if any(values)
    }
    assert cohorts == oracle.cohorts()
    assert len(days) > 250 and report.figures.row_count > 15_000
    assert all(sum(values[n] for values in days.values()) > 0 for n in range(4))
