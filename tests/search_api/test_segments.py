"""Segments over HTTP: by hand and by rule, their members and their history."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.search_api.conftest import Counter
from tests.search_api.desk import Desk

RULE = {"type": "all", "rules": [{"type": "accepts_marketing", "value": True},
                                 {"type": "not", "rule": {"type": "country", "countries": ["DE"]}}]}


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter, "customer.read", "customer.segment.manage")


def test_segments_are_made_read_changed_and_deleted(desk: Desk) -> None:
    made = desk("POST", "customer-segments", 201, {"name": "Größte Käufer", "rule": RULE})
    path, first = f"customer-segments/{made['id']}", desk.etag
    assert (made["slug"], made["kind"], made["rule"], made["member_count"]) == ("grosste-kaufer", "rule", RULE, 0)
    assert desk("GET", path, 200) == made and desk.etag == first
    desk.counter.clock.advance(timedelta(seconds=1))
    other = {"type": "orders_count", "at_least": 1, "at_most": None}
    assert desk("PATCH", path, 200, {"rule": other, "name": None}, **{"If-Match": first or ""})["rule"] == other
    desk("PATCH", path, 412, {"name": "X"}, **{"If-Match": first or ""})
    assert desk("POST", "customer-segments", 409, {"name": "X", "slug": made["slug"]})["code"] == "segment_slug_taken"
    for bad in ({"type": "horoscope"}, {"type": "not", "rule": {"type": "x"}}, {"type": "orders_count"},
                {"type": "any", "rules": [RULE, {"type": "country", "countries": ["Germany"]}]}):
        refused = desk("PATCH", path, 422, {"rule": bad})
        assert refused["errors"][0]["field"].startswith("body.rule"), refused
    unknown = desk("PATCH", path, 422, {"rule": {"type": "custom_field", "key": "shoe", "values": ["1"]}})
    assert "there is no custom field 'shoe'" in unknown["detail"]
    deep: dict = {"type": "accepts_marketing"}
    for _ in range(120):
        deep = {"type": "not", "rule": deep}
    desk("PATCH", path, 422, {"rule": deep})
    desk("DELETE", path, 204)
    desk("GET", path, 404)


def test_members_come_and_go_by_hand(desk: Desk) -> None:
    people = [str(desk.shop.customer()) for _ in range(5)]
    segment = desk("POST", "customer-segments", 201, {"name": "Friends"})
    path = f"customer-segments/{segment['id']}"
    assert desk("POST", f"{path}/members", 200, {"customer_ids": people}) == {"changed_count": 5}
    assert desk("POST", f"{path}/members", 200, {"customer_ids": people[:1]}) == {"changed_count": 0}
    assert desk("POST", f"{path}/members", 422, {"customer_ids": [str(uuid4())]})["errors"][0]["field"] == (
        "body.customer_ids.0")
    desk.counter.clock.advance(timedelta(minutes=1))
    desk("DELETE", f"{path}/members/{people[0]}", 204)
    assert len(desk.walk(f"{path}/members", 2)) == 4 and len(desk.walk(f"{path}/members?history=true", 2)) == 5
    assert desk("GET", path, 200)["member_count"] == 4
    (spell,) = desk("GET", f"customers/{people[1]}/segments", 200)["items"]
    assert (spell["segment_id"], spell["left_at"]) == (segment["id"], None)
    assert desk("GET", f"customers/{people[0]}/segments", 200)["items"] == []
    assert len(desk("GET", f"customers/{people[0]}/segments?history=true", 200)["items"]) == 1
    ruled = desk("POST", "customer-segments", 201, {"name": "R", "rule": RULE})
    assert desk("POST", f"customer-segments/{ruled['id']}/members", 409, {"customer_ids": people})["code"] == (
        "segment_has_rule")
    assert desk("PATCH", path, 409, {"rule": RULE})["code"] == "segment_by_hand"


def test_listings_take_a_constant_number_of_statements(desk: Desk) -> None:
    made = [desk("POST", "customer-segments", 201, {"name": f"S {n}"})["id"] for n in range(20)]
    assert desk.walk("customer-segments") == made
    desk("POST", f"customer-segments/{made[0]}/members", 200, {
        "customer_ids": [str(desk.shop.customer()) for _ in range(50)]})
    for path in ("customer-segments", f"customer-segments/{made[0]}/members"):
        assert desk.count(path) <= 5
        desk("GET", f"{path}?cursor=x", 400)


def test_another_store_sees_none(desk: Desk, counter: Counter) -> None:
    segment = desk("POST", "customer-segments", 201, {"name": "Mine"})["id"]
    stranger = Desk(counter, "customer.read", "customer.segment.manage")
    for method, path, body in (
            ("GET", f"customer-segments/{segment}", None), ("GET", f"customer-segments/{segment}/members", None),
            ("PATCH", f"customer-segments/{segment}", {"name": "x"}), ("DELETE", f"customer-segments/{segment}", None),
            ("POST", f"customer-segments/{segment}/members", {"customer_ids": [str(uuid4())]})):
        stranger(method, path, 404, body)
    assert stranger("GET", "customer-segments", 200)["items"] == []
