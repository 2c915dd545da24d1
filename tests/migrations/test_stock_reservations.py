"""Orders take stock while legacy programs still write theirs: both sides say the same afterwards."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.inventory.errors import OutOfStock, StockStillLegacy
from oltp.inventory.queries import list_expired_keys
from oltp.inventory.reserving import release_reservations, reserve_stock, restock, sell_stock
from tests.conftest import cloned_database
from tests.migrations.stock import Shop
from tests.oltp.inventory.stocked import NONE, at_once, offenders

ROUNDS = 10


@pytest.fixture(scope="module")
def legacy(server_url: str, adopted_template: str) -> Iterator[Database]:
    with cloned_database(server_url, adopted_template) as database:
        yield database


def furnish(database: Database, step: str) -> tuple[Shop, dict[str, UUID]]:
    """Return a shop whose stock stands at the step, with three products of twenty each."""
    shop = Shop.make(database)
    for sku in "abc":
        shop.add_product(sku, 20)
    for each in ("shadow", step):
        shop.stand_at(each)
        shop.backfill()
    with database.session_for(shop.id) as session:
        rows = session.execute(text("""SELECT p.sku, l.variant_id FROM inventory_level l
                                       JOIN product_variants v ON v.id = l.variant_id
                                       JOIN products p ON p.id = v.product_id"""))
        return shop, {row[0]: row[1] for row in rows}


def add_order(shop: Shop) -> UUID:
    (order,) = shop.run("""
        INSERT INTO orders (store_id, order_number, currency, order_subtotal_amount, order_tax_amount,
                            order_shipping_amount, order_discount_amount, order_total_amount)
        VALUES (:store, 'T-' || uuidv7(), 'USD', 0, 0, 0, 0, 0) RETURNING id""")
    return order


def test_up_to_shadow_legacy_leads(legacy: Database) -> None:
    shop, variants = furnish(legacy, "shadow")
    with pytest.raises(StockStillLegacy), legacy.session_for(shop.id) as session:
        reserve_stock(session, store_id=shop.id, demand={variants["a"]: 1}, order_id=None, minutes=15)


def test_what_legacy_leads_again_is_not_swept(legacy: Database) -> None:
    shop, variants = furnish(legacy, "dual")
    with legacy.session_for(shop.id) as session:
        reserve_stock(session, store_id=shop.id, demand={variants["a"]: 1}, order_id=None, minutes=15)
    shop.run("""UPDATE stock_reservation SET created_at = now() - interval '2 hours',
                expires_at = now() - interval '1 hour'""")

    def expired() -> list[UUID]:
        with legacy.worker_session() as session:
            return [variant for store, variant in list_expired_keys(session, limit=50) if store == shop.id]

    assert expired() == [variants["a"]]
    shop.stand_at("shadow")
    assert expired() == []


@pytest.mark.parametrize("step", ["dual", "read_new"])
def test_orders_and_legacy_programs_at_once(legacy: Database, step: str) -> None:
    shop, variants = furnish(legacy, step)
    orders = [[add_order(shop) for _ in range(ROUNDS)] for _ in range(3)]

    def buyer(own: list[UUID], skus: str) -> None:
        for number, order in enumerate(own):
            demand = {variants[sku]: 1 for sku in skus}
            try:
                with legacy.session_for(shop.id) as session:
                    reserve_stock(session, store_id=shop.id, demand=demand, order_id=order, minutes=15)
            except OutOfStock:
                continue
            with legacy.session_for(shop.id) as session:
                if number % 3 == 0:
                    release_reservations(session, store_id=shop.id, order_id=order)
                else:
                    sell_stock(session, store_id=shop.id, demand=demand, order_id=order)
            if number % 3 == 2:
                with legacy.session_for(shop.id) as session:
                    restock(session, store_id=shop.id, quantities=demand, order_id=order, reason_code="return",
                            detail="return_processed")

    def program(sku: str) -> None:
        for _ in range(ROUNDS):
            shop.run("UPDATE products SET inventory_qty = inventory_qty - 1 WHERE sku = :sku", sku=sku)

    at_once([*(lambda own=own, skus=skus: buyer(own, skus) for own, skus in zip(orders, ("ab", "cba", "bc"),
                                                                                strict=True)),
             *(lambda sku=sku: program(sku) for sku in "abc")])
    assert offenders(legacy) == NONE
    assert shop.divergences() == []
    levels = {sku: quantity for sku, quantity in shop.legacy().items() if not sku.endswith("*")}
    with legacy.session_for(shop.id) as session:
        on_hand = {sku: session.scalar(text("SELECT on_hand FROM inventory_level WHERE variant_id = :id"), {"id": key})
                   for sku, key in variants.items()}
    assert levels == on_hand
