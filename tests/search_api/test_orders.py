"""Orders over HTTP: listed, read, edited by two, moved, held, cancelled, invoiced."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.search_api.checkouts import CARD, Front, open_front
from tests.search_api.conftest import Counter
from tests.statements import statements


@pytest.fixture
def front(counter: Counter) -> Front:
    """A storefront of the test's own."""
    return open_front(counter)


def pages(front: Front, query: str, limit: int) -> Iterator[dict[str, Any]]:
    """The orders of all pages."""
    cursor: str | None = ""
    while cursor is not None:
        page = front.ask("GET", f"/v1/orders?{query}&limit={limit}{cursor and '&cursor=' + cursor}").json()
        yield from page["items"]
        cursor = page["next"]


def test_orders_are_listed_filtered_and_sorted(counter: Counter, front: Front) -> None:
    goods = [front.shop.product(price) for price in (500, 300, 100)]
    ada = front.shop.customer("ada@shop.test")
    made = [front.place((goods[n % 3], 1 + n), **({"customer_id": str(ada)} if n < 2 else {})) for n in range(7)]
    front.ask("POST", f"/v1/orders/{made[0]['id']}/cancel", {})
    for sort, key in (("-created_at", "id"), ("total_amount", "total"), ("-order_number", "order_number")):
        found = list(pages(front, f"sort={sort}", 3))
        assert sorted(order["id"] for order in found) == sorted(order["id"] for order in made)
        if key == "total":
            totals = [order["total"]["amount"] for order in found]
            assert totals == sorted(totals)
        elif key == "order_number":
            assert [order[key] for order in found] == [f"ORD-{n:05}" for n in range(7, 0, -1)]

    def count(query: str) -> int:
        return len(list(pages(front, query, 100)))

    assert (count("status=CANCELED"), count("status=PROCESSING"), count("payment_status=PAID")) == (1, 6, 0)
    assert (count(f"customer_id={ada}"), count("search=ADA@SHOP"), count("search=ORD-00003"), count("search=%25")) == (
        2, 2, 1, 0)
    noon = counter.clock.now().isoformat().replace("+", "%2B")
    assert (count(f"placed_from={noon}"), count(f"placed_before={noon}")) == (7, 0)
    assert front.ask("GET", "/v1/orders?cursor=WyJhIiwgImIiLCAiYyJd").status_code == 400


def test_pages_of_orders_cost_a_constant_number_of_statements(counter: Counter, front: Front) -> None:
    goods = [front.shop.product() for _ in range(3)]
    made = [front.place(*((each, 1) for each in goods[:1 + n % 3])) for n in range(12)]
    sent = []
    for limit in (1, 12):
        with statements(counter.database) as seen:
            assert len(front.ask("GET", f"/v1/orders?limit={limit}").json()["items"]) == limit
        sent.append(len(seen))
    for order in (made[0], made[2]):
        with statements(counter.database) as seen:
            front.ask("GET", f"/v1/orders/{order['id']}")
        sent.append(len(seen))
    assert sent[0] == sent[1] and sent[2] == sent[3]


def test_of_two_who_edit_an_order_the_second_hears_of_it(front: Front) -> None:
    order = front.place((front.shop.product(), 1))
    path = f"/v1/orders/{order['id']}"
    seen = front.ask("GET", path).headers["etag"]
    note = front.ask("PATCH", path, {"admin_note": "Call first."}, **{"If-Match": seen})
    assert note.status_code == 200 and note.json()["admin_note"] == "Call first."
    assert front.ask("PATCH", path, {"admin_note": "x"}, **{"If-Match": '"1"'}).status_code == 412
    moved = front.ask("PATCH", path, {"shipping_address": {
        "first_name": "Ada", "last_name": "Byron", "address": "2 Square", "city": "Leeds", "postal_code": "L1",
        "country": "GB"}}).json()
    assert moved["shipping_address"]["city"] == "Leeds" and moved["billing_address"]["city"] == "London"
    assert front.ask("PATCH", path, {"status": "PAID"}).status_code == 422
    assert front.ask("PATCH", f"/v1/orders/{uuid4()}", {}).status_code == 404


def test_a_held_order_is_not_sent_and_states_are_named_when_refused(front: Front) -> None:
    order = front.place((front.shop.product(), 1))
    path = f"/v1/orders/{order['id']}"
    assert front.ask("POST", f"{path}/hold", {"reason": "Look at it."}).json()["is_held"]
    held = front.ask("POST", f"{path}/transitions", {"to": "SHIPPED"})
    assert (held.status_code, held.json()["code"]) == (409, "order_held")
    assert not front.ask("POST", f"{path}/release").json()["is_held"]
    sent = front.ask("POST", f"{path}/transitions", {"to": "SHIPPED", "tracking_number": "1Z", "admin_note": "gone"})
    assert (sent.json()["status"], sent.json()["tracking_number"]) == ("SHIPPED", "1Z")
    same = front.ask("POST", f"{path}/transitions", {"to": "SHIPPED", "tracking_url": "https://track.test/1Z"})
    assert same.json()["tracking_url"] == "https://track.test/1Z"
    refused = front.ask("POST", f"{path}/transitions", {"to": "PENDING"})
    assert refused.status_code == 422 and "SHIPPED to PENDING" in refused.json()["detail"]
    assert front.ask("POST", f"{path}/transitions", {"to": "DELIVERED"}).json()["fulfilled_at"] is not None


def test_cancelling_over_http(front: Front) -> None:
    cup = front.shop.product(1000, stock=9)
    order = front.place((cup, 3), payment=CARD)
    path, line = f"/v1/orders/{order['id']}", order["items"][0]["id"]
    less = front.ask("POST", f"{path}/items/cancel", {"items": [{"order_item_id": line, "quantity": 1}]}).json()
    assert (less["items"][0]["cancelled_quantity"], less["amounts"]["returned"]["amount"]) == (1, 1000)
    over = front.ask("POST", f"{path}/items/cancel", {"items": [{"order_item_id": line, "quantity": 3}]})
    assert (over.status_code, over.json()["errors"][0]["field"]) == (409, "body.items.0.quantity")
    gone = front.ask("POST", f"{path}/cancel", {"reason": "Sent back."}).json()
    assert gone["cancel_reason"] == "Sent back." and gone["amounts"]["returned"]["amount"] == 3000
    assert front.shop.on_hand(cup) == 9
    assert front.ask("DELETE", path).status_code == 204
    assert front.ask("GET", path).status_code == 404


def test_an_invoice_says_what_was_sold_then(front: Front) -> None:
    order = front.place((front.shop.product(1000, name="Cup"), 2), customer_id=str(front.shop.customer()))
    front.shop.execute("UPDATE products SET name = 'Mug', price_amount = 5 WHERE store_id = :store")
    invoice = front.ask("GET", f"/v1/orders/{order['id']}/invoice").json()
    assert invoice["order"]["items"][0]["product_name"] == "Cup" and invoice["buyer"]["name"] == "Ada Byron"
    assert not {"admin_note", "hold_reason"} & invoice["order"].keys(), "that is for the shop's own people"
    assert invoice["order"]["total"] == {"amount": 2000, "currency": "USD"} and invoice["seller"]["name"]


def test_who_may_only_read_changes_nothing(counter: Counter, front: Front) -> None:
    order = front.place((front.shop.product(), 1))
    front.headers = counter.headers(front.shop.store_id, "order.read")
    path = f"/v1/orders/{order['id']}"
    assert front.ask("GET", path).status_code == 200
    assert {front.ask("POST", f"{path}/{verb}", {}).status_code for verb in (
        "cancel", "hold", "release", "transitions", "payments", "items/cancel")} == {403}
    assert front.ask("DELETE", path).status_code == front.ask("PATCH", path, {}).status_code == 403
