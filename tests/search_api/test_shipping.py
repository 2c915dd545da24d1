"""Shipping over HTTP: profiles, rates and their check, quotes, fulfilments, parcels, carriers' reports."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.oltp.shipping.orders import Placed, column, place
from tests.search_api.conftest import Counter
from tests.selling import Shop, open_shop
from tests.statements import statements

SCOPES = ("shipping.manage", "order.fulfill", "order.read", "cart.write")


class Desk:
    """A shop, and somebody who calls the API for it."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *SCOPES)

    def __call__(self, method: str, path: str, status: int, json: Any = None, **headers: str) -> Any:
        """Call, expect a status, return the body."""
        answer = self.counter.client.request(
            method, f"/v1/{path}", json=json, headers={**self.headers, **headers})
        assert answer.status_code == status, answer.text
        self.etag = answer.headers.get("etag")
        return answer.json() if answer.content else None

    def place(self, quantity: int = 2) -> Placed:
        """An order that is paid."""
        return place(self.shop, (self.shop.product(weight_kg=0.5), quantity))


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter)


def test_profiles_are_made_read_changed_and_deleted(desk: Desk) -> None:
    made = desk("POST", "shipping-profiles", 201, {"name": " Parcels "})
    assert (made["name"], made["is_default"]) == ("Parcels", True)
    path, first = f"shipping-profiles/{made['id']}", desk.etag
    assert desk("GET", path, 200) == made and desk.etag == first
    other = desk("POST", "shipping-profiles", 201, {"name": "Bulky"})
    desk.counter.clock.advance(timedelta(seconds=1))
    assert desk("PATCH", path, 200, {"name": "Small"}, **{"If-Match": first})["name"] == "Small"
    assert desk("PATCH", path, 412, {"name": "Tiny"}, **{"If-Match": first})["code"] == "stale"
    assert desk("DELETE", path, 409)["code"] == "default_profile_needed"
    desk("PATCH", f"shipping-profiles/{other['id']}", 200, {"is_default": True})
    desk("DELETE", path, 204)
    assert desk("GET", path, 404)["code"] == "profile_not_found"
    assert [item["name"] for item in desk("GET", "shipping-profiles", 200)["items"]] == ["Bulky"]
    assert desk("POST", "shipping-profiles", 409, {"name": "Bulky"})["errors"][0]["field"] == "body.name"


def test_rates_are_made_changed_and_checked(desk: Desk) -> None:
    profile = f"shipping-profiles/{desk('POST', 'shipping-profiles', 201, {'name': 'P'})['id']}"
    price = {"amount": 599, "currency": "USD"}
    rate = desk("POST", f"{profile}/rates", 201, {
        "name": "Standard", "country": "US", "region": "ca", "band_from": 1000, "price": price})
    assert (rate["price"], rate["region"], rate["band_to"], rate["basis"]) == (price, "CA", None, "price")
    path = f"{profile}/rates/{rate['id']}"
    assert desk("GET", path, 200) == rate
    overlap = desk("POST", f"{profile}/rates", 409, {
        "name": "Standard", "country": "US", "region": "CA", "band_from": 2000, "price": price})
    assert "two prices from 20.00 USD up in US-CA" in overlap["detail"]
    found = desk("GET", f"{profile}/check", 200)["findings"]
    assert [(each["kind"], each["since"], each["until"], each["is_uncovered"]) for each in found] == [
        ("gap", 0, 1000, True)]
    changed = desk("PATCH", path, 200, {"band_from": 0, "region": None, "name": None}, **{"If-Match": desk.etag or "*"})
    assert (changed["band_from"], changed["region"], changed["name"]) == (0, None, "Standard")
    assert desk("GET", f"{profile}/check", 200) == {"findings": []}
    assert desk("PATCH", path, 422, {"band_to": 0})["errors"][0]["field"] == "body.band_to"
    desk("POST", f"{profile}/rates", 422, {"name": "x", "price": price, "colour": 1})
    desk("DELETE", path, 204)
    desk("GET", path, 404)
    desk("GET", f"shipping-profiles/{uuid4()}/rates", 404)


def test_products_are_assigned_and_quoted(desk: Desk) -> None:
    light, heavy = desk.shop.product(1000, weight_kg=0.2), desk.shop.product(3000, weight_kg=30.0)
    wish = {"items": [{"variant_id": str(goods.variant_id), "quantity": 2} for goods in (light, heavy)],
            "country": "US", "currency": "USD"}
    free = desk("POST", "shipping-quotes", 200, wish)["options"]
    assert [(option["name"], option["price"]["amount"]) for option in free] == [("Standard", 0)]
    desk.shop.shipping(500)
    bulky = desk("POST", "shipping-profiles", 201, {"name": "Bulky"})["id"]
    for since, until, amount in ((0, 50_000, 1000), (50_000, None, 9000)):
        desk("POST", f"shipping-profiles/{bulky}/rates", 201, {
            "name": "Standard", "basis": "weight", "band_from": since, "band_to": until,
            "price": {"amount": amount, "currency": "USD"}})
    body = {"product_ids": [str(heavy.product_id)]}
    assert desk("POST", f"shipping-profiles/{bulky}/products", 200, body) == {"changed_count": 1}
    assert desk("POST", "shipping-quotes", 200, wish)["options"][0]["price"] == {"amount": 9500, "currency": "USD"}
    wish["items"][1]["quantity"] = 1  # type: ignore[index]
    assert desk("POST", "shipping-quotes", 200, wish)["options"][0]["price"]["amount"] == 1500
    unknown = {**wish, "items": [{"variant_id": str(uuid4()), "quantity": 1}]}
    assert desk("POST", "shipping-quotes", 422, unknown)["errors"][0]["field"] == "body.items.0.variant_id"
    assert desk("POST", f"shipping-profiles/{bulky}/products", 422, {"product_ids": [str(uuid4())]})


def test_an_order_is_fulfilled_step_by_step(desk: Desk) -> None:
    placed = desk.place(3)
    path = f"orders/{placed.order_id}/fulfillments"
    made = desk("POST", path, 201, {"items": [{"order_item_id": str(placed.lines[0]), "quantity": 1}]})
    assert made["items"] == [{"order_item_id": str(placed.lines[0]), "quantity": 1}]
    assert (made["status"], made["shipments"]) == ("pending", [])
    own = f"fulfillments/{made['id']}"
    assert desk("POST", f"{own}/pack", 200)["status"] == "packed"
    shipped = desk("POST", f"{own}/ship", 200, {"carrier": "UPS", "tracking_number": "1Z"})
    assert (shipped["status"], shipped["tracking_number"]) == ("shipped", "1Z")
    assert desk("POST", f"{own}/cancel", 409)["code"] == "fulfillment_moved"
    assert desk("POST", f"{own}/deliver", 200)["status"] == "delivered"
    rest = desk("POST", path, 201, {})
    assert rest["items"][0]["quantity"] == 2
    assert desk("POST", path, 422, {})["code"] == "nothing_to_send"
    over = {"items": [{"order_item_id": str(placed.lines[0]), "quantity": 1}]}
    assert desk("POST", path, 409, over)["errors"][0]["field"] == "body.items.0.quantity"
    desk("POST", path, 422, {"items": over["items"] * 2})
    assert desk("POST", f"fulfillments/{rest['id']}/cancel", 200)["status"] == "canceled"
    assert [each["status"] for each in desk("GET", path, 200)["items"]] == ["delivered", "canceled"]
    assert column(desk.shop, "orders", placed.order_id, "CAST(status AS text)") == "PROCESSING"


def test_carrier_callbacks_are_idempotent(desk: Desk) -> None:
    placed = desk.place()
    own = f"fulfillments/{desk('POST', f'orders/{placed.order_id}/fulfillments', 201, {})['id']}"
    parcel = desk("POST", f"{own}/shipments", 201, {
        "carrier": "UPS", "weight_grams": 900, "cost": {"amount": 850, "currency": "USD"}, "external_ref": "P1"})
    assert (parcel["status"], parcel["cost"]["amount"]) == ("label_created", 850)
    desk("POST", f"{own}/shipments", 409, {"carrier": "UPS", "external_ref": "P1"})
    events = f"shipments/{parcel['id']}/events"
    report = {"name": "delivered", "external_ref": "e2", "occurred_at": "2026-11-24T10:00:00+01:00", "body": {"a": 1}}
    assert desk("POST", events, 200, report)["delivered_at"] == "2026-11-24T09:00:00Z"
    for _ in range(2):
        late = {**report, "name": "in_transit", "external_ref": "e1", "occurred_at": "2026-11-24T08:00:00Z"}
        answered = desk("POST", events, 200, late)
        assert (answered["status"], answered["shipped_at"]) == ("delivered", "2026-11-24T08:00:00Z")
    assert desk("GET", own, 200)["status"] == "delivered"
    assert desk("GET", f"shipments/{parcel['id']}", 200) == answered
    assert desk("GET", f"{own}/shipments", 200)["items"] == [answered]
    assert column(desk.shop, "orders", placed.order_id, "CAST(status AS text)") == "DELIVERED"
    for name, value in (("occurred_at", "2099-01-01T00:00:00Z"), ("occurred_at", "0001-01-01T00:00:00+14:00"),
                        ("occurred_at", "2026-11-24T08:00:00"), ("name", "lost")):
        desk("POST", events, 422, {**report, "external_ref": "e3", name: value})
    unstorable = desk("POST", events, 422, {**report, "external_ref": "e3", "body": {"a": "\x00"}})
    assert unstorable["errors"][0]["field"] == "body.body"


def test_held_and_unpaid_orders_are_refused(desk: Desk) -> None:
    unpaid = place(desk.shop, (desk.shop.product(), 1), status="PROCESSING", payment="PENDING")
    assert desk("POST", f"orders/{unpaid.order_id}/fulfillments", 409, {})["code"] == "order_unpaid"
    held = desk.place()
    desk.shop.execute("UPDATE orders SET held_at = now(), hold_reason = 'fraud' WHERE store_id = :store AND id = :id",
                      id=held.order_id)
    assert desk("POST", f"orders/{held.order_id}/fulfillments", 409, {})["code"] == "order_held"
    assert desk("POST", f"orders/{uuid4()}/fulfillments", 404, {})["code"] == "order_not_found"


def fill(shop: Shop, placed: Placed, count: int) -> None:
    """Add so many fulfilments with a parcel each, and so many profiles."""
    shop.execute("""
        WITH f AS (INSERT INTO fulfillment (store_id, order_id) SELECT :store, :order FROM generate_series(1, :count)
                   RETURNING id),
             i AS (INSERT INTO fulfillment_item (store_id, fulfillment_id, order_id, order_item_id, quantity)
                   SELECT :store, id, :order, :line, 1 FROM f)
        INSERT INTO shipment (store_id, fulfillment_id, carrier) SELECT :store, id, 'UPS' FROM f""",
        order=placed.order_id, line=placed.lines[0], count=count)
    shop.execute("INSERT INTO shipping_profile (store_id, name) SELECT :store, n FROM generate_series(1, :count) n",
                 count=count)
    profile = shop.shipping(1)
    shop.execute("""
        INSERT INTO shipping_rate (store_id, profile_id, name, amount, currency)
        SELECT :store, :profile, n, 1, 'USD' FROM generate_series(2, :count) n""", profile=profile, count=count)


def test_the_number_of_statements_does_not_grow(desk: Desk) -> None:
    placed = desk.place(100)
    fill(desk.shop, placed, 50)
    profile = desk.shop.shipping(1, name="Other")
    fulfillment = desk("GET", f"orders/{placed.order_id}/fulfillments?limit=1", 200)["items"][0]["id"]
    for path, expected in ((f"orders/{placed.order_id}/fulfillments", 50), ("shipping-profiles", 51),
                           (f"shipping-profiles/{profile}/rates", 51), (f"fulfillments/{fulfillment}/shipments", 1)):
        counts = []
        for limit in (1, 100):
            with statements(desk.counter.database) as sent:
                page = desk("GET", f"{path}?limit={limit}", 200)
            counts.append(len(sent))
        assert counts[0] == counts[1] and len(page["items"]) == expected, path
        assert walk(desk, path) == [item["id"] for item in page["items"]]
        desk("GET", f"{path}?cursor=x", 400)


def walk(desk: Desk, path: str) -> list[str]:
    """Ids of all pages of seven."""
    found, cursor = [], ""
    while True:
        page = desk("GET", f"{path}?limit=7{cursor}", 200)
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_another_store_sees_none(desk: Desk, counter: Counter) -> None:
    placed = desk.place()
    made = desk("POST", f"orders/{placed.order_id}/fulfillments", 201, {})
    stranger = Desk(counter)
    for path in (f"orders/{placed.order_id}/fulfillments", f"fulfillments/{made['id']}",
                 f"fulfillments/{made['id']}/shipments"):
        stranger("GET", path, 404)
    stranger("POST", f"fulfillments/{made['id']}/ship", 404, {})
