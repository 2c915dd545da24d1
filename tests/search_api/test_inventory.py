"""Stock over HTTP: levels, changes with an expectation, bulk, ledger, limits, reservations."""

from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from oltp.inventory.reserving import reserve_stock
from tests.oltp.inventory.stocked import NONE, add_order, expire, offenders
from tests.search_api.conftest import Counter
from tests.selling import Goods, Shop, open_shop
from tests.statements import statements

LEVELS, CHANGES = "/v1/inventory-levels", "/v1/inventory-adjustments"


class Desk:
    """A shop, and whoever may read and change its stock."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, "inventory.read", "inventory.adjust")

    def call(self, method: str, path: str, **given: Any) -> Any:
        headers = {**self.headers, **given.pop("headers", {})}
        return self.counter.client.request(method, path, headers=headers, **given)

    def walk(self, path: str, **query: Any) -> list[dict]:
        found, cursor = [], None
        while True:
            page = self.call("GET", path, params={**query, **({"cursor": cursor} if cursor else {})}).json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found

    def hold(self, goods: Goods, quantity: int) -> None:
        order = add_order(self.shop)
        with self.shop.database.session_for(self.shop.store_id) as session:
            reserve_stock(session, store_id=self.shop.store_id, demand={goods.variant_id: quantity}, order_id=order,
                          minutes=15)


@pytest.fixture
def desk(counter: Counter) -> Any:
    desk = Desk(counter)
    yield desk
    assert offenders(counter.database) == NONE


def change(goods: Goods, **fields: Any) -> dict:
    return {"variant_id": str(goods.variant_id), "reason_code": "manual", **fields}


def test_levels_show_what_is_free_now(desk: Desk) -> None:
    goods, free = desk.shop.product(stock=10), desk.shop.product(stock=0, is_tracked=False)
    desk.hold(goods, 2)
    expire(desk.shop)
    desk.shop.execute("UPDATE inventory_level SET backorder_limit = 5 WHERE variant_id = :variant",
                      variant=goods.variant_id)
    other = desk.call("GET", f"{LEVELS}/{goods.variant_id}").json()
    assert (other["on_hand"], other["reserved"], other["available"]) == (10, 0, 15)
    desk.hold(goods, 3)
    level = desk.call("GET", f"{LEVELS}/{goods.variant_id}").json()
    assert (level["on_hand"], level["reserved"], level["available"]) == (10, 3, 12)
    assert (level["sku"], level["availability"], level["is_tracked"]) == (goods.sku, "in_stock", True)
    assert desk.call("GET", f"{LEVELS}/{free.variant_id}").json()["available"] is None
    assert desk.call("GET", f"{LEVELS}/{uuid4()}").status_code == 404


def test_levels_by_page_and_filter(desk: Desk) -> None:
    goods = [desk.shop.product(stock=n) for n in range(12)]
    for limit in (1, 5, 12, 100):
        assert len({level["variant_id"] for level in desk.walk(LEVELS, limit=limit)}) == 12
    assert sorted(level["on_hand"] for level in desk.walk(LEVELS, low=True, limit=4)) == [0, 1, 2, 3, 4, 5]
    for name in ("product_id", "variant_id"):
        found = desk.walk(LEVELS, **{name: str(getattr(goods[7], name))})
        assert [level["on_hand"] for level in found] == [7]
    assert desk.call("GET", LEVELS, params={"cursor": "WyJhIl0"}).json()["code"] == "invalid_cursor"


def test_changes_and_their_ledger(desk: Desk) -> None:
    goods = desk.shop.product(stock=10)
    taken = desk.call("POST", CHANGES, json=change(goods, delta=-3, reason_detail="damaged", note="fell"))
    assert taken.status_code == 201
    assert (taken.json()["adjustment"]["delta"], taken.json()["level"]["on_hand"]) == (-3, 7)
    counted = desk.call("POST", CHANGES, json=change(goods, on_hand=9, reason_code="correction")).json()
    assert (counted["adjustment"]["delta"], counted["level"]["on_hand"]) == (2, 9)
    assert desk.call("POST", CHANGES, json=change(goods, on_hand=9)).json()["adjustment"] is None
    for limit in (1, 2, 100):
        ledger = desk.walk(CHANGES, variant_id=str(goods.variant_id), limit=limit)
        assert [(row["delta"], row["reason_code"]) for row in ledger] == [
            (2, "correction"), (-3, "manual"), (10, "initial")]
    assert ledger[1]["reason_detail"] == "damaged" and ledger[1]["note"] == "fell"


def test_bad_changes_name_the_field(desk: Desk) -> None:
    goods = desk.shop.product(stock=10)
    for fields, status, code, field in (
        ({}, 422, "change_ambiguous", "body.delta"),
        ({"delta": 1, "on_hand": 2}, 422, "change_ambiguous", "body.delta"),
        ({"delta": 0}, 422, "change_missing", "body.delta"),
        ({"delta": -11}, 409, "not_enough_stock", "body.delta"),
        ({"delta": 1, "reason_code": "theft"}, 422, "invalid_request", "body.reason_code"),
        ({"delta": 2**40}, 422, "invalid_request", "body.delta"),
        ({"delta": 1, "x": 1}, 422, "invalid_request", "body.x"),
    ):
        answer = desk.call("POST", CHANGES, json=change(goods, **fields))
        assert (answer.status_code, answer.json()["code"]) == (status, code), fields
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    for _ in range(2):
        desk.call("POST", CHANGES, json=change(goods, delta=1_000_000_000))
    answer = desk.call("POST", CHANGES, json=change(goods, delta=1_000_000_000))
    assert (answer.status_code, answer.json()["code"]) == (409, "stock_beyond_limit")


@pytest.mark.race
def test_expected_on_hand_of_many_one_wins_and_the_others_hear_the_current_value(desk: Desk) -> None:
    goods, answers = desk.shop.product(stock=10), []

    def take() -> None:
        answers.append(desk.call("POST", CHANGES, json=change(goods, delta=-1, expected_on_hand=10)))

    threads = [Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    refused = {(answer.json()["code"], "is 9 now" in answer.json()["detail"]) for answer in answers
               if answer.status_code == 409}
    assert refused == {("stock_moved", True)}


def test_bulk_says_of_each_row_what_became_of_it(desk: Desk) -> None:
    a, b = desk.shop.product(stock=10), desk.shop.product(stock=3)
    rows = [change(a, delta=-4), change(b, delta=-4), change(a, on_hand=20, expected_on_hand=6),
            {**change(a, delta=1), "variant_id": str(uuid4())}, change(a, delta=1, expected_on_hand=5),
            change(b, on_hand=3), change(b), change(b, delta=-3)]
    answer = desk.call("POST", f"{CHANGES}/bulk", json={"rows": rows})
    assert answer.status_code == 200
    told = answer.json()
    assert [(row["code"], row["on_hand"]) for row in told["rows"]] == [
        (None, 6), ("not_enough_stock", 3), (None, 20), ("level_not_found", None), ("stock_moved", 20), (None, 3),
        ("change_ambiguous", 3), (None, 0)]
    assert (told["done_count"], told["refused_count"]) == (4, 4)
    assert told["rows"][6]["error"]["field"] == "body.rows.6.delta"
    assert [row["delta"] for row in desk.walk(CHANGES, variant_id=str(a.variant_id))] == [14, -4, 10]
    assert (desk.shop.on_hand(a), desk.shop.on_hand(b)) == (20, 0)


def test_bulk_is_a_constant_number_of_statements_and_has_an_end(desk: Desk) -> None:
    goods = [desk.shop.product(stock=10) for _ in range(50)]
    counts = []
    for size in (1, 50):
        with statements(desk.counter.database) as sent:
            desk.call("POST", f"{CHANGES}/bulk", json={"rows": [change(each, delta=1) for each in goods[:size]]})
        counts.append(len(sent))
    assert counts[0] == counts[1]
    thousand = [change(goods[n % 50], delta=1) for n in range(1000)]
    assert desk.call("POST", f"{CHANGES}/bulk", json={"rows": thousand}).json()["done_count"] == 1000
    assert desk.call("POST", f"{CHANGES}/bulk", json={"rows": [*thousand, thousand[0]]}).status_code == 422


def test_limits_are_changed_and_keep_what_is_promised(desk: Desk) -> None:
    goods = desk.shop.product(stock=2)
    path = f"{LEVELS}/{goods.variant_id}"
    changed = desk.call("PATCH", path, json={"backorder_limit": 3, "low_stock_threshold": 1}).json()
    assert (changed["backorder_limit"], changed["low_stock_threshold"], changed["available"]) == (3, 1, 5)
    desk.hold(goods, 4)
    refused = desk.call("PATCH", path, json={"backorder_limit": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "backorder_limit_too_low")
    assert desk.call("PATCH", path, json={"is_tracked": False}).json()["available"] is None
    # Four are promised of what will be two and one: that stands, and nothing is sold from it.
    counted = desk.call("PATCH", path, json={"is_tracked": True, "backorder_limit": 1}).json()
    assert (counted["reserved"], counted["available"]) == (4, 0)
    assert desk.call("PATCH", f"{LEVELS}/{uuid4()}", json={}).status_code == 404


def test_reservations_are_listed(desk: Desk) -> None:
    a, b = desk.shop.product(stock=9), desk.shop.product(stock=9)
    desk.hold(a, 1)
    expire(desk.shop)
    for _ in range(3):
        desk.hold(b, 2)
    assert [row["quantity"] for row in desk.walk("/v1/stock-reservations", limit=2)] == [2, 2, 2]
    assert [row["quantity"] for row in desk.walk("/v1/stock-reservations", limit=1, live=False)] == [1, 2, 2, 2]
    order = desk.walk("/v1/stock-reservations")[0]["order_id"]
    assert len(desk.walk("/v1/stock-reservations", order_id=order)) == 1
    assert desk.walk("/v1/stock-reservations", variant_id=str(a.variant_id)) == []


@pytest.mark.parametrize("path", [LEVELS, CHANGES, "/v1/stock-reservations"])
def test_the_number_of_statements_does_not_grow(desk: Desk, path: str) -> None:
    goods = [desk.shop.product(stock=10) for _ in range(10)]
    for each in goods:
        desk.hold(each, 1)
        desk.call("POST", CHANGES, json=change(goods[0], delta=1))
    query = {"variant_id": str(goods[0].variant_id)} if path == CHANGES else {}
    counts = []
    for limit in (1, 10):
        with statements(desk.counter.database) as sent:
            assert len(desk.call("GET", path, params={**query, "limit": limit}).json()["items"]) == limit
        counts.append(len(sent))
    assert counts == [2, 2]


def test_another_store_sees_and_changes_nothing(desk: Desk) -> None:
    theirs: Shop = open_shop(desk.counter.database)
    goods = theirs.product(stock=5)
    assert desk.walk(LEVELS) == [] and desk.walk(CHANGES, variant_id=str(goods.variant_id)) == []
    assert desk.call("POST", CHANGES, json=change(goods, delta=1)).status_code == 404
    assert desk.call("PATCH", f"{LEVELS}/{goods.variant_id}", json={"backorder_limit": 1}).status_code == 404
    assert theirs.on_hand(goods) == 5


def test_a_repeated_change_is_made_once(desk: Desk) -> None:
    goods = desk.shop.product(stock=5)
    for _ in range(2):
        answer = desk.call("POST", CHANGES, json=change(goods, delta=1), headers={"Idempotency-Key": "again"})
        assert (answer.status_code, answer.json()["level"]["on_hand"]) == (201, 6)
    assert desk.shop.on_hand(goods) == 6
