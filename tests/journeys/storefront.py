"""A shop behind a real server: what a storefront and a back office ask over HTTP, and what is looked at afterwards."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from oltp.access.actions import create_token
from oltp.access.rules import SCOPES
from oltp.db.session import Database
from oltp.handlers import FOLLOWERS
from oltp.jobs.task import Work
from oltp.kit.clock import SystemClock
from oltp.payments.gateway import Gateways
from stormcom.worker import work_through
from tests.selling import Goods, Shop, open_shop

ADDRESS = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.test", "address": "1 Square",
           "city": "London", "postal_code": "SW1", "country": "GB"}


@dataclass
class Storefront:
    """Asks a server in the name of a shop; every request of it carries one correlation id."""

    shop: Shop
    url: str
    token: str
    correlation_id: UUID = field(default_factory=uuid4)

    @classmethod
    def open(cls, database: Database, url: str) -> "Storefront":
        """A new shop, and somebody who may do everything in it."""
        shop = open_shop(database)
        with database.session_for(shop.store_id) as session:
            token = create_token(session, store_id=shop.store_id, name="test", scopes=SCOPES, now=SystemClock().now())
        return cls(shop, url, token)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Ask once."""
        return httpx.request(method, self.url + path, json=body, timeout=60, headers={
            "Authorization": f"Bearer {self.token}", "X-Correlation-ID": str(self.correlation_id), **headers})

    def get(self, path: str) -> Any:
        """Read something."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        """Do something, once."""
        answer = self.ask("POST", path, {} if body is None else body, **{"Idempotency-Key": uuid4().hex})
        assert answer.is_success, answer.text
        return answer.json()

    def activate_rule(self, **rule: Any) -> None:
        """Make a promotion rule and switch it on."""
        made = self.ask("POST", "/v1/promotion-rules", rule)
        assert made.status_code == 201, made.text
        answer = self.ask("POST", f"/v1/promotion-rules/{made.json()['id']}/activate",
                          **{"If-Match": made.headers["ETag"]})
        assert answer.status_code == 200, answer.text

    def order_cart(self, cart: dict[str, Any], payment: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Fill a cart, ask what it costs, order it; return the quote and the order."""
        made = self.post("/v1/carts", {"shipping_address": ADDRESS, **cart})
        quote = self.post("/v1/quotes", {"cart_id": made["id"]})
        return quote, self.post("/v1/orders", {"quote_id": quote["id"], "payment": payment})

    def take_back(self, order_id: str, order_item_id: str, quantity: int) -> dict[str, Any]:
        """Let the customer send units back that are as new, and give the money back; return the refund."""
        back = self.post("/v1/returns", {"order_id": order_id, "reason_code": "no_longer_wanted", "items": [
            {"order_item_id": order_item_id, "quantity": quantity}]})
        path = f"/v1/returns/{back['id']}"
        self.post(f"{path}/approve")
        self.post(f"{path}/receive")
        self.post(f"{path}/inspect", {"items": [{"item_id": back["items"][0]["id"], "condition": "new"}]})
        done = self.post(f"{path}/refund")
        assert done["status"] == "refunded"
        refunds: list[dict[str, Any]] = self.get(f"/v1/orders/{order_id}/refunds")["items"]
        return next(each for each in refunds if each["id"] == done["refund_id"])

    def work(self) -> None:
        """Run all jobs that are due."""
        work = Work(self.shop.database, SystemClock(), FOLLOWERS, gateways=Gateways.fake())
        asyncio.run(work_through(work, wait=False))

    def ledger(self, goods: Goods) -> list[tuple[int, str]]:
        """Return what the ledger says of the goods, oldest first: the difference, and why."""
        rows = self.shop.execute("""
            SELECT coalesce(jsonb_agg(jsonb_build_array(delta, reason_code) ORDER BY id), '[]')
            FROM inventory_adjustment WHERE store_id = :store AND variant_id = :variant""", variant=goods.variant_id)
        return [(delta, reason) for delta, reason in rows]

    def has_correlated(self, table: str) -> bool:
        """Whether a table has a row of the shop with the correlation id."""
        with self.shop.database.owner_session() as session:
            return bool(session.scalar(
                text(f"SELECT count(*) FROM {table} WHERE store_id = :store AND correlation_id = :id"),
                {"store": self.shop.store_id, "id": self.correlation_id}))


def amounts(thing: dict[str, Any]) -> dict[str, int]:
    """Return the five amounts of a quote, an order or a line that it has, by name."""
    names = ("subtotal", "discount", "shipping", "tax", "total")
    return {name: thing[name]["amount"] for name in names if name in thing}


def parts(refund: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the parts of a refund, by kind."""
    return sorted((part["kind"], part["amount"]["amount"]) for part in refund["items"])
