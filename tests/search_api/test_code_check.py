"""Trying a discount code over HTTP: what it takes off a cart or items, or why not; nothing is written."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.search_api.checkouts import ADDRESS, Front, items, open_front
from tests.search_api.conftest import Counter

WRITTEN = text("""
    SELECT (SELECT count(*) FROM quote), (SELECT count(*) FROM promotion_usage), (SELECT count(*) FROM domain_event),
           (SELECT sum(used_count) FROM discount_code), (SELECT sum(xmin::text::bigint) FROM cart)""")


@pytest.fixture
def front(counter: Counter) -> Front:
    """A storefront that may also make codes and rules, and try them."""
    front = open_front(counter)
    front.headers = counter.headers(front.shop.store_id, "cart.write", "discount.apply", "discount.create",
                                    "promo.manage")
    return front


def make(front: Front, path: str, **body: Any) -> Any:
    """Make a code or a rule."""
    answer = front.ask("POST", f"/v1/{path}", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def check(front: Front, **body: Any) -> Any:
    """Try a code, and see that nothing was written."""
    with front.shop.database.session_for(front.shop.store_id) as session:
        before = session.execute(WRITTEN).one()
    answer = front.ask("POST", "/v1/discount-codes/check", body)
    with front.shop.database.session_for(front.shop.store_id) as session:
        assert session.execute(WRITTEN).one() == before
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_code_says_what_it_takes_off_a_cart(front: Front) -> None:
    cup, pot = front.shop.product(1000), front.shop.product(2500)
    front.shop.shipping(500)
    make(front, "discount-codes", code="TEN", type="PERCENTAGE", percent=10)
    cart = front.ask("POST", "/v1/carts", {
        "currency": "USD", "items": items((cup, 2), (pot, 1)), "shipping_address": ADDRESS}).json()
    found = check(front, code=" ten", cart_id=cart["id"])
    assert (found["code"], found["is_applied"], found["reason"], found["off"]) == (
        "TEN", True, None, {"amount": 450, "currency": "USD"})
    assert {line["variant_id"]: line["off"]["amount"] for line in found["lines"]} == {
        str(cup.variant_id): 200, str(pot.variant_id): 250}
    assert (found["shipping_off"]["amount"], found["total_without"]["amount"], found["total_with"]["amount"]) == (
        0, 5000, 4550)


def test_a_code_for_shipping_and_one_that_a_rule_asks_for(front: Front) -> None:
    bought = {"currency": "USD", "items": items((front.shop.product(1000), 1)), "shipping_address": ADDRESS}
    front.shop.shipping(500)
    make(front, "discount-codes", code="SHIP", type="FREE_SHIPPING")
    rule = make(front, "promotion-rules", name="Asked", conditions={"type": "code", "codes": ["ASKED"]},
                actions=[{"type": "percent", "percent": 20}])
    assert front.ask("POST", f"/v1/promotion-rules/{rule['id']}/activate").status_code == 200
    found = check(front, code="ship", codes=["ASKED"], **bought)
    assert (found["shipping_off"]["amount"], found["off"]["amount"], found["lines"]) == (500, 500, [])
    assert (found["total_without"]["amount"], found["total_with"]["amount"]) == (1300, 800)
    found = check(front, code="asked", codes=["ASKED"], **bought)
    assert [found[name]["amount"] for name in ("off", "total_without", "total_with")] == [200, 1500, 1300]


def test_a_code_that_gives_nothing_says_why(front: Front) -> None:
    bought = {"currency": "USD", "items": items((front.shop.product(1000), 1))}
    make(front, "discount-codes", code="LARGE", type="FIXED", amount=100, min_subtotal_amount=5000)
    make(front, "discount-codes", code="GONE", type="FIXED", amount=100, usage_limit=0)
    for code, reason in (("LARGE", "conditions_not_met"), ("GONE", "used_up"), ("UNKNOWN", "not_valid")):
        found = check(front, code=code, **bought)
        assert (found["is_applied"], found["reason"], found["off"]["amount"], found["lines"]) == (False, reason, 0, [])
        assert found["total_with"] == found["total_without"] == {"amount": 1000, "currency": "USD"}


def test_what_is_tried_on_is_named_once(counter: Counter, front: Front) -> None:
    path, cup = "/v1/discount-codes/check", items((front.shop.product(1000), 1))
    for body in ({"code": "X"}, {"code": "X", "cart_id": str(uuid4()), "currency": "USD", "items": cup},
                 {"code": "X", "items": cup}, {"code": "X", "cart_id": str(uuid4()), "codes": ["Y"]},
                 {"currency": "USD", "items": cup}):
        assert front.ask("POST", path, body).status_code == 422
    assert front.ask("POST", path, {"code": "X", "cart_id": str(uuid4())}).status_code == 404
    front.headers = counter.headers(front.shop.store_id, "cart.write")
    assert front.ask("POST", path, {"code": "X", "currency": "USD", "items": cup}).status_code == 403
