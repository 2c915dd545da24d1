"""Credit for orders, worked by hand, and parts that always add up."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oltp.kit.money import split
from tests.warehouse.stories import Scene, Stories
from warehouse.checks import run_check
from warehouse.runner import load_sql

stories = Stories()


def credits(scene: Scene, model: str) -> list[tuple[Any, ...]]:
    return scene.rows(
        "SELECT ordinal, channel, credit_amount FROM marts.order_attribution "
        f"WHERE store_id = $store AND model = '{model}' ORDER BY ordinal"
    )


@stories.tell
def four_models(scene: Scene) -> Iterator[None]:
    """10.00 − 1.00 after e-mail, search and a direct visit.

    31 days before and one minute after the order do not count. Linear: 3.00 each.
    """
    shop = scene.shop
    ada, phone = shop.customer("ada@example.test"), shop.visitor("phone")
    shop.identify(phone, ada)
    visits = (
        ("2026-10-10 11:59", {"utm_source": "old", "utm_medium": "affiliate"}),
        ("2026-11-01 12:00", {"utm_source": "news", "utm_medium": "email"}),
        ("2026-11-05 12:00", {"referrer_host": "www.google.com"}),
        ("2026-11-10 11:00", {}),
        ("2026-11-10 12:31", {"utm_source": "late", "utm_medium": "affiliate"}),
    )
    for moment, evidence in visits:
        shop.event("page_view", moment, phone, **evidence)
    shop.order("2026-11-10 12:00", (shop.product("TEA"), 1, 1000), customer=ada, discount=100)
    yield
    assert credits(scene, "first") == [(1, "Email", 900)]
    assert credits(scene, "last") == [(3, "Direct", 900)]
    assert credits(scene, "last_non_direct") == [(2, "Organic Search", 900)]
    assert credits(scene, "linear") == [(1, "Email", 300), (2, "Organic Search", 300), (3, "Direct", 300)]


@stories.tell
def an_order_without_a_visit_is_unattributed_until_one_is_known(scene: Scene) -> Iterator[None]:
    """The visitor is identified as the customer only later: the order's credit moves to the visit."""
    shop = scene.shop
    ada, phone = shop.customer("ada@example.test"), shop.visitor("phone")
    shop.event("page_view", "2026-11-10 11:00", phone, utm_source="news", utm_medium="email")
    shop.order("2026-11-10 12:00", (shop.product("TEA"), 1, 1001), customer=ada)
    yield
    assert credits(scene, "linear") == [(0, "unattributed", 1001)]
    shop.identify(phone, ada)
    yield
    assert credits(scene, "linear") == [(1, "Email", 1001)]
    assert run_check(scene.lake, "attribution_conserves").is_passed


@pytest.mark.parametrize("name", stories.told)
def test_story(told: Stories, name: str) -> None:
    told.ending(name)


CREDIT = """
WITH shares AS (SELECT t.ordinal, t.weight, {revenue} AS revenue_amount, 1 AS store_id, 1 AS order_id, 1 AS session_id,
  'm' AS model, SUM(t.weight) OVER () AS weight_sum FROM (VALUES {rows}) AS t(ordinal, weight)),
{ctes}
SELECT CAST(g.whole_units // g.weight_sum + g.extra AS BIGINT) FROM credited AS g ORDER BY g.session_ordinal
"""


def sql_split(revenue: int, weights: list[int]) -> list[int]:
    """The mart's own steps `parts`, `ranked` and `credited`, over the given weights."""
    text = load_sql("marts", "order_attribution")
    ctes = text[text.index("parts AS (") : text.index("SELECT\n  g.store_id")].rstrip()
    ctes = ctes.replace("r.model,", "r.model, r.ordinal AS session_ordinal,", 1)
    rows = ", ".join(f"({ordinal}, {weight})" for ordinal, weight in enumerate(weights))
    found = duckdb.sql(CREDIT.format(revenue=f"CAST({revenue} AS BIGINT)", rows=rows, ctes=ctes)).fetchall()
    return [row[0] for row in found]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(lambda weights: sum(weights) > 0),
)
def test_parts_add_up_and_are_fair(revenue: int, weights: list[int]) -> None:
    """Equal to the split of money in Python; each part is within one minor unit of its exact share."""
    parts = sql_split(revenue, weights)
    assert sum(parts) == revenue
    assert parts == split(revenue, weights)
    assert all(
        abs(part * sum(weights) - revenue * weight) < sum(weights) for part, weight in zip(parts, weights, strict=True)
    )
