"""Buyers whose server dies at a named point, one shop for each; and what is looked at when all has calmed down."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from oltp.access.actions import create_token
from oltp.db.session import Database
from oltp.handlers import FOLLOWERS
from oltp.invariants import check_invariants
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock, SystemClock
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import FakeGateway
from stormcom.worker import work_through
from tests.search_api.checkouts import ADDRESS
from tests.selling import Goods, Shop, open_shop

SCOPES = ("cart.write", "checkout.place", "order.read", "order.write", "order.refund", "order.fulfill", "return.write",
          "return.manage")
PRICE, UNITS, STOCK = 1999, 2, 100
CARD = {"method": "CREDIT_CARD", "token": "fake_ok"}


@dataclass
class Buyer:
    """One customer: what he asks for is always sent with the same key, so that asking again is no second wish."""

    path: str
    body: Any
    key: str = field(default_factory=lambda: uuid4().hex)
    answer: httpx.Response | None = None


@dataclass
class Scene:
    """A shop, those who buy there while the server dies at `point`, and whether they ask again afterwards."""

    point: str
    returns: bool
    shop: Shop
    goods: Goods
    headers: dict[str, str]
    buyers: list[Buyer] = field(default_factory=list)
    exit_code: int | None = None

    @classmethod
    def open(cls, database: Database, point: str, *, returns: bool) -> "Scene":
        """A new shop with goods and a card gateway."""
        shop = open_shop(database)
        shop.gateway("STRIPE")
        with database.session_for(shop.store_id) as session:
            token = create_token(session, store_id=shop.store_id, name="test", scopes=SCOPES, now=SystemClock().now())
        return cls(point, returns, shop, shop.product(PRICE, stock=STOCK), {"Authorization": f"Bearer {token}"})

    def ask(self, url: str, path: str, body: Any, key: str) -> httpx.Response:
        """Send one request with a key."""
        return httpx.post(url + path, json=body, headers={**self.headers, "Idempotency-Key": key}, timeout=60)

    def must(self, url: str, path: str, body: Any) -> Any:
        """Send one request that must be done, and return the answer."""
        answer = self.ask(url, path, body, uuid4().hex)
        assert answer.is_success, answer.text
        return answer.json()

    def send(self, url: str) -> None:
        """Let all buyers ask at once; where the server dies there is no answer."""
        with ThreadPoolExecutor(len(self.buyers)) as pool:
            list(pool.map(lambda buyer: self._send(url, buyer), self.buyers))

    def _send(self, url: str, buyer: Buyer) -> None:
        try:
            buyer.answer = self.ask(url, buyer.path, buyer.body, buyer.key)
        except httpx.TransportError:
            buyer.answer = None

    def wait_out_leases(self) -> None:
        """Let those minutes go by in which a request with the same key is taken for one that is under way."""
        self.shop.execute("UPDATE idempotency_record SET lease_until = now() - interval '1 second' "
                          "WHERE store_id = :store AND lease_until IS NOT NULL")

    def pay_again(self, url: str) -> None:
        """Let those pay again whose payment came to nothing, as a storefront asks them to."""
        for order_id in self.shop.execute(
                "SELECT coalesce(array_agg(id), '{}') FROM orders WHERE store_id = :store "
                "AND status = 'PAYMENT_FAILED'"):
            self.must(url, f"/v1/orders/{order_id}/payments", CARD)

    def orders(self) -> dict[UUID, tuple[str, int, int]]:
        """Return of each order its status, what of its money is kept, and the units of it that are sold."""
        found = self.shop.execute("""
            SELECT coalesce(jsonb_object_agg(o.id, jsonb_build_array(o.status, (
              SELECT coalesce(sum(a.captured_amount - a.refunded_amount), 0) FROM payment_attempt a
              WHERE a.store_id = o.store_id AND a.order_id = o.id), (
              SELECT coalesce(-sum(i.delta), 0) FROM inventory_adjustment i
              WHERE i.store_id = o.store_id AND i.order_id = o.id))), '{}')
            FROM orders o WHERE o.store_id = :store""")
        return {UUID(key): (status, kept, sold) for key, (status, kept, sold) in found.items()}

    def offenders(self) -> list[Any]:
        """Whatever breaks an invariant."""
        with self.shop.database.worker_session() as session:
            found = check_invariants(session, store_id=self.shop.store_id)
        return [(f"{each.room}.{each.name}", each.offenders) for each in found if not each.holds]


def prepare(scene: Scene, url: str, *, count: int) -> None:
    """Bring the shop to where its buyers will ask for what the point is in: an order, a refund, a return."""
    is_placing = scene.point.startswith(("place.", "charge.", "confirm."))
    scene.buyers += [_placing(scene, url) if is_placing else _after_sale(scene, url) for _ in range(count)]


def _placing(scene: Scene, url: str) -> Buyer:
    """Somebody who orders what he was quoted, where he will ask again; else what he names."""
    wish = _wish(scene)
    if scene.returns:
        wish = {"quote_id": scene.must(url, "/v1/quotes", wish)["id"]}
    return Buyer("/v1/orders", {**wish, "payment": CARD})


def _wish(scene: Scene) -> dict[str, Any]:
    return {"currency": "USD", "items": [{"variant_id": str(scene.goods.variant_id), "quantity": UNITS}],
            "shipping_address": ADDRESS}


def _after_sale(scene: Scene, url: str) -> Buyer:
    order = scene.must(url, "/v1/orders", {**_wish(scene), "payment": CARD})
    items = [{"order_item_id": order["items"][0]["id"], "quantity": 1}]
    path = f"/v1/orders/{order['id']}"
    if scene.point.startswith("refund."):
        return Buyer(f"{path}/refunds", {"items": items, "restock": True})
    if scene.point.startswith("cancel."):
        return Buyer(f"{path}/cancel", {})
    sent = scene.must(url, f"{path}/fulfillments", {})
    scene.must(url, f"/v1/fulfillments/{sent['id']}/ship", {})
    back = scene.must(url, "/v1/returns", {"order_id": order["id"], "items": items})
    scene.must(url, f"/v1/returns/{back['id']}/approve", {})
    scene.must(url, f"/v1/returns/{back['id']}/receive", {})
    scene.must(url, f"/v1/returns/{back['id']}/inspect", {
        "items": [{"item_id": back["items"][0]["id"], "condition": "new"}]})
    return Buyer(f"/v1/returns/{back['id']}/refund", {})


def run_due_jobs(database: Database, book: Path, *, after: timedelta) -> None:
    """Run what the worker finds to be due so much later, and then what that has made due: whoever learns that a payment
    came to nothing has the time of an order anew before it ends.
    """
    for later in (after, after + timedelta(hours=2)):
        work = Work(database, FixedClock(SystemClock().now() + later), FOLLOWERS,
                    gateways=Gateways.fake(FakeGateway(book)))
        asyncio.run(work_through(work, wait=False))
