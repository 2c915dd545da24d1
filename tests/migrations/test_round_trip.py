"""The history can be walked up, down and up again, and ends where the models are."""

import psycopg

from oltp.db.session import Database
from stormcom.schema import current, downgrade, head, upgrade
from tests.conftest import create_store
from tests.oltp.test_row_security import fill


def _shape(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("""
            SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2""").fetchall()


def test_up_down_up(empty_database: str) -> None:
    upgrade(empty_database)
    first = _shape(empty_database)
    assert current(empty_database) == head()
    downgrade(empty_database, "0001")
    baseline = _shape(empty_database)
    downgrade(empty_database, "base")
    assert _shape(empty_database) == []
    upgrade(empty_database, "0001")
    assert _shape(empty_database) == baseline
    upgrade(empty_database)
    assert _shape(empty_database) == first


def test_a_filled_database_keeps_its_rows(empty_database: str) -> None:
    upgrade(empty_database)
    database = Database(empty_database)
    store = create_store(database, slug="demo")
    with database.owner_session() as session:
        fill(session, store)
    database.dispose()
    downgrade(empty_database, "0001")
    with psycopg.connect(empty_database) as connection:
        legacy = connection.execute(
            "SELECT o.subtotal, o.total_amount, i.price, i.quantity, p.price FROM orders o "
            "JOIN order_items i ON i.order_id = o.id CROSS JOIN products p").fetchall()
    assert legacy == [(19.99, 19.99, 19.99, 1, 19.99)]
    upgrade(empty_database)
    with psycopg.connect(empty_database) as connection:
        amounts = connection.execute(
            "SELECT o.order_total_amount, i.line_total_amount, i.ordinal, p.price_amount, v.sku, s.kind FROM orders o "
            "JOIN order_items i ON i.order_id = o.id CROSS JOIN products p "
            "JOIN product_variants v ON v.product_id = p.id JOIN subject s ON s.id = o.subject_id").fetchall()
    assert amounts == [(1999, 1999, 1, 1999, "L1", "order")]
