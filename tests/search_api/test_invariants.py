"""GET /v1/invariants: everything that must always hold, of the caller's store; what breaks it is named."""

import pytest
from sqlalchemy import text

from oltp.invariants import names
from tests.search_api.conftest import Counter
from tests.search_api.desk import Desk


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter, "invariant.read")


def test_what_is_broken_is_named_with_its_rows(desk: Desk, counter: Counter) -> None:
    goods, other = desk.shop.product(stock=5), Desk(counter, "invariant.read")
    whole = desk("GET", "invariants", 200)
    assert whole["holds"] and [f"{each['room']}.{each['name']}" for each in whole["items"]] == list(names())
    with counter.database.owner_session() as session:
        session.execute(text("UPDATE inventory_level SET on_hand = on_hand + 1 WHERE store_id = :store"),
                        {"store": desk.shop.store_id})
    found = desk("GET", "invariants", 200)
    broken = [each for each in found["items"] if not each["holds"]]
    assert not found["holds"]
    assert [(each["room"], each["name"], each["offender_count"]) for each in broken] == [
        ("inventory", "level_is_the_sum_of_its_adjustments", 1)]
    assert broken[0]["offenders"][0]["variant_id"] == str(goods.variant_id)
    assert other("GET", "invariants", 200)["holds"]
