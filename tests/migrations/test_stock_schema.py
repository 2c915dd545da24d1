"""The stock mirror as part of the schema: who may call it, down and up, and what stays without legacy columns."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from migrations.stock_mirror import DROP_MIRROR, MIRROR
from oltp.db.session import Database
from oltp.inventory.actions import adjust_stock
from stormcom.schema import downgrade, upgrade
from tests.conftest import cloned_database
from tests.migrations.stock import Shop


def test_only_the_owner_backfills(adopted_database: Database) -> None:
    shop = Shop.make(adopted_database)
    for call in ("backfill_inventory(:store, NULL, 10)", "divergences_inventory(:store)"):
        with pytest.raises(DBAPIError, match="permission denied"):
            shop.run(f"SELECT * FROM {call}")


def test_levels_live_without_the_legacy_columns(server_url: str, adopted_template: str) -> None:
    """The mirror is taken away and brought back around the columns, as the contract and its downgrade do."""
    with cloned_database(server_url, adopted_template) as database:
        shop = Shop.make(database)
        with database.owner_session() as session:
            for statement in (DROP_MIRROR, """
                    ALTER TABLE products DROP COLUMN inventory_qty, DROP COLUMN inventory_status;
                    ALTER TABLE product_variants DROP COLUMN inventory_qty;
                    CREATE OR REPLACE FUNCTION default_capability_step() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
                      AS $$ SELECT 'done' $$"""):
                session.execute(text(statement))
        shop.run("""
            INSERT INTO products (store_id, name, slug, sku, price_amount, images, track_inventory)
              VALUES (:store, 'Lamp', 'lamp', 'L', 999, '[]', false);
            INSERT INTO product_variants (store_id, product_id, name, sku, options, low_stock_threshold,
                                          is_default)
              SELECT :store, id, 'Default', 'L', '{}', 3, true FROM products""")
        read = "SELECT on_hand || ' ' || is_tracked || ' ' || low_stock_threshold FROM inventory_level"
        assert shop.run(read) == ["0 false 3"]
        shop.run("UPDATE products SET track_inventory = true, low_stock_threshold = 4")
        assert shop.run(read) == ["0 true 4"]
        (variant,) = shop.run("SELECT id FROM product_variants")
        with database.session_for(shop.id) as session:
            adjust_stock(session, store_id=shop.id, variant_id=variant, delta=2, reason_code="manual")
        with database.owner_session() as session:
            for statement in ("""
                    ALTER TABLE products ADD COLUMN inventory_qty integer NOT NULL DEFAULT 0,
                      ADD COLUMN inventory_status inventory_status NOT NULL DEFAULT 'IN_STOCK';
                    ALTER TABLE product_variants ADD COLUMN inventory_qty integer NOT NULL DEFAULT 0;
                    UPDATE products SET inventory_qty = 2; UPDATE product_variants SET inventory_qty = 2""", MIRROR):
                session.execute(text(statement))
        shop.run("UPDATE products SET inventory_qty = inventory_qty - 1")
        assert (shop.levels(), shop.divergences()) == ({"L": 1}, [])


def test_down_and_up_again(server_url: str, adopted_template: str) -> None:
    with cloned_database(server_url, adopted_template) as database:
        shop = Shop.make(database, "dual")
        shop.add_product("A", 10)
        shop.add_product_with_variants("B", 7, 3)
        shop.move_level("B-unassigned", -2)
        before = shop.legacy()
        database.dispose()
        downgrade(database.url, "0023")
        assert shop.legacy() == {sku: held for sku, held in before.items() if sku != "B-unassigned*"}
        upgrade(database.url, "main@head")
        # The ledger of what stayed is still there; the product's own stock of B is brought in again.
        report = shop.backfill()
        assert (report["unassigned"], shop.divergences()) == (1, [])
        assert shop.legacy() == before
