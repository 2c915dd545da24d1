"""The usage meter over HTTP, and the refusal of a plan that is used up."""

import pytest
from sqlalchemy import text

from tests.search_api.conftest import Counter
from tests.search_api.desk import Desk


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter, "billing.manage")


def test_a_usage_meter(desk: Desk) -> None:
    with desk.shop.database.owner_session() as session:
        session.execute(text("UPDATE stores SET product_limit = 5, order_limit = -1, subscription_plan = 'PRO' "
                             "WHERE id = :id"), {"id": desk.shop.store_id})
    for _ in range(4):
        desk.shop.product()
    assert desk("GET", "usage", 200) == {
        "plan": "PRO", "status": "ACTIVE", "is_usable": True, "month_on": "2026-11-01",
        "products": {"used": 4, "limit": 5, "is_near": True, "text": "4/5 products"},
        "orders": {"used": 0, "limit": None, "is_near": False, "text": "0/unlimited orders"}}
