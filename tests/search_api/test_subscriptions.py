"""Subscriptions over HTTP: started, changed, paused, resumed, cancelled; their cycles in pages."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from oltp.handlers import FOLLOWERS
from oltp.jobs.task import Work
from oltp.payments.gateway import Gateways
from oltp.subscriptions.tasks import run_cycles
from tests.oltp.checkout.buying import ADDRESS
from tests.search_api.conftest import Counter
from tests.search_api.desk import Desk
from tests.selling import open_shop


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter, "subscription.manage")


def body(desk: Desk, **more: Any) -> dict[str, Any]:
    return {"customer_id": str(desk.shop.customer()), "variant_id": str(desk.shop.product(1500).variant_id),
            "quantity": 2, "interval_unit": "month", "currency": "USD", "payment_method": "CASH_ON_DELIVERY",
            "shipping_address": ADDRESS, **more}


def run(desk: Desk, days: int = 0) -> None:
    desk.counter.clock.advance(timedelta(days=days))
    run_cycles(Work(desk.counter.database, desk.counter.clock, FOLLOWERS, gateways=Gateways.fake()))


def test_a_subscription_lives_and_is_billed(desk: Desk) -> None:
    made = desk("POST", "subscriptions", 201, body(desk, payment_token="tok"), **{"Idempotency-Key": "s"})
    path, first = f"subscriptions/{made['id']}", desk.etag
    assert made["unit_price"] == {"amount": 1500, "currency": "USD"} and "payment_token" not in made
    assert (made["status"], made["next_billing_at"]) == ("active", made["anchored_at"])
    assert desk("GET", path, 200) == made and desk.etag == first
    run(desk, days=1)
    (cycle,) = desk("GET", f"{path}/cycles", 200)["items"]
    assert (cycle["status"], cycle["attempt_count"]) == ("billed", 1) and cycle["order_id"]
    assert desk("PATCH", path, 412, {"quantity": 3}, **{"If-Match": first or ""})["code"] == "stale"
    assert desk("PATCH", path, 200, {"quantity": 3, "shipping_method": None})["quantity"] == 3
    assert desk("POST", f"{path}/pause", 200)["status"] == "paused"
    assert desk("POST", f"{path}/resume", 200)["status"] == "active"
    assert desk("POST", f"{path}/cancel", 200, {})["is_ending"]
    ended = desk("POST", f"{path}/cancel", 200, {"at_period_end": False})
    assert (ended["status"], ended["next_billing_at"]) == ("canceled", None)
    for action in ("pause", "resume"):
        assert desk("POST", f"{path}/{action}", 409)["code"] == "subscription_ended"


def test_what_is_refused_names_the_field(desk: Desk) -> None:
    for field, value in (("customer_id", str(uuid4())), ("quantity", 0), ("interval_unit", "hour"),
                         ("interval_count", 367), ("starts_at", "2020-01-01T00:00:00Z"), ("currency", "usd"),
                         ("starts_at", "2026-12-01T00:00:00"), ("colour", 1)):
        refused = desk("POST", "subscriptions", 422, body(desk, **{field: value}))
        assert field in refused["errors"][0]["field"], field
    desk("POST", "subscriptions", 422, body(desk, variant_id=str(uuid4())))


def test_listings_take_a_constant_number_of_statements(desk: Desk) -> None:
    wanted = body(desk, interval_unit="day")
    made = [desk("POST", "subscriptions", 201, wanted)["id"] for _ in range(15)]
    assert desk.walk("subscriptions") == made[::-1]
    assert desk.walk(f"subscriptions?customer_id={wanted['customer_id']}&status=active") == made[::-1]
    assert desk("GET", "subscriptions?status=paused", 200)["items"] == []
    run(desk, days=8)
    assert len(desk.walk(f"subscriptions/{made[0]}/cycles", 4)) == 9
    for path in ("subscriptions", f"subscriptions/{made[0]}/cycles"):
        assert desk.count(path) <= 5
        desk("GET", f"{path}?cursor=x", 400)


def test_another_store_sees_none(desk: Desk, counter: Counter) -> None:
    made = desk("POST", "subscriptions", 201, body(desk))
    stranger = Desk(counter, "subscription.manage")
    path = f"subscriptions/{made['id']}"
    for method, where, given in (("GET", path, None), ("GET", f"{path}/cycles", None), ("PATCH", path, {"quantity": 1}),
                                 ("POST", f"{path}/pause", None), ("POST", f"{path}/cancel", {})):
        stranger(method, where, 404, given)


def test_what_the_store_does_not_have_is_named(desk: Desk, counter: Counter) -> None:
    other = open_shop(counter.database)
    for field, value in (("variant_id", other.product().variant_id), ("provider_config_id", other.gateway())):
        answer = desk("POST", "subscriptions", 422, body(desk, **{field: str(value)}))
        assert [error["field"] for error in answer["errors"]] == [f"body.{field}"]
    made = desk("POST", "subscriptions", 201, body(desk))
    answer = desk("PATCH", f"subscriptions/{made['id']}", 422, {"provider_config_id": str(other.gateway("STRIPE"))})
    assert answer["errors"][0]["field"] == "body.provider_config_id"
