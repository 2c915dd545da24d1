"""Returns over HTTP: from the request to the inspection, filters, pages, and who may do what."""

from typing import Any
from uuid import uuid4

import pytest

from oltp.returns.rules import Inspection, refund_id_of
from tests.oltp.returns.test_returns import ask, inspected, sent, sent_goods
from tests.oltp.shipping.orders import PRICE
from tests.search_api.conftest import Counter
from tests.selling import open_shop
from tests.statements import statements

SCOPES = ("return.manage", "return.write", "order.read", "order.refund")


class Desk:
    """A shop, and somebody who calls the API for it."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.shop = counter, open_shop(counter.database)
        self.headers = counter.headers(self.shop.store_id, *SCOPES)

    def __call__(self, method: str, path: str, status: int, json: Any = None) -> Any:
        """Call, expect a status, return the body."""
        answer = self.counter.client.request(method, f"/v1/{path}", json=json, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def desk(counter: Counter) -> Desk:
    """A shop of the test's own, with a token."""
    return Desk(counter)


def test_a_return_goes_its_way(desk: Desk) -> None:
    placed = sent(desk.shop, 2)
    item = {"order_item_id": str(placed.lines[0]), "quantity": 2}
    body = {"order_id": str(placed.order_id), "items": [item], "reason_code": "defective", "note": "It hums."}
    made = desk("POST", "returns", 201, body)
    assert (made["status"], made["items"][0]["condition"], made["items"][0]["outcome"]) == ("requested", None, None)
    path = f"returns/{made['id']}"
    assert desk("POST", f"{path}/receive", 409)["code"] == "return_moved"
    for step, status in (("approve", "approved"), ("receive", "received")):
        assert desk("POST", f"{path}/{step}", 200)["status"] == status
    found = {"item_id": made["items"][0]["id"], "condition": "opened"}
    for wrong in ({"items": []}, {"items": [found, found]}, {"items": [{**found, "condition": "lost"}]},
                  {"items": [{**found, "item_id": str(uuid4())}]}):
        desk("POST", f"{path}/inspect", 422, wrong)
    inspected = desk("POST", f"{path}/inspect", 200, {"items": [found]})
    assert (inspected["status"], inspected["items"][0]["outcome"]) == ("inspected", "discard")
    assert desk("GET", path, 200) == inspected
    assert desk("POST", f"{path}/reject", 200, {"reason": "Worn."})["reject_reason"] == "Worn."
    assert desk("POST", "returns", 409, {**body, "items": [{**item, "quantity": 3}]})["errors"][0]["field"] == \
        "body.items.0.quantity"
    desk("POST", "returns", 422, {**body, "items": [item, item]})
    desk("POST", "returns", 404, {**body, "order_id": str(uuid4())})
    desk("GET", f"returns/{uuid4()}", 404)


def test_a_refund_is_done_once_and_restocks(desk: Desk) -> None:
    goods = desk.shop.product(stock=0)
    placed = sent_goods(desk.shop, goods, 2)
    return_id = inspected(desk.shop, placed, (2, Inspection("new")))
    early = ask(desk.shop, sent(desk.shop, 1), 1)
    assert desk("POST", f"returns/{early}/refund", 409)["code"] == "return_moved"
    done = desk("POST", f"returns/{return_id}/refund", 200)
    assert (done["status"], done["refund_id"]) == ("refunded", str(refund_id_of(return_id)))
    assert desk("POST", f"returns/{return_id}/refund", 200) == done
    assert desk.shop.on_hand(goods) == 2
    amounts = desk.shop.execute("SELECT array_agg(amount) FROM refund WHERE store_id = :store AND order_id = :order",
                                order=placed.order_id)
    assert amounts == [2 * PRICE]
    desk("POST", f"returns/{uuid4()}/refund", 404)


def test_returns_are_listed_by_order_and_status(desk: Desk) -> None:
    placed, other = sent(desk.shop, 50), sent(desk.shop, 1)
    made = [str(ask(desk.shop, placed, 1)) for _ in range(12)]
    single = str(ask(desk.shop, other, 1))
    desk("POST", f"returns/{made[3]}/approve", 200)

    def ids(query: str) -> list[str]:
        return [item["id"] for item in desk("GET", f"returns?limit=100&{query}", 200)["items"]]

    assert ids("") == [single, *made[::-1]]
    assert ids(f"order_id={other.order_id}") == [single]
    assert ids("status=approved") == [made[3]] and ids("status=refunded") == []
    found, cursor = [], ""
    while True:
        page = desk("GET", f"returns?limit=5{cursor}", 200)
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == ids("")
    desk("GET", "returns?cursor=x", 400)
    desk("GET", "returns?status=lost", 422)


def test_the_number_of_statements_does_not_grow(desk: Desk) -> None:
    placed = sent(desk.shop, 50)
    for _ in range(50):
        ask(desk.shop, placed, 1)
    counts = []
    for limit in (1, 50):
        with statements(desk.counter.database) as sent_statements:
            assert len(desk("GET", f"returns?limit={limit}", 200)["items"]) == limit
        counts.append(len(sent_statements))
    assert counts[0] == counts[1]


def test_another_store_sees_none(desk: Desk, counter: Counter) -> None:
    return_id = ask(desk.shop, sent(desk.shop, 1), 1)
    stranger = Desk(counter)
    assert stranger("GET", "returns", 200) == {"items": [], "next": None}
    stranger("GET", f"returns/{return_id}", 404)
    stranger("POST", f"returns/{return_id}/approve", 404)
