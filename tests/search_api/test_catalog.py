"""Listing products: pages that neither skip nor repeat, filters, money in minor units, one statement a page."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.db.session import Database
from tests.search_api.conftest import Counter, MakeToken, bearer
from tests.statements import statements

ADD = text("""
    INSERT INTO products (store_id, name, slug, sku, price_amount, compare_at_amount, currency, status,
                          created_at, deleted_at, category_id, brand_id)
    SELECT :store, 'Product ' || n, 'p-' || n, 'SKU' || n, 1999 + n, CASE WHEN n = 1 THEN 2999 END, 'USD',
           CAST(CASE WHEN n % 5 = 0 THEN 'DRAFT' ELSE 'ACTIVE' END AS product_status),
           -- Groups of three share one instant: the id must decide between them.
           timestamptz '2026-01-01' + n / 3 * interval '1 day', CASE WHEN n % 7 = 0 THEN now() END,
           CASE WHEN n % 2 = 0 THEN (SELECT id FROM categories WHERE store_id = :store) END,
           CASE WHEN n % 3 = 0 THEN (SELECT id FROM brands WHERE store_id = :store) END
    FROM generate_series(1, :count) AS n""")


def add_products(database: Database, store: UUID, count: int) -> None:
    """Add numbered products: every fifth a draft, every seventh deleted."""
    with database.session_for(store) as session:
        session.execute(text("INSERT INTO categories (store_id, name, slug) VALUES (:store, 'Lamps', 'lamps')"),
                        {"store": store})
        session.execute(text("INSERT INTO brands (store_id, name, slug) VALUES (:store, 'Acme', 'acme')"),
                        {"store": store})
        session.execute(ADD, {"store": store, "count": count})


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
def shop(client: TestClient, database: Database, store: UUID, make_token: MakeToken) -> Any:
    """A function that asks for products of a store of 40."""
    add_products(database, store, 40)
    headers = bearer(make_token(store, ["product.read"]))
    return lambda **query: client.get("/v1/products", params=query, headers=headers)


def walk(shop: Any, **query: object) -> list[str]:
    """SKUs of all pages."""
    found, cursor = [], None
    while True:
        page = shop(**query, **({"cursor": cursor} if cursor else {})).json()
        found += [item["sku"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


def test_pages_neither_skip_nor_repeat(shop: Any) -> None:
    expected = [f"SKU{n}" for n in range(1, 41) if n % 5 and n % 7]
    for limit in (1, 2, 7, 28, 29, 100):
        found = walk(shop, limit=limit)
        assert sorted(found) == sorted(expected), limit
        assert found == walk(shop, limit=3)
    days = [int(sku.removeprefix("SKU")) // 3 for sku in found]
    assert days == sorted(days, reverse=True)


def test_filters(shop: Any) -> None:
    assert sorted(walk(shop, status="DRAFT", limit=2)) == ["SKU10", "SKU15", "SKU20", "SKU25", "SKU30", "SKU40", "SKU5"]
    assert {int(sku[3:]) % 2 for sku in walk(shop, category="lamps")} == {0}
    assert {int(sku[3:]) % 3 for sku in walk(shop, brand="acme")} == {0}
    assert walk(shop, category="lamps", brand="nobody") == []
    for hostile in ("'; DROP TABLE products; --", "%", "<script>"):
        assert walk(shop, category=hostile) == []
    assert shop(category="a\x00b").json()["code"] == "invalid_value"


def test_an_item_in_full(shop: Any) -> None:
    item = next(item for item in shop(limit=100).json()["items"] if item["sku"] == "SKU6")
    assert item["price"] == {"amount": 2005, "currency": "USD"} and item["compare_at"] is None
    assert (item["category"], item["brand"]) == ({"slug": "lamps", "name": "Lamps"}, {"slug": "acme", "name": "Acme"})
    assert (item["name"], item["slug"], item["status"]) == ("Product 6", "p-6", "ACTIVE")
    assert item["created_at"] == "2026-01-03T00:00:00Z"


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "many"}, {"status": "active"}])
def test_bad_fields_are_named(shop: Any, query: dict[str, object]) -> None:
    answer = shop(**query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"query.{next(iter(query))}"


def test_bad_cursors_are_named(shop: Any) -> None:
    good = shop(limit=1).json()["next"]
    for cursor in ("x", "é", good[:-3], good + "A", "W10", "WyJhIiwiYiJd", "bnVsbA", "W1tbW1tbW1tbW1td",
                   "WyIyMDI2LTAxLTAxIiwiMDFhMjBjNGQtMjVmMi03N2UyLTg2YTktMjFiZjQzNzlhYTQ3Il0"):
        answer = shop(cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), cursor
        assert answer.json()["errors"][0]["field"] == "query.cursor"


def test_the_number_of_statements_does_not_grow(shop: Any, database: Database) -> None:
    counts = []
    for limit in (1, 28):
        with statements(database) as sent:
            shop(limit=limit)
        counts.append(len(sent))
    # Who calls, the page.
    assert counts == [2, 2]


def test_another_store_sees_none(shop: Any, client: TestClient, other_store: UUID, make_token: MakeToken) -> None:
    headers = bearer(make_token(other_store, ["product.read"]))
    assert client.get("/v1/products", headers=headers).json() == {"items": [], "next": None}
    stolen = shop(limit=1).json()["next"]
    assert client.get("/v1/products", params={"cursor": stolen}, headers=headers).json()["items"] == []


COLLECT = text("""
    WITH k AS (INSERT INTO collection (store_id, name, slug) VALUES (:store, 'Gifts', 'gifts') RETURNING id)
    INSERT INTO collection_product (store_id, collection_id, product_id, position)
    SELECT :store, k.id, p.id, :most - right(p.sku, -3)::integer FROM k, products p WHERE p.store_id = :store""")


def test_a_collection_keeps_its_own_order(shop: Any, database: Database, store: UUID, other_store: UUID) -> None:
    with database.session_for(store) as session:
        session.execute(COLLECT, {"store": store, "most": 50})
    expected = [f"SKU{n}" for n in range(40, 0, -1) if n % 5 and n % 7]
    for limit in (1, 7, 100):
        assert walk(shop, collection="gifts", limit=limit) == expected
    assert walk(shop, collection="gifts", brand="acme", limit=3) == [sku for sku in expected if int(sku[3:]) % 3 == 0]
    assert walk(shop, collection="nowhere") == []
    with database.session_for(store) as session:
        session.execute(text("UPDATE collection SET deleted_at = now()"))
    assert walk(shop, collection="gifts") == []


def test_a_cursor_of_the_other_order_is_refused(shop: Any, database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        session.execute(COLLECT, {"store": store, "most": 50})
    newest = shop(limit=2).json()["next"]
    by_hand = shop(limit=2, collection="gifts").json()["next"]
    assert shop(limit=2, collection="gifts", cursor=newest).status_code == 400
    assert shop(limit=2, cursor=by_hand).status_code == 400


WORDS = text("""
    WITH t AS (INSERT INTO product_translation (store_id, product_id, locale, name, slug)
               SELECT :store, id, l.locale, l.locale || ' ' || name, lower(l.locale) || '-' || slug
               FROM products, (VALUES ('de'), ('de-CH')) l (locale)
               WHERE store_id = :store AND sku IN ('SKU1', 'SKU2') AND (l.locale = 'de' OR sku = 'SKU2')),
         f AS (INSERT INTO feature_flag (store_id, name, is_enabled) VALUES (:store, 'i18n', true))
    INSERT INTO category_translation (store_id, category_id, locale, name, slug)
    SELECT :store, id, 'de', 'Lampen', 'lampen' FROM categories WHERE store_id = :store""")


def test_words_of_the_most_particular_locale(shop: Any, database: Database, store: UUID) -> None:
    def names(**query: object) -> dict[str, str]:
        return {item["sku"]: item["name"] for item in shop(limit=100, **query).json()["items"]}

    own = names()
    with database.session_for(store) as session:
        session.execute(WORDS, {"store": store})
    assert names() == own
    expected = {**own, "SKU1": "de Product 1", "SKU2": "de-CH Product 2"}
    assert names(locale="de-CH") == expected
    assert names(locale="de-AT") == {**expected, "SKU2": "de Product 2"}
    assert names(locale="fr") == own
    item = next(item for item in shop(limit=100, locale="de").json()["items"] if item["sku"] == "SKU2")
    assert (item["slug"], item["category"]) == ("de-p-2", {"slug": "lampen", "name": "Lampen"})
    with database.session_for(store) as session:
        session.execute(text("UPDATE feature_flag SET is_enabled = false"))
    assert names(locale="de-CH") == own
    answer = shop(locale="DE_ch")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.locale")
