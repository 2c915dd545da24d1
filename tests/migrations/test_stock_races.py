"""Legacy programs, new ones and a backfill on the same stock at once: nobody sees an error, nothing is lost."""

import os
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.inventory.actions import adjust_stock
from oltp.inventory.invariants import INVARIANTS
from tests.conftest import cloned_database
from tests.migrations.stock import Shop

ROUNDS = 1000 if os.environ.get("STORMCOM_TEST_SCALE") == "full" else 20


@pytest.fixture(scope="module")
def legacy(server_url: str, adopted_template: str) -> Iterator[Database]:
    with cloned_database(server_url, adopted_template) as database:
        yield database


def at_once(*programs: Callable[[], None]) -> list[str]:
    """Run every program in a thread of its own, all starting together; return their errors."""
    errors: list[str] = []
    start = threading.Barrier(len(programs))

    def run(program: Callable[[], None]) -> None:
        start.wait()
        try:
            program()
        except Exception as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=run, args=(program,)) for program in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def repeated(shop: Shop, statement: str, **values: Any) -> Callable[[], None]:
    """A legacy program that runs the statement again and again, a transaction each."""
    return lambda: [shop.run(statement, **values) for _ in range(ROUNDS)] and None


def broken(shop: Shop) -> list[str]:
    """Invariants that a row of the store breaks; reservations are not made here."""
    with shop.database.owner_session() as session:
        return [name for name, sql in INVARIANTS.items() for row in session.execute(text(sql))
                if row.store_id == shop.id]


def test_legacy_and_new_writers_on_one_product(legacy: Database) -> None:
    shop = Shop.make(legacy, "dual")
    shop.add_product("A", 100_000)
    shop.add_product_with_variants("B", 100_000, 100_000)
    ids = dict(zip(*[shop.run(f"SELECT {column} FROM product_variants ORDER BY sku") for column in ("sku", "id")],
                   strict=True))

    def sell(sku: str) -> Callable[[], None]:
        def program() -> None:
            for _ in range(ROUNDS):
                with legacy.session_for(shop.id) as session:
                    adjust_stock(session, store_id=shop.id, variant_id=ids[sku], delta=-1, reason_code="sale")
        return program

    sold = "UPDATE products SET inventory_qty = inventory_qty - 1 WHERE sku = :sku"
    of_variant = "UPDATE product_variants SET inventory_qty = inventory_qty - 1 WHERE sku = :sku"
    errors = at_once(
        repeated(shop, sold, sku="A"), repeated(shop, sold, sku="A"), sell("A"), sell("A"),
        repeated(shop, of_variant, sku="A"), repeated(shop, of_variant, sku="B-1"), sell("B-1"), sell("B-unassigned"),
        repeated(shop, sold, sku="B"))
    assert errors == []
    assert shop.levels() == {
        "A": 100_000 - 5 * ROUNDS, "B-1": 100_000 - 2 * ROUNDS, "B-unassigned": 100_000 - 2 * ROUNDS}
    assert (shop.divergences(), broken(shop)) == ([], [])


def test_a_backfill_beside_legacy_writers(legacy: Database) -> None:
    """Orders of several lines in any order, an editor of names, and batches over all of it, again and again."""
    shop = Shop.make(legacy)
    skus = [f"P{place:02}" for place in range(24)]
    for sku in skus[::2]:
        shop.add_product(sku, 1000)
    for sku in skus[1::2]:
        shop.log(shop.add_product_with_variants(sku, 500, 1000, 1000), (510, -5, "Sale"))
    shop.stand_at("shadow")
    dice = random.Random(7)
    orders = [[sorted(dice.sample(skus, 3)) for _ in range(ROUNDS)] for _ in range(2)]

    def order(lines: list[list[str]]) -> Callable[[], None]:
        return lambda: [shop.run("""
            UPDATE products SET inventory_qty = inventory_qty - 1 WHERE sku = :a;
            UPDATE product_variants SET inventory_qty = inventory_qty - 2 WHERE sku = :b || '-1';
            UPDATE products SET inventory_qty = inventory_qty - 1, inventory_status = 'LOW_STOCK' WHERE sku = :c""",
            a=a, b=b, c=c) for a, b, c in lines] and None

    def backfill() -> None:
        for _ in range(max(3, ROUNDS // 20)):
            shop.backfill(size=7)

    before = shop.legacy()
    # One row a transaction: a statement over several takes them in an order of its own, and orders would meet it in a
    # deadlock without any mirror.
    rename = "UPDATE products SET name = name || '.' WHERE sku = :sku"
    errors = at_once(order(orders[0]), order(orders[1]), backfill, backfill,
                     repeated(shop, rename, sku="P03"), repeated(shop, rename, sku="P10"))
    assert errors == []
    shop.backfill()
    assert (shop.divergences(), broken(shop)) == ([], [])
    sold = dict.fromkeys(before, 0)
    for a, b, c in orders[0] + orders[1]:
        sold[a] += 1
        sold[c] += 1
        if f"{b}-1*" in sold:
            sold[f"{b}-1*"] += 2
    after = shop.legacy()
    assert {sku: before[sku] - after[sku] for sku in before if not _is_default(sku, before)} == {
        sku: sold[sku] for sku in before if not _is_default(sku, before)}
    # What legacy lost since then and what the ledger says is the same, so nothing was brought in twice.
    assert shop.levels() == {sku[:-1]: held for sku, held in after.items() if sku.endswith("*")}


def _is_default(sku: str, legacy: dict[str, int]) -> bool:
    """A default variant's column follows its product's, so it is counted there."""
    return sku.endswith("*") and sku[:-1] in legacy


def test_a_backfill_waits_for_nobody_while_it_holds_products(legacy: Database) -> None:
    shop = Shop.make(legacy)
    ids = sorted([shop.add_product(sku, 5) for sku in ("A", "B", "C", "D")])
    shop.stand_at("shadow")
    with legacy.session_for(shop.id) as other:
        other.execute(text("UPDATE products SET name = 'held' WHERE id = :id"), {"id": ids[2]})
        assert _batch(shop, None) == (ids[1], 2)
        # The next batch begins with the row that is held: it waits for it, and holds nothing else.
        waiting = threading.Thread(target=_batch, args=(shop, ids[1]))
        waiting.start()
        other.execute(text("UPDATE products SET inventory_qty = 1 WHERE id = ANY (:ids)"), {"ids": ids})
    waiting.join()
    assert _batch(shop, ids[1]) == (ids[3], 2)
    assert (shop.divergences(), broken(shop)) == ([], [])


def _batch(shop: Shop, after: UUID | None) -> tuple[UUID, int]:
    with shop.database.owner_session() as session:
        row = session.execute(text("SELECT last_id, row_count FROM backfill_inventory(:store, :after, 100)"),
                              {"store": shop.id, "after": after}).one()
    return row.last_id, row.row_count


def test_a_backfill_that_dies_goes_on_where_it_was(legacy: Database) -> None:
    shop = Shop.make(legacy)
    for place in range(6):
        shop.log(shop.add_product(f"P{place}", 10), (12, -1, "Sale"))
    shop.stand_at("shadow")
    last, _ = _first_batch(shop)
    with pytest.raises(KeyError), legacy.owner_session() as session:
        session.execute(text("SELECT * FROM backfill_inventory(:store, :after, 2)"), {"store": shop.id, "after": last})
        raise KeyError
    assert len(shop.levels()) == 2
    report = shop.backfill(size=4)
    assert (report["levels"], report["replayed"], report["drift"]) == (4, 4, 4)
    assert (shop.divergences(), broken(shop)) == ([], [])


def _first_batch(shop: Shop) -> tuple[UUID, int]:
    with shop.database.owner_session() as session:
        row = session.execute(text("SELECT last_id, row_count FROM backfill_inventory(:store, NULL, 2)"),
                              {"store": shop.id}).one()
    return row.last_id, row.row_count


def test_a_row_that_somebody_holds_costs_a_moment_and_no_error(legacy: Database) -> None:
    """Against the order of locks nobody is waited for without end: the level is right, the copy is named."""
    shop = Shop.make(legacy, "dual")
    product = shop.add_product("A", 10)
    with legacy.session_for(shop.id) as other:
        other.execute(text("UPDATE products SET name = 'held' WHERE id = :id"), {"id": product})
        shop.run("UPDATE product_variants SET inventory_qty = 8")
        assert shop.divergences() == [("product", {"legacy": 10, "new": 8}), ("copy", {"product": 10, "variant": 8})]
    shop.run("UPDATE products SET inventory_qty = inventory_qty - 1")
    assert (shop.levels(), shop.legacy()) == ({"A": 7}, {"A": 7, "A*": 7})
    with legacy.session_for(shop.id) as other:
        other.execute(text("UPDATE product_variants SET name = 'held'"))
        shop.run("UPDATE products SET inventory_qty = 5")
        assert shop.divergences() == [("copy", {"product": 5, "variant": 7})]
    assert shop.backfill()["default_differed"] == 2
    assert (shop.levels(), shop.divergences()) == ({"A": 5}, [])
