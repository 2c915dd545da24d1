"""A store to search, and ways to ask it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from oltp.search.encoders import HashEncoder
from tests.oltp.search.shop import Offer, fill_store
from tests.search_api.conftest import Counter

Ask = Callable[..., Any]

OFFERS = [
    Offer("White hanging heart candle holder", "HEART-1", price=295, stock=3),
    Offer("Red hanging heart lantern", "HEART-2", price=595, stock=0),
    Offer("Small brass lantern", "LAN-1", price=1250),
    Offer("Large brass lantern <b>bold</b> & bright", "LAN-2", price=2500),
    Offer("Café crème mug", "MUG-1", price=450, barcode="4006381333931"),
    Offer("Blue cotton shirt", "SHIRT-1", price=1999, description="A shirt for summer lantern festivals."),
    Offer("Tealight glass", "TEA-1", price=199),
    Offer("Draft lantern", "LAN-3", status="DRAFT"),
]


def skus(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["sku"] for item in answer.json()["items"]]


def walk(ask: Ask, q: str, **query: object) -> list[str]:
    """SKUs of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        page = ask(q, **query, **({"cursor": cursor} if cursor else {}))
        found += skus(page)
        cursor = page.json()["next"]
        if cursor is None:
            return found


def searcher(counter: Counter, store: UUID, offers: list[Offer]) -> Ask:
    """Fill the store with products and their vectors; returns a function that searches it."""
    fill_store(counter.database, store, offers, HashEncoder())
    headers = counter.headers(store, "search.read")
    return lambda q, **query: counter.client.get("/v1/search", params={"q": q, **query}, headers=headers)
