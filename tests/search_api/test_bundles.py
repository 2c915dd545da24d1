"""Bundles over HTTP: what they cost and save, how many there are, and who changes them."""

from typing import Any
from uuid import uuid4

import pytest

from oltp.inventory.reserving import reserve_stock
from tests.oltp.inventory.stocked import add_order, expire
from tests.search_api.conftest import Counter
from tests.search_api.test_collections import Desk
from tests.selling import Goods
from tests.statements import statements

PATH = "/v1/bundles"


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


def body(*items: tuple[Goods, int], **fields: Any) -> dict[str, Any]:
    return {"name": "Desk set", **fields,
            "items": [{"variant_id": str(goods.variant_id), "quantity": quantity} for goods, quantity in items]}


def make(desk: Desk, *items: tuple[Goods, int], **fields: Any) -> dict[str, Any]:
    answer = desk.call("POST", PATH, json=body(*items, **fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def test_what_a_bundle_costs_and_saves(desk: Desk) -> None:
    a, b = desk.shop.product(1000), desk.shop.product(333)
    for number, (fields, price, saving) in enumerate((
        ({}, 2333, 0), ({"pricing": "fixed", "price": usd(2000)}, 2000, 333),
        ({"pricing": "fixed", "price": usd(9000)}, 2333, 0),
        ({"pricing": "percent", "discount_percent": "10"}, 2100, 233),
        ({"pricing": "percent", "discount_percent": 12.5}, 2041, 292),
    )):
        made = make(desk, (a, 2), (b, 1), slug=f"set-{number}", **fields)
        assert (made["parts_price"], made["price"], made["saving"]) == (usd(2333), usd(price), usd(saving))
        assert [(item["sku"], item["quantity"], item["unit_price"]) for item in made["items"]] == [
            (a.sku, 2, usd(1000)), (b.sku, 1, usd(333))]
    other = desk.call("GET", f"{PATH}/{made['id']}", params={"currency": "EUR"}).json()
    assert (other["price"], other["parts_price"], other["saving"]) == (None, None, None)


def test_availability_is_that_of_the_scarcest_part(desk: Desk) -> None:
    a, b, free = desk.shop.product(stock=7), desk.shop.product(stock=9), desk.shop.product(stock=0, is_tracked=False)
    made = make(desk, (a, 2), (b, 1), (free, 5))
    path = f"{PATH}/{made['id']}"
    assert made["available"] == 3
    with desk.shop.database.session_for(desk.shop.store_id) as session:
        reserve_stock(session, store_id=desk.shop.store_id, demand={b.variant_id: 8}, order_id=add_order(desk.shop),
                      minutes=15)
    assert desk.call("GET", path).json()["available"] == 1
    expire(desk.shop)
    assert desk.call("GET", path).json()["available"] == 3
    desk.shop.execute("UPDATE products SET status = 'ARCHIVED' WHERE id = :id", id=b.product_id)
    assert desk.call("GET", path).json()["available"] == 0
    assert make(desk, (free, 1), slug="free")["available"] is None


def test_a_bundle_is_changed_by_one_of_two(desk: Desk) -> None:
    a, b = desk.shop.product(1000), desk.shop.product(500)
    made = desk.call("POST", PATH, json=body((a, 1), pricing="fixed", price=usd(900)))
    path, etag = f"{PATH}/{made.json()['id']}", made.headers["ETag"]
    changed = desk.call("PATCH", path, headers={"If-Match": etag}, json={
        "pricing": "percent", "discount_percent": "50", "items": body((b, 2), (a, 1))["items"]})
    assert changed.status_code == 200, changed.text
    told = changed.json()
    assert (told["fixed_price"], told["price"], told["discount_percent"]) == (None, usd(1000), "50.000")
    assert [item["variant_id"] for item in told["items"]] == [str(b.variant_id), str(a.variant_id)]
    for method, given in (("PATCH", {"json": {"name": "B"}}), ("DELETE", {})):
        assert desk.call(method, path, headers={"If-Match": etag}, **given).status_code == 412
    assert desk.call("PATCH", path, json={"is_active": False, "name": "Set"}).json()["is_active"] is False
    assert desk.call("DELETE", path).status_code == 204
    assert desk.call("GET", path).status_code == 404


def test_what_cannot_be_is_named(desk: Desk) -> None:
    a = desk.shop.product()
    make(desk, (a, 1), slug="set")
    for fields, code, field in (
        ({"pricing": "fixed"}, "bundle_pricing_invalid", "body.price"),
        ({"price": usd(5)}, "bundle_pricing_invalid", "body.price"),
        ({"pricing": "percent"}, "bundle_pricing_invalid", "body.discount_percent"),
        ({"discount_percent": 5}, "bundle_pricing_invalid", "body.discount_percent"),
        ({"pricing": "percent", "discount_percent": 101}, "invalid_request", "body.discount_percent"),
        ({"items": []}, "invalid_request", "body.items"), ({"slug": "set"}, "slug_taken", "body.slug"),
        ({"items": body((a, 1), (a, 2))["items"]}, "bundle_items_invalid", "body.items"),
        ({"items": [{"variant_id": str(uuid4())}]}, "bundle_variant_unknown", "body.items.0.variant_id"),
    ):
        answer = desk.call("POST", PATH, json={**body((a, 1)), **fields})
        assert (answer.json()["code"], answer.json()["errors"][0]["field"]) == (code, field), fields
        assert answer.status_code == (409 if code == "slug_taken" else 422)
    path = f"{PATH}/{make(desk, (a, 1), slug='other')['id']}"
    assert desk.call("PATCH", path, json={"discount_percent": 5}).json()["code"] == "bundle_pricing_invalid"
    assert desk.call("PATCH", path, json={"slug": "set"}).status_code == 409


def test_bundles_by_page_in_constant_statements(desk: Desk) -> None:
    goods = [desk.shop.product() for _ in range(6)]
    made = [make(desk, *((each, 1) for each in goods[:1 + number % 5]), slug=f"s{number}", is_active=number < 9)["id"]
            for number in range(12)]
    for limit in (1, 5, 100):
        assert [item["id"] for item in desk.walk(PATH, limit=limit)] == sorted(made)
    assert {item["id"] for item in desk.walk(PATH, active=True)} == set(made[:9])
    for limit in (1, 12):
        with statements(desk.counter.database) as sent:
            assert len(desk.call("GET", PATH, params={"limit": limit}).json()["items"]) == limit
        # Who calls, the store's currency; the bundles, their prices, their parts.
        assert len(sent) == 5


def test_another_store_sees_and_changes_nothing(desk: Desk, counter: Counter) -> None:
    path = f"{PATH}/{make(desk, (desk.shop.product(), 1))['id']}"
    other = Desk(counter)
    assert other.walk(PATH) == []
    for method, given in (("GET", {}), ("PATCH", {"json": {}}), ("DELETE", {})):
        assert other.call(method, path, **given).status_code == 404
    theirs = other.call("POST", PATH, json=body((desk.shop.product(), 1)))
    assert theirs.json()["code"] == "bundle_variant_unknown"
