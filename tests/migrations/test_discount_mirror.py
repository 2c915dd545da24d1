"""Discounts of legacy orders, while a legacy program and the backfill meet at one order."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.db.session import Database
from tests.conftest import cloned_database
from tests.migrations.stock import Shop

CHANGE = "UPDATE orders SET discount_amount = :amount WHERE order_number = 'ORD-2'"
FILL = text("SELECT row_count FROM backfill_promotions(:store, NULL, 500)")


@pytest.fixture
def shop(server_url: str, adopted_template: str) -> Iterator[Shop]:
    """Three orders with discounts of before the mirror, which stands at shadow."""
    with cloned_database(server_url, adopted_template) as database:
        shop = Shop.make(database)
        shop.run("""INSERT INTO orders (store_id, order_number, subtotal, discount_amount, total_amount)
                    SELECT :store, 'ORD-' || i, 20, 5, 15 FROM generate_series(1, 3) i""")
        shop.stand_at("shadow")
        with database.owner_session() as session:
            session.execute(text("INSERT INTO capability_state (store_id, capability, step) "
                                 "VALUES (:store, 'promotions', 'shadow')"), {"store": shop.id})
        yield shop


def fill(database: Database, shop: Shop) -> int:
    with database.owner_session() as session:
        return int(session.scalar(FILL, {"store": shop.id}) or 0)


def test_a_legacy_program_sees_no_error_beside_the_backfill(shop: Shop) -> None:
    with shop.database.session_for(shop.id) as writer:
        writer.execute(text(CHANGE), {"amount": 7})
        writer.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        # The order is the writer's; it has its row from him.
        assert fill(shop.database, shop) == 2
    with shop.database.owner_session() as session:
        session.execute(text("DELETE FROM applied_promotion"))
    with shop.database.owner_session() as session:
        assert session.scalar(FILL, {"store": shop.id}) == 3
        # A writer who comes now waits for the batch, and then finds the row.
        with pytest.raises(DBAPIError, match="lock timeout"), shop.database.session_for(shop.id) as writer:
            writer.execute(text("SET LOCAL lock_timeout = '10ms'"))
            writer.execute(text(CHANGE), {"amount": 8})
    shop.run(CHANGE, amount=8)
    assert sorted(shop.run("SELECT amount FROM applied_promotion")) == [500, 500, 800]
    assert shop.run("SELECT count(*) FROM applied_promotion WHERE currency = 'USD'") == [3]


def test_a_discount_on_shipping_is_no_divergence(shop: Shop) -> None:
    """It lowers what shipping costs, and is no part of an order's discount; one on goods is."""
    promotion = text("""
        INSERT INTO applied_promotion (store_id, order_id, ordinal, target, name, amount, currency, snapshot)
        SELECT store_id, id, 9, :target, 'Free', 300, 'USD', '{}' FROM orders WHERE order_number = 'ORD-1'""")
    differing = text("SELECT detail ->> 'applied' FROM divergences_promotions(:store)")
    fill(shop.database, shop)
    for target, expected in (("shipping", []), ("order", ["800"])):
        with shop.database.owner_session() as session:
            session.execute(promotion, {"target": target})
            assert session.scalars(differing, {"store": shop.id}).all() == expected
            session.rollback()
