"""Customers over HTTP: one live e-mail each, opt-in dated, pages and search; custom fields typed and validated."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.search_api.conftest import Counter
from tests.search_api.desk import Desk

ADA = {"email": "Ada@Example.com", "first_name": "Ada", "last_name": "Byron"}


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter, "customer.read", "customer.write", "customer.segment.manage")


def test_a_customer_is_added_read_changed_and_deleted(desk: Desk) -> None:
    made = desk("POST", "customers", 201, {**ADA, "accepts_marketing": True})
    path, first = f"customers/{made['id']}", desk.etag
    assert (made["email"], made["marketing_opt_in_at"]) == ("ada@example.com", "2026-11-24T12:00:00Z")
    assert made["total_spent"] == {"amount": 0, "currency": "USD"} and made["orders_count"] == 0
    assert desk("GET", path, 200) == made and desk.etag == first
    desk.counter.clock.advance(timedelta(seconds=1))
    changed = desk("PATCH", path, 200, {"accepts_marketing": False, "phone": "1"}, **{"If-Match": first or ""})
    assert (changed["marketing_opt_in_at"], changed["phone"], changed["first_name"]) == (None, "1", "Ada")
    assert desk("PATCH", path, 412, {"phone": None}, **{"If-Match": first or ""})["code"] == "stale"
    assert desk("PATCH", path, 200, {"phone": None, "first_name": None})["phone"] is None
    desk("DELETE", path, 204)
    assert desk("GET", path, 404)["code"] == "customer_not_found"
    desk("POST", "customers", 201, ADA)


def test_an_email_is_one_live_customers_however_it_is_written(desk: Desk) -> None:
    desk.shop.customer("Legacy@Example.com")
    taken = desk("POST", "customers", 409, {**ADA, "email": "LEGACY@example.COM"})
    assert (taken["code"], taken["errors"][0]["field"]) == ("email_taken", "body.email")
    ada = desk("POST", "customers", 201, ADA)
    other = desk("POST", "customers", 201, {**ADA, "email": "b@example.com"})
    desk("PATCH", f"customers/{other['id']}", 409, {"email": "ADA@example.com"})
    assert desk("PATCH", f"customers/{ada['id']}", 200, {"email": "ADA@example.com"}) == ada
    for bad in ({**ADA, "email": "x"}, {**ADA, "first_name": ""}, {**ADA, "last_name": "a\x00"}, {**ADA, "age": 3}):
        desk("POST", "customers", 422, bad)


def test_customers_are_found_in_pages_with_a_constant_number_of_statements(desk: Desk) -> None:
    made = [str(desk.shop.customer(f"c{n:02}@Example.test")) for n in range(50)]
    assert sorted(desk.walk("customers")) == sorted(made)
    assert desk.count("customers") <= 4
    assert [item["email"] for item in desk("GET", "customers?search=C07", 200)["items"]] == ["c07@Example.test"]
    assert len(desk("GET", "customers?search=Ada%20By&limit=100", 200)["items"]) == 50
    assert desk("GET", "customers?search=%25", 200)["items"] == []
    assert len(desk("GET", "customers?email=C11@example.TEST", 200)["items"]) == 1
    assert desk("GET", "customers?accepts_marketing=true", 200)["items"] == []
    desk("GET", "customers?cursor=x", 400)


def test_typed_custom_fields_are_validated(desk: Desk) -> None:
    customer = desk.shop.customer()
    path = f"customers/{customer}/custom-values"
    kinds = {"nick": "text", "age": "number", "vip": "boolean", "born": "date"}
    for key, kind in kinds.items():
        desk("POST", "custom-fields", 201, {"key": key, "label": key.title(), "kind": kind})
    tier = desk("POST", "custom-fields", 201, {
        "key": "tier", "label": "Tier", "kind": "choice", "choices": ["silver", "gold"], "is_required": True})
    values = {"nick": "A\n", "age": 36.5, "vip": False, "born": "1990-12-10", "tier": "gold"}
    assert desk("PUT", path, 200, {"values": values}) == {"values": values}
    assert desk("PUT", path, 200, {"values": {"tier": "silver", "age": -3, "nick": None}}) == {
        "values": {"age": -3, "tier": "silver"}}
    assert desk("GET", path, 200) == {"values": {"age": -3, "tier": "silver"}}
    for key, value in (("nick", 1), ("nick", ""), ("nick", "a\x00"), ("age", "36"), ("age", True), ("age", 10**15),
                       ("age", 1e-300), ("vip", "true"), ("vip", 1), ("born", "1990-13-01"), ("born", "19901210"),
                       ("born", 1), ("tier", "Gold"), ("tier", None), ("shoe", 1)):
        refused = desk("PUT", path, 422, {"values": {"tier": "gold", key: value}})
        assert refused["errors"][0]["field"] == f"body.values.{key}", (key, value)
    assert desk("PUT", path, 422, {"values": {}})["code"] == "value_required"
    own = f"custom-fields/{tier['id']}"
    assert desk("PATCH", own, 409, {"choices": ["gold"]})["code"] == "choice_in_use"
    assert desk("PATCH", own, 200, {"choices": ["silver"], "label": "Level"})["choices"] == ["silver"]
    desk("DELETE", own, 204)
    assert desk("GET", path, 200) == {"values": {"age": -3}}


def test_fields_are_listed_and_their_keys_are_unique(desk: Desk) -> None:
    made = [desk("POST", "custom-fields", 201, {"key": f"k{n}", "label": "L", "kind": "text"})["id"] for n in range(9)]
    assert desk.walk("custom-fields", 4) == made
    assert desk.count("custom-fields") <= 4
    assert desk("POST", "custom-fields", 409, {"key": "k1", "label": "L", "kind": "text"})["code"] == "field_key_taken"
    for bad in ({"kind": "choice"}, {"kind": "text", "choices": ["a"]}, {"kind": "choice", "choices": ["a", "a"]},
                {"kind": "colour"}, {"kind": "text", "key": "No"}):
        desk("POST", "custom-fields", 422, {"key": "x", "label": "L", **bad})
    rule = {"type": "custom_field", "key": "k1", "values": ["x"]}
    desk("POST", "customer-segments", 201, {"name": "S", "rule": rule})
    assert desk("DELETE", f"custom-fields/{made[1]}", 409)["code"] == "field_in_use"
    desk("DELETE", f"custom-fields/{made[2]}", 204)
    desk("GET", f"custom-fields/{made[2]}", 404)


def test_another_store_sees_none(desk: Desk, counter: Counter) -> None:
    customer = desk.shop.customer()
    field = desk("POST", "custom-fields", 201, {"key": "k", "label": "L", "kind": "text"})
    stranger = Desk(counter, "customer.read", "customer.write")
    for path in (f"customers/{customer}", f"customers/{customer}/custom-values", f"customers/{customer}/segments",
                 f"custom-fields/{field['id']}"):
        stranger("GET", path, 404)
    stranger("PATCH", f"customers/{customer}", 404, {"phone": "1"})
    stranger("DELETE", f"customers/{customer}", 404)
    stranger("PUT", f"customers/{customer}/custom-values", 404, {"values": {}})
    desk("GET", f"customers/{uuid4()}", 404)
