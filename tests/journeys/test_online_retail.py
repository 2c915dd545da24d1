"""The river on a real year: what the marts say equals what the file says, to the penny and to the customer."""

import os
from datetime import date

import pytest

from tests.journeys.conftest import Shop
from tests.journeys.retail_deliveries import deliver_piece, empty, random_order, take_apart
from tests.journeys.retail_oracle import RetailOracle
from warehouse.checks import run_checks
from warehouse.models import MODELS
from warehouse.refresh import content_hash, refresh_all

COHORT = date(2010, 12, 1)
ORDERED = [885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235]
IS_FULL = os.environ.get("STORMCOM_TEST_SCALE") == "full"
BOUGHT_GOODS = [884, 323, 286, 339, 320, 352, 320, 308, 312, 349, 330, 444, 234]


@pytest.fixture(scope="module")
def oracle(shop: Shop) -> RetailOracle:
    """The independent answer."""
    return RetailOracle(shop.file)


def test_days_equal_the_file_to_the_penny(shop: Shop, oracle: RetailOracle) -> None:
    rows = shop.lake.query("""
        SELECT store_day, gross_sales_amount, sales_reversals_amount, shipping_amount, orders_count
        FROM marts.daily_store_metrics""")
    found = {row[0]: tuple(row[1:]) for row in rows if any(row[1:])}
    expected = {day: values for day, values in oracle.days().items() if any(values)}
    assert len(expected) == 305
    assert found == expected


def test_cohorts_equal_the_file_to_the_customer(shop: Shop, oracle: RetailOracle) -> None:
    rows = shop.lake.query("""
        SELECT cohort_on, period_index, retained_count FROM marts.cohort_metrics
        WHERE cohort_grain = 'month' AND retained_count > 0""")
    assert {(row[0], row[1]): row[2] for row in rows} == oracle.cohorts()


def test_the_first_cohort_is_the_published_one(shop: Shop, oracle: RetailOracle) -> None:
    rows = shop.lake.query("""
        SELECT retained_count FROM marts.cohort_metrics
        WHERE cohort_grain = 'month' AND cohort_on = DATE '2010-12-01' AND period_index <= 12
        ORDER BY period_index""")
    assert [row[0] for row in rows] == ORDERED
    assert [oracle.cohorts().get((COHORT, n)) for n in range(13)] == ORDERED


def test_the_first_cohort_of_goods_only(shop: Shop, oracle: RetailOracle) -> None:
    rows = shop.lake.query("""
        WITH bought AS (
          SELECT o.surrogate, date_trunc('month', o.placed_at AT TIME ZONE 'Europe/London') AS month
          FROM raw.orders o JOIN raw.subjects s ON s.store_id = o.store_id AND s.surrogate = o.surrogate
          WHERE o.origin = 'import' AND s.kind = 'customer' AND EXISTS (
            SELECT 1 FROM raw.order_items i WHERE i.store_id = o.store_id AND i.order_id = o.id)),
        joined AS (SELECT surrogate, min(month) AS cohort FROM bought GROUP BY surrogate)
        SELECT datediff('month', cohort, month) AS n, count(DISTINCT surrogate)
        FROM bought JOIN joined USING (surrogate) WHERE cohort = DATE '2010-12-01' GROUP BY n ORDER BY n""")
    assert [row[1] for row in rows] == BOUGHT_GOODS
    assert [oracle.cohorts(only_sales=True).get((COHORT, n)) for n in range(13)] == BOUGHT_GOODS


def test_every_check_of_the_lake_passes(shop: Shop) -> None:
    results = run_checks(shop.lake)
    assert len(results) >= 8
    assert {result.check.name: result.offender_count for result in results if result.offender_count} == {}


def test_days_in_random_order_give_the_same_marts(shop: Shop) -> None:
    """Stands last: it takes the lake apart and puts it together again."""
    pieces, stride = (305, 20) if IS_FULL else (4, 2)
    expected = {name: content_hash(shop.lake, name) for name in MODELS}
    take_apart(shop.lake, pieces=pieces)
    empty(shop.lake)
    assert shop.lake.query("SELECT COUNT(*) FROM raw.orders") == [(0,)]
    for number, piece in enumerate(random_order(pieces, seed=20101201), 1):
        deliver_piece(shop.lake, piece, pieces=pieces)
        if number % stride == 0 or number == pieces:
            refresh_all(shop.lake)
    assert {name: content_hash(shop.lake, name) for name in MODELS} == expected
