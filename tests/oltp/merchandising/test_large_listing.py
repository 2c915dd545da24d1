"""The listing of 100,000 products with prices of a segment: a statement a page, and no page reads more than another."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import event, text

from oltp.db.session import Database
from oltp.merchandising.queries import ListedProduct, ListingFilter, Place, list_products
from tests.conftest import IS_FULL, cloned_database
from tests.selling import Shop, open_shop
from tests.statements import statements

PRODUCTS = 100_000 if IS_FULL else 2_000
PAGE = 100
# Pages of Postgres that a row of the listing may touch: product, variant, level, prices and names, each by its index.
BLOCKS_A_ROW = 60
# What triggers would make is made here in whole statements.
_FILL = """
SET session_replication_role = replica;
INSERT INTO products (store_id, name, slug, sku, price_amount, currency, status, created_at)
  SELECT %(store)s, 'P', 'p-' || n, n, 1000 + n, 'USD', 'ACTIVE', timestamptz '2026-01-01' + n * interval '1 minute'
  FROM generate_series(1, %(count)s) n;
INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, is_default)
  SELECT store_id, id, 'Default', sku, currency, '{}', true FROM products WHERE store_id = %(store)s;
INSERT INTO inventory_level (store_id, variant_id, on_hand)
  SELECT store_id, id, 5 FROM product_variants WHERE store_id = %(store)s ON CONFLICT DO NOTHING;
INSERT INTO product_price (store_id, product_id, currency, amount, effective_at)
  SELECT store_id, id, 'USD', price_amount, created_at FROM products WHERE store_id = %(store)s;
INSERT INTO product_price (store_id, product_id, currency, segment_id, amount, effective_at)
  SELECT store_id, id, 'USD', s, CASE s WHEN %(mine)s THEN 700 + sku::integer ELSE 1 END, created_at
  FROM products, unnest(ARRAY[%(mine)s, %(other)s]::uuid[]) s WHERE store_id = %(store)s AND sku::integer %% 2 = 0;
INSERT INTO product_price (store_id, variant_id, currency, segment_id, amount, effective_at)
  SELECT store_id, id, 'USD', %(mine)s, 600 + sku::integer, timestamptz '2026-01-01'
  FROM product_variants WHERE store_id = %(store)s AND sku::integer %% 4 = 0;
"""


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    """A database of the module's own."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture(scope="module")
def shop(shared: Database) -> Shop:
    """The large shop."""
    shop = open_shop(shared)
    mine, other = shop.segment(shop.customer("me@example.test")), shop.segment()
    # Only the login may silence triggers; it is a superuser in tests.
    with psycopg.ClientCursor(psycopg.connect(shared.url, autocommit=True)) as cursor:
        cursor.execute(_FILL, {"store": shop.store_id, "count": PRODUCTS, "mine": mine, "other": other})
        cursor.execute("ANALYZE")
        cursor.connection.close()
    return shop


@pytest.fixture(scope="module")
def customer(shop: Shop) -> UUID:
    """A member of the segment."""
    found: UUID = shop.execute("SELECT id FROM customers WHERE store_id = :store")
    return found


def page(shop: Shop, customer: UUID, after: Place | None) -> list[ListedProduct]:
    """One page for the member."""
    with shop.database.session_for(shop.store_id) as session:
        return list_products(session, store_id=shop.store_id, wanted=ListingFilter(), after=after, limit=PAGE,
                             currency="USD", customer_id=customer)


def expected(number: int) -> int:
    """What the member pays for a product: the variant's price of the segment, the product's, or the list price."""
    return number + (600 if number % 4 == 0 else 700 if number % 2 == 0 else 1000)


def test_all_pages_have_the_segments_prices_in_a_statement_each(shop: Shop, customer: UUID) -> None:
    place: Place | None = None
    left = PRODUCTS
    while left:
        with statements(shop.database) as sent:
            found = page(shop, customer, place)
        assert len([each for each in sent if "set_config" not in each]) == 1
        assert [(int(row.sku), row.price_amount) for row in found] == [
            (left - n, expected(left - n)) for n in range(PAGE)]
        assert all(row.is_available for row in found)
        left -= PAGE
        place = (found[-1].created_at, found[-1].id)
    assert page(shop, customer, place) == []


def blocks(shop: Shop, customer: UUID, after: Place | None) -> int:
    """Pages of Postgres that the listing's statement touches."""
    sent: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        sent.append((statement, parameters))

    event.listen(shop.database.app, "before_cursor_execute", note)
    page(shop, customer, after)
    event.remove(shop.database.app, "before_cursor_execute", note)
    (listing,) = [each for each in sent if "set_config" not in each[0]]
    with shop.database.session_for(shop.store_id) as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {listing[0]}", listing[1])
        top = json.loads(json.dumps(plan.scalar_one()))[0]["Plan"]
    return int(top["Shared Hit Blocks"]) + int(top["Shared Read Blocks"])


@pytest.mark.parametrize("depth", [0.0, 0.5, 0.99])
def test_a_page_reads_as_much_however_deep_it_lies(shop: Shop, customer: UUID, depth: float) -> None:
    after = None
    if depth:
        with shop.database.session_for(shop.store_id) as session:
            row = session.execute(text("SELECT created_at, id FROM products WHERE sku = :sku"),
                                  {"sku": str(int(PRODUCTS * (1 - depth)) + PAGE)}).one()
        after = (row[0], row[1])
    assert 0 < blocks(shop, customer, after) < PAGE * BLOCKS_A_ROW
