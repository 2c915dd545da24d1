"""A storefront over HTTP, for tests of checkout and orders: asks with all it may, by a fake gateway."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from oltp.payments.gateway import Gateways
from tests.search_api.conftest import Counter
from tests.selling import Goods, Shop, open_shop

SCOPES = ("cart.write", "checkout.place", "order.read", "order.write")
ADDRESS = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.test", "address": "1 Square",
           "city": "London", "postal_code": "SW1", "country": "GB"}
COD = {"method": "CASH_ON_DELIVERY"}
CARD = {"method": "CREDIT_CARD", "token": "fake_ok"}
DECLINED = {"method": "CREDIT_CARD", "token": "fake_declined"}


@dataclass
class Front:
    """Asks in the name of one shop."""

    shop: Shop
    client: TestClient
    headers: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """Ask once."""
        return self.client.request(method, path, json=body, headers={**self.headers, **headers})

    def place(self, *bought: tuple[Goods, int], payment: Any = COD, **more: Any) -> dict[str, Any]:
        """Order goods at once; the answer must be an order."""
        answer = self.ask("POST", "/v1/orders", order(*bought, payment=payment, **more))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


def items(*bought: tuple[Goods, int]) -> list[dict[str, Any]]:
    """Items of a body."""
    return [{"variant_id": str(goods.variant_id), "quantity": quantity} for goods, quantity in bought]


def order(*bought: tuple[Goods, int], payment: Any = COD, **more: Any) -> dict[str, Any]:
    """The body of an order of goods."""
    return {"currency": "USD", "items": items(*bought), "shipping_address": ADDRESS, "payment": payment, **more}


def open_front(counter: Counter) -> Front:
    """A shop with an account at a provider, and somebody who may do everything in it."""
    shop = open_shop(counter.database)
    shop.gateway("STRIPE")
    app = counter.client.app
    assert isinstance(app, FastAPI)
    app.state.gateways = Gateways.fake()
    return Front(shop, counter.client, counter.headers(shop.store_id, *SCOPES))
