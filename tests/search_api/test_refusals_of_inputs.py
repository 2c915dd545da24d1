"""A refusal says in words which input it is about, and where that stands in the request."""

from typing import Any
from uuid import uuid4

import pytest

from oltp.access.rules import SCOPES
from tests.search_api.conftest import Counter
from tests.search_api.desk import Desk

ADDRESS = {"first_name": "A", "last_name": "B", "address": "1 Street", "city": "C", "postal_code": "1"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter, *SCOPES)


def call(desk: Desk, method: str, path: str, headers: dict[str, str] | None = None, **content: Any) -> Any:
    """Return the answer of the shop's own caller."""
    return desk.counter.client.request(method, f"/v1/{path}", headers={**desk.headers, **(headers or {})}, **content)


def refused(desk: Desk, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, str]]:
    """Return the status and each field with its sentence."""
    answer = call(desk, method, path, **({"json": body} if body is not None else {}), **more)
    return answer.status_code, {each["field"]: each["message"] for each in answer.json()["errors"]}


def test_what_is_not_there_is_named_where_it_stands(desk: Desk) -> None:
    nothing, other = str(uuid4()), str(uuid4())
    for method, path, body, field in (
        ("GET", f"carts/{nothing}", None, "path.cart_id"), ("POST", "quotes", {"cart_id": nothing}, "body.cart_id"),
        ("GET", f"products/{nothing}/prices", None, "path.product_id"),
        ("POST", "returns", {"order_id": nothing, "items": [{"order_item_id": other, "quantity": 1}]},
         "body.order_id"),
        ("POST", "inventory-adjustments", {"variant_id": nothing.upper(), "delta": 1, "reason_code": "manual"},
         "body.variant_id"),
        ("POST", "promotion-rules/what-if", {"rule_id": nothing}, "body.rule_id"),
        ("GET", "recommendations/similar", None, "query.product_id"),
        ("GET", f"recommendations/similar?product_id={nothing}", None, "query.product_id"),
        ("GET", "recommendations/nope", None, "path.kind"), ("GET", "carts?cursor=abc", None, "query.cursor"),
    ):
        status, fields = refused(desk, method, path, body)
        assert (400 <= status < 500, list(fields)) == (True, [field]), path


def test_a_filter_that_the_operation_does_not_know_is_refused(desk: Desk) -> None:
    for path in ("products", f"products/{uuid4()}", "orders", "search", "usage"):
        given = "q=cup&" if path == "search" else ""
        assert refused(desk, "GET", f"{path}?{given}colour=red&categry=a") == (
            422, {"query.colour": "is not known here", "query.categry": "is not known here"}), path


def test_a_body_that_nobody_reads_is_no_obstacle(desk: Desk) -> None:
    for content in (b"{", b"\xff", b"[" * 100_000):
        status, fields = refused(desk, "POST", f"fulfillments/{uuid4()}/pack", content=content,
                                 headers={**JSON, "Idempotency-Key": str(uuid4())})
        assert (status, list(fields)) == (404, ["path.fulfillment_id"])


def test_bodies_that_are_no_json_are_refused_as_that(desk: Desk) -> None:
    for content in (b'{"currency": ', b'{"currency": "\xff"}', b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"):
        answer = call(desk, "POST", "carts", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")
        assert [each["field"] for each in answer.json()["errors"]] == ["body"]


def test_inputs_are_refused_in_words_for_who_has_not_heard_of_the_library(desk: Desk) -> None:
    for body, field, words in (
        ({"currency": "usd"}, "currency", "in capitals, such as USD"),
        ({"currency": "XXQ"}, "currency", "XXQ is no currency"), ({}, "currency", "is missing"),
        ({"currency": "USD", "foo": 1}, "foo", "is not known here"),
        ({"currency": "USD", "email": "ada"}, "email", "must be an e-mail address"),
        ({"currency": "USD", "shipping_address": 1}, "shipping_address", "must be a JSON object"),
        ({"currency": "USD", "shipping_address": {**ADDRESS, "country": "gb"}}, "shipping_address.country",
         "in two capitals, such as US"),
        ({"currency": "USD", "shipping_address": {**ADDRESS, "country": "UK"}}, "shipping_address.country",
         "UK is no country"),
        ({"currency": "USD", "visitor_id": "a\x00b"}, "visitor_id", "has a character that can't be stored"),
    ):
        status, fields = refused(desk, "POST", "carts", body)
        assert (status, list(fields)) == (422, [f"body.{field}"]), body
        message = fields[f"body.{field}"]
        assert words in message and "Value error" not in message and "pattern" not in message, message
    form = call(desk, "POST", "carts", content=b"currency=USD", headers={"Content-Type": "text/plain"})
    assert "Content-Type: application/json" in form.json()["detail"]


def test_what_would_be_guessed_is_asked_for(desk: Desk) -> None:
    goods = desk.shop.product(1000, stock=9)
    order: dict[str, Any] = {"currency": "USD", "items": [{"variant_id": str(goods.variant_id)}],
                             "payment": {"method": "BANK_TRANSFER"}}
    card = {**order, "payment": {"method": "CREDIT_CARD"}}
    status, fields = refused(desk, "POST", "orders", card)
    assert status == 422 and "/v1/payment-provider-configs" in fields["body.payment.method"]
    assert refused(desk, "POST", "orders", {**order, "ip_address": "999.1.1.1"})[1].keys() == {"body.ip_address"}
    made = desk("POST", "orders", 201, {**order, "ip_address": "2001:db8::1"})["id"]
    (attempt,) = desk("GET", f"orders/{made}/payment-attempts", 200)["items"]
    desk("POST", f"payment-attempts/{attempt['id']}/capture", 200, {})
    # Nothing named is not everything.
    assert refused(desk, "POST", f"orders/{made}/fulfillments", {"items": []})[1].keys() == {"body.items"}
    # An amount names no units that could go back on the shelf.
    one = {"amount": {"amount": 1, "currency": "USD"}, "restock": True}
    assert refused(desk, "POST", f"orders/{made}/refunds", one)[1].keys() == {"body.restock"}
    desk("POST", f"orders/{made}/fulfillments", 201, {})
    for kind, words in (("PERCENTAGE", "is needed"), ("FREE_SHIPPING", None)):
        body = {"code": "X", "type": kind, **({"percent": 5} if words is None else {})}
        _, fields = refused(desk, "POST", "discount-codes", body)
        assert (words or "goes with the type PERCENTAGE only") in fields["body.percent"]
