"""Collections over HTTP: made, changed by one of two, filled, put in order at once, listed in constant statements."""

from typing import Any
from uuid import uuid4

import pytest

from tests.oltp.inventory.stocked import at_once
from tests.search_api.conftest import Counter
from tests.selling import Shop, open_shop
from tests.statements import statements

PATH = "/v1/collections"


class Desk:
    """A shop, and whoever may read and change its collections."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, "product.read", "product.write")

    def call(self, method: str, path: str, **given: Any) -> Any:
        headers = {**self.headers, **given.pop("headers", {})}
        return self.counter.client.request(method, path, headers=headers, **given)

    def make(self, **fields: Any) -> str:
        answer = self.call("POST", PATH, json={"name": "Gifts", **fields})
        assert answer.status_code == 201, answer.text
        return f"{PATH}/{answer.json()['id']}"

    def products(self, count: int) -> list[str]:
        return [str(self.shop.product().product_id) for _ in range(count)]

    def walk(self, path: str, **query: Any) -> list[dict]:
        found, cursor = [], None
        while True:
            page = self.call("GET", path, params={**query, **({"cursor": cursor} if cursor else {})}).json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found


@pytest.fixture
def desk(counter: Counter) -> Desk:
    return Desk(counter)


def members(desk: Desk, path: str, limit: int = 100) -> list[str]:
    return [item["product_id"] for item in desk.walk(f"{path}/products", limit=limit)]


def test_a_collection_is_made_read_changed_and_deleted(desk: Desk) -> None:
    made = desk.call("POST", PATH, json={"name": "Été  2026!", "description": "Light things"})
    assert (made.status_code, made.json()["slug"], made.json()["kind"]) == (201, "ete-2026", "manual")
    path = f"{PATH}/{made.json()['id']}"
    read = desk.call("GET", path)
    assert read.json() == made.json() and read.headers["ETag"] == made.headers["ETag"]
    changed = desk.call("PATCH", path, json={"is_published": False, "description": None, "name": None})
    assert changed.status_code == 200
    assert (changed.json()["is_published"], changed.json()["description"], changed.json()["name"]) == (
        False, None, "Été 2026!".replace(" ", "  "))
    assert desk.call("DELETE", path).status_code == 204
    assert desk.call("GET", path).status_code == 404
    assert desk.call("POST", PATH, json={"name": "Été 2026"}).status_code == 201


def test_of_two_people_the_second_one_hears_that_it_has_changed(desk: Desk) -> None:
    path = desk.make()
    etag = desk.call("GET", path).headers["ETag"]
    first = desk.call("PATCH", path, json={"name": "A"}, headers={"If-Match": etag})
    assert first.status_code == 200 and first.headers["ETag"] != etag
    for method, given in (("PATCH", {"json": {"name": "B"}}), ("DELETE", {})):
        assert desk.call(method, path, headers={"If-Match": etag}, **given).status_code == 412
    assert desk.call("PUT", f"{path}/products", json={"product_ids": []}, headers={"If-Match": etag}).status_code == 412
    assert desk.call("DELETE", path, headers={"If-Match": first.headers["ETag"]}).status_code == 204


def test_what_cannot_be_is_named(desk: Desk) -> None:
    desk.make(slug="gifts")
    for fields, status, code in (
        ({"name": "X", "slug": "gifts"}, 409, "slug_taken"), ({"name": "…"}, 422, "slug_invalid"),
        ({"name": "X", "slug": "A b"}, 422, "invalid_request"), ({"name": "X", "rule": {"type": "x"}}, 422,
                                                                 "invalid_request"),
        ({"name": "X", "rule": {"type": "all", "of": [{"type": "availability"}] * 50}}, 422, "rule_invalid"),
        ({"name": "X", "colour": 1}, 422, "invalid_request"), ({"name": ""}, 422, "invalid_request"),
    ):
        answer = desk.call("POST", PATH, json=fields)
        assert (answer.status_code, answer.json()["code"]) == (status, code), fields
    deep: Any = {"type": "availability"}
    for _ in range(300):
        deep = {"type": "not", "of": deep}
    assert desk.call("POST", PATH, json={"name": "X", "rule": deep}).status_code == 422
    assert desk.call("PATCH", f"{PATH}/{uuid4()}", json={}).status_code == 404


def test_by_hand_products_come_in_order_and_go(desk: Desk) -> None:
    path, (a, b, c, d) = desk.make(), desk.products(4)
    added = desk.call("POST", f"{path}/products", json={"product_ids": [c, a]})
    assert (added.status_code, added.json()["product_count"]) == (201, 2)
    desk.call("POST", f"{path}/products", json={"product_ids": [a, d, b, d]})
    for limit in (1, 3, 100):
        assert members(desk, path, limit) == [c, a, d, b]
    assert desk.call("DELETE", f"{path}/products/{d}").status_code == 204
    assert desk.call("DELETE", f"{path}/products/{d}").json()["code"] == "product_not_in_collection"
    unknown = desk.call("POST", f"{path}/products", json={"product_ids": [d, str(uuid4())]})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "body.product_ids.1")
    assert members(desk, path) == [c, a, b]


def test_order_is_changed_at_once_or_not_at_all(desk: Desk) -> None:
    path, ids = desk.make(), desk.products(4)
    desk.call("POST", f"{path}/products", json={"product_ids": ids})
    reordered = [ids[2], ids[0], ids[3], ids[1]]
    before = desk.call("GET", path).headers["ETag"]
    answer = desk.call("PUT", f"{path}/products", json={"product_ids": reordered})
    assert answer.status_code == 200 and answer.headers["ETag"] != before
    assert members(desk, path) == reordered
    for wrong in (ids[:3], [*ids, ids[0]], [*ids[:3], ids[0]], [*ids[:3], str(uuid4())]):
        refused = desk.call("PUT", f"{path}/products", json={"product_ids": wrong})
        assert (refused.status_code, refused.json()["code"]) == (409, "order_incomplete")
    shown = [item["id"] for item in desk.walk("/v1/products", collection="gifts", limit=3)]
    assert members(desk, path) == reordered == shown


@pytest.mark.race
def test_of_orders_at_once_one_whole_order_stays(desk: Desk) -> None:
    path, ids = desk.make(), desk.products(6)
    desk.call("POST", f"{path}/products", json={"product_ids": ids})
    orders = [ids[place:] + ids[:place] for place in range(6)]
    answers: list[int] = []
    at_once([lambda order=order: answers.append(
        desk.call("PUT", f"{path}/products", json={"product_ids": order}).status_code) for order in orders])
    assert answers == [200] * 6
    assert members(desk, path) in orders


def test_by_rule_it_is_filled_and_refuses_hands(desk: Desk) -> None:
    cheap, dear = (str(desk.shop.product(price).product_id) for price in (100, 900))
    path = desk.make(rule={"type": "price", "currency": "USD", "most": 500})
    assert members(desk, path) == [cheap]
    read = desk.call("GET", path).json()
    assert (read["kind"], read["rule"]["least"], read["product_count"]) == ("rule", None, 1)
    changed = desk.call("PATCH", path, json={"rule": {"type": "price", "currency": "USD", "least": 500}})
    assert changed.status_code == 200 and members(desk, path) == [dear]
    for method, where, given in (("POST", "", {"json": {"product_ids": [cheap]}}), ("DELETE", f"/{dear}", {}),
                                 ("PUT", "", {"json": {"product_ids": [dear]}})):
        refused = desk.call(method, f"{path}/products{where}", **given)
        assert (refused.status_code, refused.json()["code"]) == (409, "collection_by_rule")
    by_hand = desk.make(slug="hand")
    assert desk.call("PATCH", by_hand, json={"rule": {"type": "availability"}}).json()["code"] == "rule_missing"


def test_collections_by_page(desk: Desk) -> None:
    for number in range(7):
        desk.make(slug=f"c{number}", position=number // 3)
    desk.make(slug="by-rule", rule={"type": "availability"})
    for limit in (1, 3, 8, 100):
        assert len({item["id"] for item in desk.walk(PATH, limit=limit)}) == 8
    assert [item["slug"] for item in desk.walk(PATH, kind="rule")] == ["by-rule"]
    for cursor in ("WyJhIiwiYiJd", "x"):
        assert desk.call("GET", PATH, params={"cursor": cursor}).json()["code"] == "invalid_cursor"


def test_the_number_of_statements_does_not_grow(desk: Desk) -> None:
    path, ids = desk.make(), desk.products(12)
    desk.call("POST", f"{path}/products", json={"product_ids": ids})
    for number in range(12):
        desk.make(slug=f"c{number}")
    for where, expected in ((PATH, 2), (f"{path}/products", 3)):
        for limit in (1, 12):
            with statements(desk.counter.database) as sent:
                assert len(desk.call("GET", where, params={"limit": limit}).json()["items"]) == limit
            assert len(sent) == expected


def test_another_store_sees_and_changes_nothing(desk: Desk, counter: Counter) -> None:
    path = desk.make()
    other = Desk(counter)
    assert other.walk(PATH) == []
    for method, where, given in (("GET", "", {}), ("PATCH", "", {"json": {}}), ("DELETE", "", {}),
                                 ("GET", "/products", {}), ("PUT", "/products", {"json": {"product_ids": []}})):
        assert other.call(method, path + where, **given).status_code == 404
    theirs: Shop = other.shop
    stolen = desk.call("POST", f"{path}/products", json={"product_ids": [str(theirs.product().product_id)]})
    assert stolen.json()["code"] == "collection_product_unknown"
