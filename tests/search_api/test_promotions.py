"""Promotions over HTTP: rules and their states, codes one by one and many at once, refusals by their field."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.search_api.conftest import Counter
from tests.selling import open_shop
from tests.statements import statements

SHORT = {"name": "Regulars", "conditions": {"minSubtotal": 100, "customerSegmentId": str(uuid4())},
         "actions": {"discountPercent": 10}}


class Desk:
    """A shop, and somebody who calls the API for it."""

    def __init__(self, counter: Counter, *scopes: str) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *(scopes or ("promo.manage", "discount.create")))
        self.etag: str | None = None

    def __call__(self, method: str, path: str, status: int, json: Any = None, **headers: str) -> Any:
        """Call, expect a status, return the body."""
        answer = self.counter.client.request(method, f"/v1/{path}", json=json, headers={**self.headers, **headers})
        assert answer.status_code == status, answer.text
        self.etag = answer.headers.get("etag")
        return answer.json() if answer.content else None

    def events(self) -> list[str]:
        """Return the names of the shop's events, oldest first."""
        with self.shop.database.session_for(self.shop.store_id) as session:
            return list(session.scalars(text("SELECT name FROM domain_event ORDER BY id")))


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter)


def test_a_rule_is_made_in_the_short_form_switched_and_deleted(desk: Desk) -> None:
    made = desk("POST", "promotion-rules", 201, SHORT)
    assert made["conditions"]["conditions"][0] == {"type": "min_subtotal", "amount": 10_000}
    assert made["actions"] == [{"type": "percent", "percent": "10"}]
    assert (made["status"], made["currency"], made["spent"]) == ("draft", "USD", {"amount": 0, "currency": "USD"})
    path, first = f"promotion-rules/{made['id']}", desk.etag
    assert desk("GET", path, 200) == made and desk.etag == first
    desk.counter.clock.advance(timedelta(seconds=1))
    assert desk("POST", f"{path}/activate", 200)["status"] == "active"
    assert desk("PATCH", path, 412, {"priority": 5}, **{"If-Match": first})["code"] == "stale"
    changed = desk("PATCH", path, 200, {"priority": 5, "budget_amount": 900, "is_exclusive": True})
    assert (changed["priority"], changed["budget"]["amount"], changed["is_stackable"]) == (5, 900, False)
    assert desk("PATCH", path, 200, {"budget_amount": None})["budget"] is None
    assert desk("POST", f"{path}/pause", 200)["status"] == "paused"
    desk("DELETE", path, 204)
    assert desk("GET", path, 404)["code"] == "rule_not_found"
    assert desk.events() == [f"promotion.{verb}" for verb in (
        "created", "activated", "updated", "updated", "paused", "deleted")]


@pytest.mark.parametrize(("changed", "field"), [
    ({"conditions": {"type": "magic"}}, "conditions.type"),
    ({"conditions": {"type": "all", "conditions": [{"type": "min_quantity", "quantity": 0}]}},
     "conditions.conditions.0.quantity"),
    ({"actions": []}, "actions"), ({"actions": {"discountPercent": 101}}, "actions.discountPercent.percent"),
    ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"), ({"is_exclusive": True, "is_stackable": True}, "is_stackable")])
def test_what_a_rule_can_not_say_is_refused_by_its_field(desk: Desk, changed: dict[str, Any], field: str) -> None:
    assert desk("POST", "promotion-rules", 422, {**SHORT, **changed})["errors"][0]["field"] == f"body.{field}"
    assert desk("GET", "promotion-rules", 200)["items"] == [] == desk.events()


def test_limits_never_fall_below_what_is_used(desk: Desk) -> None:
    made = desk("POST", "promotion-rules", 201, SHORT)
    desk.shop.execute("UPDATE promotion_rule SET used_count = 2, spent_amount = 50 WHERE id = :id", id=made["id"])
    path = f"promotion-rules/{made['id']}"
    assert desk("PATCH", path, 409, {"usage_limit": 1})["errors"][0]["field"] == "body.usage_limit"
    assert desk("PATCH", path, 409, {"budget_amount": 49})["errors"][0]["field"] == "body.budget_amount"
    assert desk("PATCH", path, 409, {"currency": "EUR"})["code"] == "currency_fixed"
    desk("PATCH", path, 200, {"usage_limit": 2, "budget_amount": 50})


def test_codes_are_made_changed_and_deleted(desk: Desk) -> None:
    made = desk("POST", "discount-codes", 201, {
        "code": "spring-10", "type": "PERCENTAGE", "percent": 10, "max_discount_amount": 500})
    assert (made["code"], made["percent"], made["max_discount"]["currency"]) == ("SPRING-10", "10", "USD")
    assert desk("POST", "discount-codes", 409, {"code": "SPRING-10", "type": "FREE_SHIPPING"})["code"] == "code_taken"
    path = f"discount-codes/{made['id']}"
    desk.counter.clock.advance(timedelta(seconds=1))
    assert desk("PATCH", path, 200, {"is_active": False, "percent": "12.5"})["percent"] == "12.5"
    assert desk("GET", path, 200)["is_active"] is False
    assert desk("PATCH", path, 412, {"is_active": True}, **{"If-Match": '"1"'})["code"] == "stale"
    assert desk("PATCH", path, 422, {"amount": 5})["errors"][0]["field"] == "body.amount"
    assert [each["id"] for each in desk("GET", "discount-codes?code=Spring-10", 200)["items"]] == [made["id"]]
    desk("DELETE", path, 204)
    desk("POST", "discount-codes", 201, {"code": "SPRING-10", "type": "FREE_SHIPPING"})
    assert desk.events()[:3] == ["discount_code.created", "discount_code.updated", "discount_code.deleted"]


@pytest.mark.parametrize(("body", "field"), [
    ({}, "type"), ({"type": "PERCENTAGE"}, "percent"), ({"type": "FIXED", "percent": 5}, "percent"),
    ({"type": "FREE_SHIPPING", "amount": 5}, "amount"), ({"promotion_rule_id": str(uuid4())}, "promotion_rule_id")])
def test_what_a_code_can_not_be_is_refused_by_its_field(desk: Desk, body: dict[str, Any], field: str) -> None:
    assert desk("POST", "discount-codes", 422, {"code": "X", **body})["errors"][0]["field"] == f"body.{field}"


def test_a_thousand_codes_are_generated_and_go_with_their_rule(desk: Desk) -> None:
    rule = desk("POST", "promotion-rules", 201, SHORT)
    with statements(desk.shop.database) as sent:
        made = desk("POST", "discount-codes/generate", 201, {
            "count": 1000, "prefix": "vip-", "promotion_rule_id": rule["id"], "usage_limit": 1})["items"]
    assert len(sent) < 20
    codes = {each["code"] for each in made}
    assert len(codes) == 1000 and all(code.startswith("VIP-") and len(code) == 16 for code in codes)
    listed = desk("GET", f"discount-codes?promotion_rule_id={rule['id']}&limit=100", 200)
    assert [each["id"] for each in listed["items"]] == [each["id"] for each in made[:100]]
    desk("DELETE", f"promotion-rules/{rule['id']}", 204)
    assert desk("GET", "discount-codes", 200)["items"] == []


def test_pages_of_rules_and_codes_cost_the_same_whatever_they_hold(desk: Desk) -> None:
    counts = []
    for size in (1, 50):
        for _ in range(size):
            desk("POST", "promotion-rules", 201, {**SHORT, "priority": 7})
        desk("POST", "discount-codes/generate", 201, {"count": size, "type": "FREE_SHIPPING"})
        for path in ("promotion-rules?limit=100", "discount-codes?limit=100"):
            with statements(desk.shop.database) as sent:
                assert len(desk("GET", path, 200)["items"]) in (1, 51)
            counts.append(len(sent))
    assert counts[:2] == counts[2:]
    for path in ("promotion-rules", "discount-codes"):
        seen, cursor = [], ""
        while cursor is not None:
            page = desk("GET", f"{path}?limit=10{cursor and '&cursor=' + cursor}", 200)
            seen += [each["id"] for each in page["items"]]
            cursor = page["next"]
        assert len(seen) == len(set(seen)) == 51
        assert desk("GET", f"{path}?cursor=bm9uc2Vuc2U", 400)["code"] == "invalid_cursor"


def test_another_store_sees_nothing(desk: Desk, counter: Counter) -> None:
    rule, other = desk("POST", "promotion-rules", 201, SHORT), Desk(counter)
    for method, path, body in (("GET", "", None), ("PATCH", "", {"priority": 1}), ("DELETE", "", None),
                               ("POST", "/activate", None)):
        other(method, f"promotion-rules/{rule['id']}{path}", 404, body)
    assert other("GET", "promotion-rules", 200)["items"] == []


def test_a_what_if_names_its_candidate(desk: Desk) -> None:
    assert desk("POST", "promotion-rules/what-if", 200, {"rule": SHORT}) == {
        "orders_considered": 0, "orders_changed": 0, "discount_delta": {"amount": 0, "currency": "USD"},
        "net_sales_delta": {"amount": 0, "currency": "USD"}}
    assert desk("POST", "promotion-rules/what-if", 422, {})["errors"][0]["field"] == "body.rule"
    assert desk("POST", "promotion-rules/what-if", 404, {"rule_id": str(uuid4())})["code"] == "rule_not_found"
    desk("POST", "promotion-rules/what-if", 422, {"rule": {**SHORT, "conditions": {"type": "magic"}}})
    assert desk("GET", "promotion-rules", 200)["items"] == []
