"""Carts over HTTP: filled, changed by two, paged in a constant number of statements."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from tests.search_api.conftest import Counter
from tests.selling import Shop, open_shop
from tests.statements import statements

Ask = Callable[..., Response]


@pytest.fixture
def shop(counter: Counter) -> Shop:
    """A shop of the test's own."""
    return open_shop(counter.database)


@pytest.fixture
def ask(counter: Counter, shop: Shop) -> Ask:
    """A function that asks as a storefront that may fill carts."""
    headers = counter.headers(shop.store_id, "cart.write")

    def ask(method: str, path: str, body: Any = None, **more: str) -> Response:
        return counter.client.request(method, path, json=body, headers={**headers, **more})

    return ask


def test_a_cart_is_filled_and_changed(shop: Shop, ask: Ask) -> None:
    cup, pot = shop.product(1000), shop.product(2500)
    made = ask("POST", "/v1/carts", {"currency": "USD", "codes": [" summer "], "items": [
        {"variant_id": str(cup.variant_id), "quantity": 2}]})
    assert made.status_code == 201 and made.headers["etag"]
    cart = made.json()
    assert (cart["codes"], cart["status"], cart["version"]) == (["SUMMER"], "open", 1)
    path = f"/v1/carts/{cart['id']}"
    more = ask("POST", f"{path}/items", {"items": [{"variant_id": str(pot.variant_id)}]}).json()
    assert [item["quantity"] for item in more["items"]] == [2, 1]
    ask("PATCH", f"{path}/items/{more['items'][0]['id']}", {"quantity": 5})
    assert ask("DELETE", f"{path}/items/{more['items'][1]['id']}").status_code == 204
    address = {"first_name": "Ada", "last_name": "Byron", "address": "1 Square", "city": "London",
               "postal_code": "SW1", "country": "GB"}
    changed = ask("PATCH", path, {"shipping_address": address, "codes": []}).json()
    assert [(item["variant_id"], item["quantity"]) for item in changed["items"]] == [(str(cup.variant_id), 5)]
    assert changed["shipping_address"] == address and changed["codes"] == []
    assert ask("GET", path).json() == changed
    assert ask("DELETE", path).status_code == 204
    assert ask("GET", path).status_code == 404


def test_of_two_who_change_a_cart_the_second_hears_of_it(shop: Shop, ask: Ask) -> None:
    cart = ask("POST", "/v1/carts", {"currency": "USD"})
    path, seen = f"/v1/carts/{cart.json()['id']}", cart.headers["etag"]
    assert ask("PATCH", path, {"email": "a@example.test"}, **{"If-Match": seen}).status_code == 200
    assert ask("PATCH", path, {"email": "b@example.test"}, **{"If-Match": '"1"'}).status_code == 412
    assert ask("DELETE", path, **{"If-Match": '"1"'}).status_code == 412
    assert ask("PATCH", path, {"email": "b@example.test"}, **{"If-Match": "garbage"}).status_code == 400


def test_what_can_not_be_put_into_a_cart_is_named(shop: Shop, ask: Ask) -> None:
    cup, nothing = str(shop.product().variant_id), str(uuid4())

    def refusal(body: Any) -> tuple[int, str]:
        answer = ask("POST", "/v1/carts", body)
        return answer.status_code, answer.json()["errors"][0]["field"]

    assert refusal({"currency": "USD", "items": [{"variant_id": cup}, {"variant_id": nothing}]}) == (
        422, "body.items.1.variant_id")
    assert refusal({"currency": "USD", "items": [{"bundle_id": nothing}]}) == (422, "body.items.0.bundle_id")
    assert refusal({"currency": "USD", "items": [{"variant_id": cup, "bundle_id": nothing}]}) == (
        422, "body.items.0.variant_id")
    assert refusal({"currency": "USD", "customer_id": nothing}) == (422, "body.customer_id")
    assert refusal({"currency": "usd"})[0] == 422
    assert refusal({"currency": "USD", "items": [{"variant_id": cup, "quantity": 0}]}) == (
        422, "body.items.0.quantity")
    assert refusal({"currency": "USD", "colour": "red"}) == (422, "body.colour")
    assert ask("PATCH", f"/v1/carts/{nothing}", {}).status_code == 404
    assert ask("POST", f"/v1/carts/{nothing}/items", {"items": [{"variant_id": cup}]}).status_code == 404


def test_a_full_cart_takes_no_more(shop: Shop, ask: Ask) -> None:
    item = {"variant_id": str(shop.product().variant_id)}
    cart = ask("POST", "/v1/carts", {"currency": "USD", "items": [item] * 200}).json()
    assert ask("POST", f"/v1/carts/{cart['id']}/items", {"items": [item]}).json()["code"] == "cart_full"


def test_pages_of_carts_cost_a_constant_number_of_statements(counter: Counter, shop: Shop, ask: Ask) -> None:
    item = {"variant_id": str(shop.product().variant_id)}
    made = [ask("POST", "/v1/carts", {"currency": "USD", "items": [item] * 3}).json()["id"] for _ in range(12)]
    sent = []
    for limit in (1, 12):
        with statements(counter.database) as seen:
            assert len(ask("GET", f"/v1/carts?limit={limit}").json()["items"]) == limit
        sent.append(len(seen))
    assert sent[0] == sent[1]
    found, cursor = [], ""
    while cursor is not None:
        page = ask("GET", f"/v1/carts?limit=5{cursor and '&cursor=' + cursor}").json()
        found += [cart["id"] for cart in page["items"]]
        cursor = page["next"]
    assert sorted(found) == sorted(made) and len(found) == 12
    assert ask("GET", "/v1/carts?cursor=WyJhIiwgImIiXQ").status_code == 400


def test_another_store_sees_nothing_of_it(counter: Counter, ask: Ask) -> None:
    cart = ask("POST", "/v1/carts", {"currency": "USD"}).json()["id"]
    other: UUID = open_shop(counter.database).store_id
    headers = counter.headers(other, "cart.write")
    assert counter.client.get(f"/v1/carts/{cart}", headers=headers).status_code == 404
    assert counter.client.get("/v1/carts", headers=headers).json()["items"] == []
    reader = counter.headers(other, "order.read")
    assert counter.client.get("/v1/carts", headers=reader).status_code == 403
