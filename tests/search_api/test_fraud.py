"""Fraud over HTTP: the log of decisions in pages, and what a person decides."""

from uuid import UUID, uuid4

import pytest

from tests.oltp.fraud.test_assessing import assess, held, order, suspect
from tests.search_api.conftest import Counter
from tests.search_api.desk import Desk
from tests.selling import Shop


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter, "fraud.review")


def fill(shop: Shop, count: int) -> list[UUID]:
    return [assess(shop, order(shop, minutes=9000 - 2000 * n)).id for n in range(count)]


def test_a_suspected_order_is_found_and_decided_on(desk: Desk) -> None:
    fill(desk.shop, 2)
    suspected = assess(desk.shop, suspect(desk.shop))
    (found,) = desk("GET", "fraud-assessments?is_open=true", 200)["items"]
    assert (found["id"], found["score"], found["decision"]) == (str(suspected.id), 40, "review")
    assert found["reasons"] == ["many_payment_tries"] and found["features"]["retry_count"] == 7
    assert "address_key" not in found["features"]
    assert desk("GET", f"fraud-assessments/{suspected.id}", 200) == found
    path = f"fraud-assessments/{suspected.id}/review"
    made = desk("POST", path, 201, {"decision": "approve"}, **{"Idempotency-Key": "k1"})
    assert (made["review_decision"], held(desk.shop, suspected.order_id)) == ("approve", None)
    assert desk("POST", path, 201, {"decision": "approve"}, **{"Idempotency-Key": "k1"}) == made
    assert desk("POST", path, 409, {"decision": "decline"})["code"] == "already_reviewed"
    desk("POST", path, 422, {"decision": "maybe"})
    assert desk("GET", "fraud-assessments?is_open=true", 200)["items"] == []
    assert len(desk("GET", "fraud-assessments?is_open=false", 200)["items"]) == 4
    assert desk.walk(f"orders/{suspected.order_id}/fraud-assessments", 1) == [made["id"], str(suspected.id)]
    assert len(desk("GET", "fraud-assessments?decision=approve", 200)["items"]) == 2


def test_listings_are_pages_with_a_constant_number_of_statements(desk: Desk) -> None:
    made = fill(desk.shop, 20)
    assert sorted(desk.walk("fraud-assessments")) == sorted(str(each) for each in made)
    assert desk.count("fraud-assessments") == desk.count("fraud-assessments?is_open=false")
    desk("GET", "fraud-assessments?cursor=x", 400)


def test_another_store_sees_none(desk: Desk, counter: Counter) -> None:
    suspected = assess(desk.shop, suspect(desk.shop))
    stranger = Desk(counter, "fraud.review")
    for path in (f"fraud-assessments/{suspected.id}", f"orders/{suspected.order_id}/fraud-assessments"):
        stranger("GET", path, 404)
    stranger("POST", f"fraud-assessments/{suspected.id}/review", 404, {"decision": "approve"})
    assert stranger("GET", "fraud-assessments", 200)["items"] == []
    desk("GET", f"fraud-assessments/{uuid4()}", 404)
