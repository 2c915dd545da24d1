"""What legacy writers and models see of each other, and what triggers still do for writers without legacy columns."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.db.session import Database
from tests.first_rows import fill

LEGACY_PRODUCT = """
INSERT INTO products (id, store_id, name, slug, sku, price, images, updated_at)
VALUES (uuidv7(), :store, :sku, :sku, :sku, :price, '[]', now()) RETURNING id
"""


def test_a_legacy_float_becomes_minor_units_and_back(adopted_database: Database, adopted_store: UUID) -> None:
    with adopted_database.owner_session() as session:
        product = session.scalar(text(LEGACY_PRODUCT), {"store": adopted_store, "sku": "A", "price": 19.99})
        row = session.execute(text("SELECT price_amount, currency FROM products WHERE id = :id"), {"id": product})
        assert row.one() == (1999, "USD")
        session.execute(text("UPDATE products SET price_amount = 2550 WHERE id = :id"), {"id": product})
        assert session.scalar(text("SELECT price FROM products WHERE id = :id"), {"id": product}) == 25.5
        session.execute(text("UPDATE products SET price = 0.29 WHERE id = :id"), {"id": product})
        assert session.scalar(text("SELECT price_amount FROM products WHERE id = :id"), {"id": product}) == 29


def test_exponents_follow_the_currency(database: Database) -> None:
    with database.owner_session() as session:
        amounts = session.execute(text(
            "SELECT minor_from_float(1999, 'JPY'), minor_from_float(1.2345, 'KWD'), minor_from_float(0.285, 'USD'), "
            "float_from_minor(1235, 'KWD')")).one()
    assert tuple(amounts) == (1999, 1235, 29, 1.235)


def test_a_product_without_variant_gets_one_at_commit(adopted_database: Database, adopted_store: UUID) -> None:
    with adopted_database.owner_session() as session:
        product = session.scalar(text(LEGACY_PRODUCT), {"store": adopted_store, "sku": "A", "price": 1.0})
    with adopted_database.session_for(adopted_store) as session:
        rows = session.execute(text("SELECT sku, is_default FROM product_variants WHERE product_id = :id"),
                               {"id": product}).all()
    assert [tuple(row) for row in rows] == [("A", True)]


def test_a_taken_sku_does_not_stop_the_default_variant(adopted_database: Database, adopted_store: UUID) -> None:
    with adopted_database.owner_session() as session:
        first = session.scalar(text(LEGACY_PRODUCT), {"store": adopted_store, "sku": "A", "price": 1.0})
        session.execute(text("INSERT INTO product_variants (store_id, product_id, name, sku, options) "
                             "VALUES (:store, :id, 'x', 'B', '{}')"), {"store": adopted_store, "id": first})
    with adopted_database.owner_session() as session:
        second = session.scalar(text(LEGACY_PRODUCT), {"store": adopted_store, "sku": "B", "price": 1.0})
    with adopted_database.session_for(adopted_store) as session:
        sku = session.scalar(text("SELECT sku FROM product_variants WHERE product_id = :id"), {"id": second})
    assert sku == f"B-{second}"


PRODUCT = """
INSERT INTO products (store_id, name, slug, sku, price_amount) VALUES (:store, :sku, :sku, :sku, 1999)
RETURNING id, currency
"""


def test_without_legacy_columns_currency_and_default_variant_still_come(database: Database, store: UUID) -> None:
    with database.session_for(store) as session:
        first, currency = session.execute(text(PRODUCT), {"store": store, "sku": "A"}).one()
        session.execute(text("INSERT INTO product_variants (store_id, product_id, name, sku, options) "
                             "VALUES (:store, :id, 'x', 'B', '{}')"), {"store": store, "id": first})
        second, _ = session.execute(text(PRODUCT), {"store": store, "sku": "B"}).one()
        third, _ = session.execute(text(PRODUCT), {"store": store, "sku": "C"}).one()
    with database.session_for(store) as session:
        rows = session.execute(text("""
            SELECT v.product_id, v.sku, v.currency, v.is_default, l.on_hand FROM product_variants v
            LEFT JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id ORDER BY v.id"""))
        found = [tuple(row) for row in rows]
    assert currency == "USD"
    assert found == [(first, "B", "USD", False, 0), (second, f"B-{second}", "USD", True, 0),
                     (third, "C", "USD", True, 0)]


ORDER = """
INSERT INTO orders (id, store_id, customer_id, order_number, subtotal, total_amount, shipping_address, updated_at)
VALUES (uuidv7(), :store, :customer, :number, 10, 10, :address, now()) RETURNING subject_id
"""


def test_subjects_of_orders(adopted_database: Database, adopted_store: UUID) -> None:
    with adopted_database.owner_session() as session:
        customer = session.scalar(text(
            "INSERT INTO customers (store_id, email, first_name, last_name) VALUES (:store, 'a', 'A', 'B') "
            "RETURNING id"), {"store": adopted_store})

        def place(number: str, who: object = None, address: str | None = None) -> object:
            values = {"store": adopted_store, "customer": who, "number": number, "address": address}
            return session.scalar(text(ORDER), values)

        own = session.scalar(text("SELECT id FROM subject WHERE customer_id = :id"), {"id": customer})
        assert place("1", customer) == own
        guest = place("2", address='{"email": " Guest@Example.test "}')
        assert guest == place("3", address='{"email": "guest@example.test"}') != own
        assert place("4") != place("5")
        assert place("6", address="not json") is not None
        kinds = session.scalars(text("SELECT kind FROM subject ORDER BY kind")).all()
    assert kinds == ["customer", "guest", "order", "order", "order"]


def test_a_new_zone_is_history_and_a_wrong_one_is_refused(database: Database, store: UUID) -> None:
    with database.owner_session() as session:
        session.execute(text("UPDATE stores SET timezone = 'Europe/Berlin' WHERE id = :id"), {"id": store})
        zones = session.scalars(text("SELECT time_zone FROM store_zone_history WHERE store_id = :id "
                                     "ORDER BY valid_from"), {"id": store}).all()
    assert zones == ["America/New_York", "Europe/Berlin"]
    with pytest.raises(DBAPIError, match="time zone"), database.owner_session() as session:
        session.execute(text("UPDATE stores SET timezone = 'Mars/Olympus' WHERE id = :id"), {"id": store})


def test_row_versions_move_and_deletes_leave_tombstones(database: Database, store: UUID) -> None:
    read = text("SELECT id, row_version::text::bigint FROM products WHERE store_id = :store")
    with database.owner_session() as session:
        fill(session, store)
    with database.session_for(store) as session:
        product, first = session.execute(read, {"store": store}).one()
    with database.session_for(store) as session:
        session.execute(text("UPDATE products SET name = 'Lantern'"))
    with database.session_for(store) as session:
        assert session.execute(read, {"store": store}).one()[1] > first
    with database.session_for(store) as session:
        session.execute(text("DELETE FROM products"))
        rows = session.execute(text("SELECT table_name, row_id FROM row_tombstone ORDER BY 1")).all()
    assert ("products", str(product)) in [tuple(row) for row in rows]
    assert {row[0] for row in rows} == {"products", "product_variants"}


def test_domain_events_are_append_only(database: Database, store: UUID) -> None:
    with database.owner_session() as session:
        fill(session, store)
    with pytest.raises(DBAPIError, match="append-only"), database.session_for(store) as session:
        session.execute(text("UPDATE domain_event SET name = 'order.other'"))


def test_a_default_variant_gives_its_sku_to_one_that_asks_for_it(
    adopted_database: Database, adopted_store: UUID
) -> None:
    with adopted_database.owner_session() as session:
        product = session.scalar(text(LEGACY_PRODUCT), {"store": adopted_store, "sku": "A", "price": 1.0})
    with adopted_database.owner_session() as session:
        session.execute(text("INSERT INTO product_variants (product_id, name, sku, options) "
                             "VALUES (:id, 'Large', 'A', '{}')"), {"id": product})
        rows = session.execute(text("SELECT name, sku FROM product_variants WHERE product_id = :id ORDER BY name"),
                               {"id": product}).all()
    assert [tuple(row) for row in rows] == [("Default", f"A-{product}"), ("Large", "A")]


def test_two_programs_may_add_lines_to_one_order(adopted_database: Database, adopted_store: UUID) -> None:
    add = text("INSERT INTO order_items (order_id, product_name, sku, price, quantity, subtotal, total_amount) "
               "VALUES (:id, 'x', 'X', 1, 1, 1, 1) RETURNING ordinal")
    with adopted_database.owner_session() as session:
        order = session.scalar(text("INSERT INTO orders (store_id, order_number, subtotal, total_amount) "
                                    "VALUES (:store, '1', 2, 2) RETURNING id"), {"store": adopted_store})

    def add_lines(_: int) -> list[int]:
        with adopted_database.owner_session() as session:
            return [int(session.scalar(add, {"id": order}) or 0) for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        ordinals = [ordinal for lines in pool.map(add_lines, range(4)) for ordinal in lines]
    assert sorted(ordinals) == list(range(1, 21))
