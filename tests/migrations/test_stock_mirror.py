"""Legacy stock and levels: the backfill and its report, and the mirror both ways at every step."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.inventory.actions import adjust_stock
from oltp.inventory.errors import StockStillLegacy
from tests.conftest import cloned_database
from tests.migrations.stock import Shop


@pytest.fixture(scope="module")
def legacy(server_url: str, adopted_template: str) -> Iterator[Database]:
    with cloned_database(server_url, adopted_template) as database:
        yield database


@pytest.fixture
def shop(legacy: Database) -> Shop:
    return Shop.make(legacy)


def test_off_mirrors_nothing(shop: Shop) -> None:
    product = shop.add_product("A", 10)
    shop.run("UPDATE products SET inventory_qty = 7 WHERE id = :id", id=product)
    assert shop.levels() == {}
    assert {kind for kind, _ in shop.divergences()} == {"no level", "product"}


def test_initial_replay_and_an_explicit_correction(shop: Shop) -> None:
    product = shop.add_product("A", 12)
    shop.log(product, (20, -3, "Sale"), (17, 2, "Cancellation"), (19, -4, "manual count"), (15, 0, "nothing"))
    shop.stand_at("shadow")
    report = shop.backfill()
    assert shop.ledger("A") == [
        ("initial", 20, "legacy stock"), ("sale", -3, "Sale"), ("return", 2, "Cancellation"),
        ("manual", -4, "manual count"), ("correction", -3, "not in the legacy log")]
    assert report == {
        "levels": 1, "replayed": 3, "zero_logs": 1, "drift": 3, "drift_count": 1,
        "drift_examples": [{"sku": "A", "quantity": 12, "unexplained": -3}]}
    assert shop.divergences() == []
    # What was there before the first log is dated before it.
    assert shop.run("SELECT min(created_at) < timestamptz '2026-01-01 12:00Z' FROM inventory_adjustment") == [True]


@pytest.mark.parametrize(("reason", "code"), [
    ("Sale", "sale"), ("sold in shop", "sale"), ("order_created", "sale"), ("Cancellation", "return"),
    ("Refund", "return"), ("return_processed", "return"), ("Returned goods from a sale", "return"),
    ("adjustment", "manual"), ("damaged", "manual"), ("wholesale price label", "manual"), ("x", "manual")])
def test_free_text_becomes_a_coarse_code(legacy: Database, reason: str, code: str) -> None:
    with legacy.owner_session() as session:
        assert session.scalar(text("SELECT stock_reason_code(:reason)"), {"reason": reason}) == code


def test_repeating_the_backfill_changes_nothing_and_new_differences_are_corrections(shop: Shop) -> None:
    first, _ = shop.add_product("A", 5), shop.add_product_with_variants("B", 4, 1, 2)
    shop.log(first, (9, -4, "Sale"))
    shop.stand_at("shadow")
    shop.backfill(size=1)
    before = {sku: shop.ledger(sku) for sku in shop.levels()}
    assert shop.backfill() == {}
    assert {sku: shop.ledger(sku) for sku in shop.levels()} == before
    # Back at off a legacy program sells and logs; the log is not replayed, what differs is a correction.
    shop.stand_at("off")
    shop.run("UPDATE products SET inventory_qty = 3 WHERE id = :id", id=first)
    shop.log(first, (5, -2, "Sale"))
    shop.run("UPDATE product_variants SET inventory_qty = 7 WHERE sku = 'B-1'")
    shop.stand_at("shadow")
    report = shop.backfill()
    assert (report["drift"], report["drift_count"], report["default_differed"]) == (2 + 6, 2, 2)
    assert shop.ledger("A")[-1] == ("correction", -2, "the legacy column says otherwise")
    assert (shop.divergences(), shop.backfill()) == ([], {})


def test_stock_of_a_product_with_variants_goes_to_one_of_its_own(shop: Shop) -> None:
    shop.add_product_with_variants("A", 30, 10, 0)
    shop.add_product_with_variants("B", 0, 5)
    logged = shop.add_product_with_variants("C", 0, 5)
    shop.log(logged, (3, -3, "Sale"))
    # The name it would take is taken.
    shop.run("UPDATE product_variants SET sku = 'A-unassigned' WHERE sku = 'B-1'")
    shop.stand_at("shadow")
    report = shop.backfill()
    assert shop.levels() == {"A-1": 10, "A-2": 0, "A-unassigned-2": 30, "A-unassigned": 5, "C-1": 5, "C-unassigned": 0}
    assert report["unassigned"] == 2
    assert report["unassigned_examples"][0] == {"sku": "A", "quantity": 30}
    assert shop.divergences() == []
    # First needed later: the mirror makes it.
    shop.run("UPDATE products SET inventory_qty = 4 WHERE sku = 'B'")
    assert shop.levels()["B-unassigned"] == 4
    assert shop.divergences() == []


def test_negative_and_untracked_stock(shop: Shop) -> None:
    minus, _ = shop.add_product("A", -4), shop.add_product("B", -2, tracked=False)
    shop.stand_at("shadow")
    report = shop.backfill()
    assert report["negative"] == 2
    assert report["untracked"] == 1
    read = """SELECT on_hand || ' ' || legacy_shortage || ' ' || is_tracked FROM inventory_level l
              JOIN product_variants v ON v.id = l.variant_id ORDER BY v.sku"""
    assert shop.run(read) == ["-4 4 true", "-2 0 false"]
    # There is no floor for a legacy writer; what grew with the shortage goes with it.
    shop.run("UPDATE products SET inventory_qty = inventory_qty - 3")
    assert shop.run(read) == ["-7 7 true", "-5 0 false"]
    shop.run("UPDATE products SET inventory_qty = 5 WHERE id = :id", id=minus)
    assert shop.run(read) == ["5 0 true", "-5 0 false"]
    shop.run("UPDATE products SET track_inventory = true")
    assert shop.run(read) == ["5 0 true", "-5 5 true"]
    assert shop.divergences() == []


def test_a_legacy_write_in_shadow_moves_level_and_ledger(shop: Shop) -> None:
    shop.stand_at("shadow")
    shop.add_product("A", 10)
    shop.add_product_with_variants("B", 7, 3)
    assert shop.levels() == {"A": 10, "B-1": 3, "B-unassigned": 7}
    shop.run("""UPDATE products SET inventory_qty = inventory_qty - 2;
                UPDATE product_variants SET inventory_qty = 8 WHERE sku = 'B-1'""")
    assert shop.levels() == {"A": 8, "B-1": 8, "B-unassigned": 5}
    assert shop.ledger("A") == [("initial", 10, "legacy stock"), ("manual", -2, "legacy write")]
    # The copy in the default variant counts too, and both columns stay one number.
    shop.run("UPDATE product_variants SET inventory_qty = inventory_qty - 1 WHERE sku = 'A'")
    assert shop.legacy() == {"A": 7, "A*": 7, "B": 5, "B-1*": 8, "B-unassigned*": 5}
    assert shop.divergences() == []


def test_a_legacy_write_before_the_backfill_brings_the_products_history_in(shop: Shop) -> None:
    product = shop.add_product("A", 10)
    shop.log(product, (12, -1, "Sale"))
    shop.stand_at("shadow")
    shop.run("UPDATE products SET inventory_qty = 6 WHERE id = :id", id=product)
    assert shop.ledger("A") == [
        ("initial", 12, "legacy stock"), ("sale", -1, "Sale"), ("correction", -1, "not in the legacy log"),
        ("manual", -4, "legacy write")]
    assert (shop.backfill(), shop.divergences()) == ({}, [])


@pytest.mark.parametrize("is_log_first", [True, False])
def test_a_log_of_the_same_transaction_gives_the_reason(shop: Shop, is_log_first: bool) -> None:
    shop.stand_at("shadow")
    product = shop.add_product("A", 10)
    both = ["""INSERT INTO inventory_logs (id, store_id, product_id, previous_qty, new_qty, change_qty, reason, note)
               VALUES (uuidv7(), :store, :product, 10, 7, -3, 'Sale', 'Order 1')""",
            "UPDATE products SET inventory_qty = 7 WHERE id = :product"]
    shop.run(";".join(both if is_log_first else reversed(both)), product=product)
    assert shop.ledger("A")[1:] == [("sale", -3, "Sale")]
    assert shop.run("SELECT note FROM inventory_adjustment WHERE inventory_log_id IS NOT NULL") == ["Order 1"]
    # A log by itself moves nothing, and is not replayed by a later backfill.
    shop.log(product, (7, -3, "Sale"))
    assert (shop.backfill(), shop.divergences(), shop.levels()) == ({}, [], {"A": 7})


def test_levels_lead_legacy_from_dual_on(shop: Shop) -> None:
    shop.stand_at("dual")
    shop.add_product("A", 10)
    shop.add_product_with_variants("B", 7, 3)
    for sku in ("A", "B-1", "B-unassigned"):
        shop.move_level(sku, -1)
    assert shop.legacy() == {"A": 9, "A*": 9, "B": 6, "B-1*": 2, "B-unassigned*": 6}
    status = "SELECT inventory_status::text FROM products WHERE sku = 'A'"
    for change, expected in ((-4, "LOW_STOCK"), (-5, "OUT_OF_STOCK"), (6, "IN_STOCK")):
        shop.move_level("A", change)
        assert shop.run(status) == [expected]
    assert len(shop.ledger("A")) == 1 + 4
    shop.run("UPDATE products SET inventory_qty = 40 WHERE sku = 'A'")
    assert shop.levels()["A"] == shop.legacy()["A*"] == 40
    assert shop.divergences() == []


def test_actions_wait_for_dual(shop: Shop) -> None:
    shop.stand_at("shadow")
    shop.add_product("A", 10)
    (variant,) = shop.run("SELECT id FROM product_variants")
    with pytest.raises(StockStillLegacy, match="stands at shadow"), shop.database.session_for(shop.id) as session:
        adjust_stock(session, store_id=shop.id, variant_id=variant, delta=-1, reason_code="sale")
    shop.stand_at("dual")
    with shop.database.session_for(shop.id) as session:
        adjust_stock(session, store_id=shop.id, variant_id=variant, delta=-1, reason_code="sale")
    assert (shop.legacy(), shop.divergences()) == ({"A": 9, "A*": 9}, [])


def test_in_shadow_a_level_does_not_touch_legacy(shop: Shop) -> None:
    shop.stand_at("shadow")
    shop.add_product("A", 10)
    shop.move_level("A", -1)
    assert shop.divergences() == [("product", {"legacy": 10, "new": 9})]
    assert shop.backfill()["drift"] == 1
    assert shop.divergences() == []


def test_a_quantity_that_means_without_end(shop: Shop) -> None:
    shop.stand_at("dual")
    product = shop.add_product("A", -5)
    for quantity in (2_147_483_647, -5, 7):
        shop.run("UPDATE products SET inventory_qty = :n WHERE id = :id", id=product, n=quantity)
        assert (shop.levels(), shop.divergences()) == ({"A": quantity}, [])


def test_a_drifted_copy_comes_back_with_the_next_write(shop: Shop) -> None:
    shop.stand_at("dual")
    product = shop.add_product("A", 10)
    with shop.database.owner_session() as session:
        session.execute(text("SELECT set_config('app.mirrors_stock', 'on', true)"))
        session.execute(text("UPDATE products SET inventory_qty = 50 WHERE id = :id"), {"id": product})
    assert {kind for kind, _ in shop.divergences()} == {"product", "copy"}
    shop.run("UPDATE products SET inventory_qty = inventory_qty - 2 WHERE id = :id", id=product)
    assert (shop.legacy(), shop.levels()) == ({"A": 8, "A*": 8}, {"A": 8})


def test_variants_deleted_and_made_again_leave_the_products_stock(shop: Shop) -> None:
    shop.stand_at("dual")
    product = shop.add_product("A", 10)
    shop.run("""DELETE FROM product_variants WHERE product_id = :id;
                INSERT INTO product_variants (store_id, product_id, name, sku, options, inventory_qty, updated_at)
                VALUES (:store, :id, 'Red', 'A-red', '{"colour": "red"}', 3, now())""", id=product)
    assert shop.levels() == {"A-red": 3, "A-unassigned": 10}
    shop.run("DELETE FROM product_variants WHERE product_id = :id", id=product)
    assert (shop.levels(), shop.divergences()) == ({"A": 10}, [])
    shop.stand_at("read_new")
    shop.run("DELETE FROM product_variants WHERE product_id = :id", id=product)
    assert shop.legacy() == {"A": 0}
    shop.run("DELETE FROM products")
    assert shop.levels() == {}


def test_a_store_of_our_own_starts_at_done(legacy: Database) -> None:
    fresh, used = Shop.make(legacy), Shop.make(legacy)
    used.add_product("A", 1)
    for shop in (fresh, used):
        shop.run("SELECT start_at_done(:store)")
    other = Shop.make(legacy)
    fresh.run("SELECT start_at_done(:other)", other=other.id)
    with legacy.anonymous_session() as session:
        session.execute(text("SELECT start_at_done(:other)"), {"other": other.id})
    steps = "SELECT capability_step(:store, name) FROM unnest(ARRAY['images', 'inventory', 'i18n']) AS name"
    assert fresh.run(steps) == ["done"] * 3
    # What legacy columns hold must be brought in first, and no store speaks for another.
    assert used.run(steps) == other.run(steps) == ["off"] * 3
    # A program that knows no legacy column: its product, its variant, and the level itself or by the trigger.
    fresh.run("""
        INSERT INTO products (store_id, name, slug, sku, price_amount, images)
          VALUES (:store, 'Lamp', 'lamp', 'L', 999, '[]');
        INSERT INTO product_variants (store_id, product_id, name, sku, options)
          SELECT :store, id, n, n, '{"size": "x"}' FROM products, unnest(ARRAY['L-1', 'L-2']) n;
        INSERT INTO inventory_level (store_id, variant_id, on_hand)
          SELECT :store, id, 8 FROM product_variants WHERE sku = 'L-1';
        INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code)
          SELECT :store, id, 8, 'initial' FROM product_variants WHERE sku = 'L-1'""")
    assert fresh.levels() == {"L-1": 8, "L-2": 0}
    assert (fresh.legacy(), fresh.divergences()) == ({"L": 0, "L-1*": 8, "L-2*": 0}, [])


def test_a_merchants_own_limit_is_no_shortage(shop: Shop) -> None:
    product = shop.add_product("A", 2)
    shop.stand_at("dual")
    shop.backfill()
    shop.run("UPDATE inventory_level SET backorder_limit = 3, reserved = 4")
    read = "SELECT on_hand || ' ' || backorder_limit || ' ' || legacy_shortage FROM inventory_level"
    shop.run("UPDATE products SET inventory_qty = inventory_qty - 2 WHERE id = :id", id=product)
    assert shop.run(read) == ["0 3 1"]
    shop.run("UPDATE products SET inventory_qty = 10 WHERE id = :id", id=product)
    assert shop.run(read) == ["10 3 0"]


def test_a_copy_that_fell_behind_is_written_from_dual_on(shop: Shop) -> None:
    product = shop.add_product("A", 5)
    shop.stand_at("dual")
    shop.backfill()
    shop.run("""SELECT set_config('app.mirrors_stock', 'on', true);
                UPDATE products SET inventory_qty = 9 WHERE id = :id""", id=product)
    assert len(shop.divergences()) == 2
    with shop.database.owner_session() as session:
        session.execute(text("SELECT refresh_legacy_stock(:store)"), {"store": shop.id})
    assert shop.divergences() == []
    assert shop.run("SELECT inventory_qty FROM products") == [5] and shop.levels() == {"A": 5}
