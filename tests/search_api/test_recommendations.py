"""GET /v1/recommendations/{kind}: what comes first, what fills up, what never comes, and what bad input gets."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.ids import new_id
from oltp.search.encoders import HashEncoder
from tests.oltp.search.shop import Offer, add_category, fill_store
from tests.search_api.conftest import Counter, MakeToken, bearer

OFFERS = [
    Offer("White hanging heart lantern", "HEART-W", stock=3),
    Offer("Red hanging heart lantern", "HEART-R"),
    Offer("Pink hanging heart lantern", "HEART-P"),
    Offer("Brass candle stick", "BRASS"),
    Offer("Blue cotton shirt", "SHIRT"),
    Offer("Green hanging heart lantern", "SOLD-OUT", stock=0),
    Offer("Grey hanging heart lantern", "DRAFT", status="DRAFT"),
]
SELLABLE = {"HEART-W", "HEART-R", "HEART-P", "BRASS", "SHIRT"}

_PUBLISH = text("""
    INSERT INTO product_recommendation (store_id, kind, product_id, recommended_product_id, rank, score, support,
                                        source, reason, model_version, horizon)
    VALUES (:store, :kind, :product, :other, :rank, 0.5, 3, 'baskets', 'in 3 of 8 baskets with it', 'baskets-1', 1)""")


@pytest.fixture(scope="module")
def database(counter: Counter) -> Database:
    """The database that the tests of this module share, each in a store of its own."""
    return counter.database


@pytest.fixture(scope="module")
def client(counter: Counter) -> TestClient:
    """A client of the application that the tests share."""
    return counter.client


@pytest.fixture
def store(counter: Counter) -> UUID:
    """The store of one test."""
    return counter.create_store()


@pytest.fixture
def other_store(counter: Counter) -> UUID:
    """A second store, of which the first must see nothing."""
    return counter.create_store()


@pytest.fixture
def shop(database: Database, store: UUID) -> dict[str, UUID]:
    """SKU → id of the store's products, with vectors."""
    return fill_store(database, store, OFFERS, HashEncoder())


@pytest.fixture
def ask(client: TestClient, store: UUID, make_token: MakeToken) -> Callable[..., Any]:
    """A function that asks for recommendations of a kind."""
    headers = bearer(make_token(store, ["recommendation.read"]))
    return lambda kind, **query: client.get(f"/v1/recommendations/{kind}", params=query, headers=headers)


def items(answer: Any) -> list[tuple[str, str]]:
    """(SKU, source) in order."""
    assert answer.status_code == 200, answer.text
    return [(item["sku"], item["source"]) for item in answer.json()["items"]]


def publish(database: Database, store: UUID, kind: str, product: UUID | None, others: list[UUID]) -> None:
    with database.pipelines_session() as session:
        for rank, other in enumerate(others, start=1):
            session.execute(_PUBLISH, {"store": store, "kind": kind, "product": product, "other": other, "rank": rank})


def sell(database: Database, store: UUID, products: list[UUID], days: int = 90) -> None:
    with database.pipelines_session() as session:
        for rank, product in enumerate(products, start=1):
            session.execute(
                text("""INSERT INTO product_sales_window (store_id, window_days, rank, product_id, sku, name,
                          units_count, gross_sales_amount, currency, starts_on, ends_on, horizon)
                        VALUES (:store, :days, :rank, :product, 's', 'n', :units, 1, 'USD', '2026-01-01',
                                '2026-03-31', 1)"""),
                {"store": store, "days": days, "rank": rank, "product": product, "units": 100 - rank},
            )


def test_similar_products_are_described_alike(ask: Callable[..., Any], shop: dict[str, UUID]) -> None:
    answer = ask("similar", product_id=shop["HEART-W"], limit=2)
    assert {sku for sku, _ in items(answer)} == {"HEART-R", "HEART-P"}
    for item in answer.json()["items"]:
        assert (item["source"], item["reason"]) == ("content", "described alike")
        assert item["model_version"] == HashEncoder.model_id and 0.25 <= item["score"] <= 1.01
        assert item["price"] == {"amount": 1000, "currency": "USD"}


def test_without_vectors_words_stand_in(ask: Callable[..., Any], database: Database, store: UUID) -> None:
    ids = fill_store(database, store, OFFERS)
    found = items(ask("similar", product_id=ids["HEART-W"], limit=2))
    assert {sku for sku, _ in found} == {"HEART-R", "HEART-P"} and {source for _, source in found} == {"words"}


@pytest.mark.parametrize("kind", ["similar", "bought_together"])
def test_every_sellable_product_fills_up_but_the_product_itself(
    ask: Callable[..., Any], shop: dict[str, UUID], kind: str
) -> None:
    found = [sku for sku, _ in items(ask(kind, product_id=shop["HEART-W"], limit=50))]
    assert len(found) == len(set(found)) and set(found) == SELLABLE - {"HEART-W"}


def test_bought_together_begins_with_baskets_then_category_then_content(
    ask: Callable[..., Any], database: Database, store: UUID, shop: dict[str, UUID]
) -> None:
    publish(database, store, "bought_together", shop["HEART-W"], [shop["SHIRT"], shop["SOLD-OUT"]])
    with database.session_for(store) as session:
        category = add_category(session, store, "Light")
        session.execute(text("UPDATE products SET category_id = :c WHERE sku IN ('HEART-W', 'BRASS')"), {"c": category})
    found = items(ask("bought_together", product_id=shop["HEART-W"]))
    assert found[:2] == [("SHIRT", "baskets"), ("BRASS", "category")]
    assert {source for _, source in found[2:]} == {"content"} and len(found) == 4
    first = ask("bought_together", product_id=shop["HEART-W"]).json()["items"][0]
    assert (first["reason"], first["model_version"]) == ("in 3 of 8 baskets with it", "baskets-1")


def test_bestsellers_are_published_then_sold_then_new(
    ask: Callable[..., Any], database: Database, store: UUID, shop: dict[str, UUID]
) -> None:
    assert {source for _, source in items(ask("bestsellers"))} == {"newest"}
    sell(database, store, [shop["SHIRT"], shop["DRAFT"], shop["BRASS"]])
    # The 90 days lead; what only the year knows comes after.
    sell(database, store, [shop["HEART-P"], shop["BRASS"]], days=365)
    assert items(ask("bestsellers"))[:3] == [("SHIRT", "sales"), ("BRASS", "sales"), ("HEART-P", "sales")]
    publish(database, store, "bestsellers", None, [shop["HEART-R"]])
    found = items(ask("bestsellers"))
    assert found[:2] == [("HEART-R", "baskets"), ("SHIRT", "sales")]
    assert {sku for sku, _ in found} == SELLABLE


def test_what_nobody_can_buy_never_comes(
    ask: Callable[..., Any], database: Database, store: UUID, shop: dict[str, UUID]
) -> None:
    publish(database, store, "bestsellers", None, [shop["DRAFT"], shop["SOLD-OUT"], shop["SHIRT"]])
    assert items(ask("bestsellers", limit=1)) == [("SHIRT", "baskets")]
    with database.session_for(store) as session:
        session.execute(text("UPDATE products SET deleted_at = now() WHERE sku = 'SHIRT'"))
    assert "SHIRT" not in [sku for sku, _ in items(ask("bestsellers", limit=50))]


def test_an_empty_store_recommends_nothing(ask: Callable[..., Any]) -> None:
    assert items(ask("bestsellers")) == []


def test_an_unknown_kind_names_the_kinds(ask: Callable[..., Any], shop: dict[str, UUID]) -> None:
    for kind in ("magic", "Similar", "%27%3B--", "{x}"):
        refused = ask(kind, product_id=shop["SHIRT"])
        assert refused.status_code == 404 and "similar, bought_together, bestsellers" in refused.json()["detail"]


def test_an_unknown_product_is_not_found(ask: Callable[..., Any], shop: dict[str, UUID]) -> None:
    assert ask("similar", product_id=new_id()).status_code == 404


@pytest.mark.parametrize("kind", ["similar", "bought_together"])
def test_another_stores_product_is_not_found(
    client: TestClient, shop: dict[str, UUID], other_store: UUID, make_token: MakeToken, kind: str
) -> None:
    headers = bearer(make_token(other_store, ["recommendation.read"]))
    query = {"product_id": str(shop["SHIRT"])}
    assert client.get(f"/v1/recommendations/{kind}", params=query, headers=headers).status_code == 404
    assert items(client.get("/v1/recommendations/bestsellers", headers=headers)) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "query.product_id"),
        ({"product_id": "1; DROP TABLE products"}, "query.product_id"),
        ({"product_id": str(UUID(int=1)), "limit": 51}, "query.limit"),
        ({"product_id": str(UUID(int=1)), "limit": 0}, "query.limit"),
    ],
)
def test_bad_input_is_named(ask: Callable[..., Any], query: dict[str, object], field: str) -> None:
    refused = ask("similar", **query)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_the_scope_is_needed(client: TestClient, store: UUID, make_token: MakeToken) -> None:
    headers = bearer(make_token(store, ["search.read"]))
    assert client.get("/v1/recommendations/bestsellers", headers=headers).status_code == 403
