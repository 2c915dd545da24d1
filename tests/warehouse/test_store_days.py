"""Store-days: which day an instant belongs to, on days of 23 and 25 hours and when a store moves."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.warehouse.stories import Scene, Stories

stories = Stories()

WINDOW_END = "SELECT is_current, window_end_day FROM staging.store_calendar WHERE store_id = $store"


def orders_by_day(scene: Scene) -> dict[str, int]:
    rows = scene.rows(
        "SELECT CAST(store_day AS VARCHAR), orders_count FROM marts.daily_store_metrics WHERE store_id = $store"
    )
    return dict(rows)


@stories.tell
def days_of_23_and_25_hours(scene: Scene) -> Iterator[None]:
    """New York: 8 March 2026 lasts from 05:00 to 04:00 UTC (23 hours), 1 November from 04:00 to 05:00 (25 hours)."""
    shop = scene.shop
    tea = shop.product("TEA")
    for moment in ("2026-03-08 04:59", "2026-03-08 05:00", "2026-03-09 03:59", "2026-03-09 04:00"):
        shop.order(moment, (tea, 1, 100))
    for moment in ("2026-11-01 03:59", "2026-11-01 04:00", "2026-11-02 04:59", "2026-11-02 05:00"):
        shop.order(moment, (tea, 1, 100))
    yield
    assert orders_by_day(scene) == {
        "2026-03-07": 1,
        "2026-03-08": 2,
        "2026-03-09": 1,
        "2026-10-31": 1,
        "2026-11-01": 2,
        "2026-11-02": 1,
    }


@stories.tell
def a_move_does_not_rebucket_the_past(scene: Scene) -> Iterator[None]:
    """20:00 UTC is the same day in New York and the next in Tokyo. After the move only new instants follow Tokyo."""
    shop = scene.shop
    tea = shop.product("TEA")
    shop.order("2026-09-10 20:00", (tea, 1, 100))
    shop.order("2026-09-20 20:00", (tea, 1, 100))
    yield
    assert orders_by_day(scene) == {"2026-09-10": 1, "2026-09-20": 1}
    shop.execute("INSERT INTO store_zone_history VALUES (:store, '2026-09-15 00:00+00', 'Asia/Tokyo')")
    yield
    assert orders_by_day(scene) == {"2026-09-10": 1, "2026-09-21": 1}


@stories.tell
def cohorts_follow_the_calendar_of_the_store(scene: Scene) -> Iterator[None]:
    """Ada: 1 October 03:00 UTC is still September in New York. She comes back in October and November.

    Month cohort September: 1, 1, 1; with 5.00, 2.00 − 0.50 refunded and 1.00 of revenue.
    Bob starts in October and does not come back: 1, 0; his third month lies in the future.
    """
    shop = scene.shop
    tea, ada, bob = shop.product("TEA"), shop.customer("ada@example.test"), shop.customer("bob@example.test")
    shop.order("2026-10-01 03:00", (tea, 1, 500), customer=ada)
    second = shop.order("2026-10-15 15:00", (tea, 1, 200), customer=ada)
    shop.order("2026-11-20 15:00", (tea, 1, 100), customer=ada)
    shop.refund(second, "2026-11-21 15:00", ("amount", 50, None))
    shop.order("2026-10-20 15:00", (tea, 1, 900), customer=bob)
    yield
    rows = scene.rows(
        "SELECT cohort_on, period_index, cohort_size_count, retained_count, revenue_amount, cum_revenue_amount "
        "FROM marts.cohort_metrics WHERE store_id = $store AND cohort_grain = 'month' ORDER BY cohort_on, period_index"
    )
    september, october = date(2026, 9, 1), date(2026, 10, 1)
    assert rows == [
        (september, 0, 1, 1, 500, 500),
        (september, 1, 1, 1, 150, 650),
        (september, 2, 1, 1, 100, 750),
        (october, 0, 1, 1, 900, 900),
        (october, 1, 1, 0, 0, 900),
        (october, 2, 1, None, None, None),
    ]


@stories.tell
def windows_end_where_the_store_ended(scene: Scene) -> Iterator[None]:
    """A store without a sale in the last 30 days: its windows end on its last sale, and the calendar says so."""
    shop = scene.shop
    tea, cup = shop.product("TEA"), shop.product("CUP")
    shop.order("2025-03-01 15:00", (tea, 2, 800))
    shop.order("2025-03-10 15:00", (cup, 1, 500), (tea, 1, 100))
    yield
    assert scene.rows(WINDOW_END) == [(False, date(2025, 3, 10))]
    rows = scene.rows(
        "SELECT window_days, rank, sku, units_count, gross_sales_amount, starts_on, ends_on "
        "FROM marts.product_sales_window WHERE store_id = $store AND window_days IN (7, 30) ORDER BY window_days, rank"
    )
    end = date(2025, 3, 10)
    assert rows == [
        (7, 1, "CUP", 1, 500, date(2025, 3, 4), end),
        (7, 2, "TEA", 1, 100, date(2025, 3, 4), end),
        (30, 1, "TEA", 3, 900, date(2025, 2, 9), end),
        (30, 2, "CUP", 1, 500, date(2025, 2, 9), end),
    ]
    shop.order("2026-11-23 15:00", (cup, 1, 300))
    yield
    assert scene.rows(WINDOW_END) == [(True, date(2026, 11, 23))]


@pytest.mark.parametrize("name", stories.told)
def test_story(told: Stories, name: str) -> None:
    told.ending(name)
