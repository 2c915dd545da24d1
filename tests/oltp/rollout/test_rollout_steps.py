"""A legacy store through every step and back, with a legacy writer at work; refusals; a backfill that dies."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.db.session import Database
from oltp.events.actions import ingest
from oltp.events.errors import CaptureOff
from oltp.kit.clock import FixedClock
from oltp.rollout.actions import advance, check_parity, rollback
from oltp.rollout.errors import (
    NotConserved,
    NothingToAdvance,
    NotInOrder,
    NotSoaked,
    StillDivergent,
    WritersStillOpen,
)
from oltp.rollout.queries import get_standing
from oltp.rollout.rules import plan_moves
from oltp.rollout.states import CAPABILITIES, Capability, Step
from tests.conftest import create_store

# What a legacy program writes: floats, JSON as text, stock on the product, discounts in the header.
SHOP = """
INSERT INTO products (store_id, name, slug, sku, price, compare_at_price, images, inventory_qty, status)
  SELECT :store, 'Product ' || i, 'product-' || i, 'SKU' || i, i + 0.99, CASE WHEN i % 3 = 0 THEN i + 5.5 END,
         CASE i % 4 WHEN 0 THEN '["https://a.test/1.jpg", "https://a.test/2.jpg"]' WHEN 1 THEN 'https://a.test/x.jpg'
           WHEN 2 THEN '[]' ELSE '{not json' END, i % 7, 'ACTIVE' FROM generate_series(1, 30) i;
INSERT INTO product_variants (store_id, product_id, name, sku, options, price, inventory_qty)
  SELECT store_id, id, 'Large', sku || '-L', '{"size": "L"}', price + 2, 3 FROM products WHERE right(sku, 1) = '5';
INSERT INTO inventory_logs (store_id, product_id, previous_qty, new_qty, change_qty, reason)
  SELECT store_id, id, 10, 8, -2, 'Sale' FROM products WHERE right(sku, 1) = '3';
INSERT INTO orders (store_id, order_number, subtotal, discount_amount, total_amount, discount_code)
  SELECT :store, 'ORD-' || i, 20, CASE WHEN i % 2 = 0 THEN 2.5 ELSE 0 END, CASE WHEN i % 2 = 0 THEN 17.5 ELSE 20 END,
         CASE WHEN i % 4 = 0 THEN 'SAVE' END FROM generate_series(1, 12) i;
"""
LEGACY = """
SELECT sku, price, compare_at_price, images, inventory_qty FROM products WHERE store_id = :store ORDER BY sku"""
NEW_TABLES = ("product_image", "product_price", "inventory_level", "inventory_adjustment", "applied_promotion")
NO_SOAK = timedelta(0)


@pytest.fixture
def shop(adopted_database: Database) -> UUID:
    """A store of legacy rows, every capability off."""
    store = create_store(adopted_database, slug="legacy")
    with adopted_database.owner_session() as session:
        for statement in SHOP.split(";\n"):
            if statement.strip():
                session.execute(text(statement), {"store": store})
    return store


@pytest.fixture
def step(adopted_database: Database, shop: UUID, clock: FixedClock) -> Callable[..., Any]:
    """A function that advances one capability by one step."""
    return lambda name, **more: advance(
        adopted_database, store_id=shop, capability=name, clock=clock, **{"soak": NO_SOAK, "batch": 7, **more})


def standing(database: Database, store: UUID) -> dict[Capability, Step]:
    with database.owner_session() as session:
        return {name: state.step for name, state in get_standing(session, store_id=store).items()}


def walk(step: Callable[..., Any], database: Database, store: UUID, target: Step, *, names=CAPABILITIES) -> None:
    for name in plan_moves(standing(database, store), names, target=target, forward=True):
        step(name)


def capture(database: Database, store: UUID, *, accepted: int, stored: int) -> None:
    """Record a batch of events of which some are stored."""
    with database.owner_session() as session:
        batch = session.scalar(text("""
            INSERT INTO ingest_batch (store_id, received_at, received_count, accepted_count, rejected_count,
              duplicate_count, quarantined_count, unconsented_count, byte_count)
            VALUES (:store, '2026-11-24 13:00Z', :n, :n, 0, 0, 0, 0, 1) RETURNING id"""),
            {"store": store, "n": accepted})
        session.execute(text("""
            INSERT INTO analytics_event (store_id, event_id, occurred_at, corrected_at, received_at, name,
                                         ingest_batch_id)
            SELECT :store, uuidv7(), '2026-11-24 13:00Z', '2026-11-24 13:00Z', '2026-11-24 13:00Z', 'page_view', :batch
            FROM generate_series(1, :n)"""), {"store": store, "batch": batch, "n": stored})


def counts(database: Database, store: UUID) -> dict[str, int]:
    with database.owner_session() as session:
        return {table: int(session.scalar(text(f"SELECT count(*) FROM {table} WHERE store_id = :store"),
                                          {"store": store}) or 0) for table in NEW_TABLES}


def test_all_the_way_and_back_beside_a_legacy_writer(
    adopted_database: Database, shop: UUID, step: Callable[..., Any], clock: FixedClock
) -> None:
    failures: list[BaseException] = []
    ended = threading.Event()

    def write() -> None:
        turn = 0
        try:
            while not ended.is_set():
                turn += 1
                with adopted_database.owner_session() as session:
                    session.execute(text("""
                        UPDATE products SET price = :price, inventory_qty = inventory_qty - 1, images = :images
                        WHERE store_id = :store AND sku = :sku"""), {
                            "store": shop, "sku": f"SKU{1 + turn % 30}", "price": turn % 50 + 0.49,
                            "images": f'["https://a.test/{turn}.jpg"]'})
        except BaseException as failure:  # the test must hear of it
            failures.append(failure)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        walk(step, adopted_database, shop, "shadow")
        capture(adopted_database, shop, accepted=10_000, stored=10_000)
        walk(step, adopted_database, shop, "done")
    finally:
        ended.set()
        writer.join()
    assert failures == []
    assert set(standing(adopted_database, shop).values()) == {"done"}
    for name in CAPABILITIES:
        assert check_parity(adopted_database, store_id=shop, capability=name, clock=clock).examples == (), name
    with adopted_database.owner_session() as session:
        legacy = session.execute(text(LEGACY), {"store": shop}).all()
    before = counts(adopted_database, shop)
    for name in plan_moves(standing(adopted_database, shop), CAPABILITIES[::-1], target="off", forward=False):
        rollback(adopted_database, store_id=shop, capability=name, clock=clock)
    assert set(standing(adopted_database, shop).values()) == {"off"}
    assert counts(adopted_database, shop) == before
    with adopted_database.owner_session() as session:
        assert session.execute(text(LEGACY), {"store": shop}).all() == legacy
        audited = session.execute(text("""
            SELECT action, count(*) FROM audit_logs
            WHERE store_id = :store AND entity_type = 'capability' GROUP BY 1"""), {"store": shop}).all()
    assert {row[0]: row[1] for row in audited} == {"capability.advanced": 28, "capability.rolled_back": 28}


def test_a_divergence_stops_the_advance_and_moves_nothing(
    adopted_database: Database, shop: UUID, step: Callable[..., Any]
) -> None:
    step("images")
    with adopted_database.owner_session() as session:
        session.execute(text("DELETE FROM product_image WHERE ctid = (SELECT min(ctid) FROM product_image)"))
    with pytest.raises(StillDivergent, match="images has 1 divergences"):
        step("images")
    assert standing(adopted_database, shop)["images"] == "shadow"
    with adopted_database.owner_session() as session:
        assert get_standing(session, store_id=shop)["images"].divergence_count == 1
    # At shadow legacy leads: what the new side lost can be filled in again.
    assert step("images", refill=True).after == "dual"


def test_the_order_is_kept_by_the_rule_and_by_the_database(
    adopted_database: Database, shop: UUID, step: Callable[..., Any], clock: FixedClock
) -> None:
    with pytest.raises(NotInOrder, match="pricing cannot stand at shadow while images stands at off"):
        step("pricing")
    with pytest.raises(DBAPIError, match="cannot stand at shadow"), adopted_database.owner_session() as session:
        session.execute(text("INSERT INTO capability_state (store_id, capability, step) "
                             "VALUES (:store, 'pricing', 'shadow')"), {"store": shop})
    step("images")
    step("pricing")
    with pytest.raises(NotInOrder, match="while pricing stands at shadow"):
        rollback(adopted_database, store_id=shop, capability="images", clock=clock)


def test_a_backfill_that_dies_goes_on(adopted_database: Database, shop: UUID, step: Callable[..., Any]) -> None:
    class Died(Exception):
        pass

    def die(done: int, _: int) -> None:
        if done >= 14:
            raise Died

    with pytest.raises(Died):
        step("images", progress=die)
    assert standing(adopted_database, shop)["images"] == "shadow"
    moved = step("images")
    assert (moved.before, moved.after, moved.divergence.count) == ("shadow", "dual", 0)


def test_a_row_that_was_held_is_brought_in_by_the_next_run(
    adopted_database: Database, shop: UUID, step: Callable[..., Any]
) -> None:
    with ExitStack() as open_writers:
        writers: list[Any] = []

        def hold(done: int, total: int) -> None:
            if not writers:
                writers.append(open_writers.enter_context(adopted_database.session_for(shop)))
                writers[0].execute(text("UPDATE products SET name = 'held' WHERE sku = 'SKU29'"))

        assert step("images", progress=hold).divergence.count == 1
    assert step("images").after == "dual"


def test_from_dual_on_nothing_is_filled_from_the_legacy_side(
    adopted_database: Database, shop: UUID, step: Callable[..., Any]
) -> None:
    walk(step, adopted_database, shop, "dual", names=CAPABILITIES[:3])
    for name in ("images", "pricing"):
        step(name)
    with adopted_database.owner_session() as session:
        session.execute(text("UPDATE capability_state SET report = '{}'"))
        session.execute(text("SELECT set_config('app.mirrors_stock', 'on', true)"))
        session.execute(text("UPDATE products SET inventory_qty = 99 WHERE sku = 'SKU1'"))
    # The stale legacy figure follows the level, not the other way round.
    assert step("inventory").divergence.count == 0
    with adopted_database.owner_session() as session:
        levels = session.scalars(text("SELECT on_hand FROM inventory_level")).all()
        legacy = session.scalar(text("SELECT inventory_qty FROM products WHERE sku = 'SKU1'"))
    assert 99 not in levels and legacy == 1


def test_progress_is_told(step: Callable[..., Any]) -> None:
    told: list[tuple[int, int]] = []
    step("images", progress=lambda done, total: told.append((done, total)))
    first = told[: told.index((30, 30)) + 1]
    assert first[0] == (7, 30) and first == sorted(set(first))


def test_an_older_writer_is_waited_for(adopted_database: Database, shop: UUID, step: Callable[..., Any]) -> None:
    with adopted_database.owner_session() as session:
        session.execute(text("UPDATE products SET name = name WHERE store_id = :store"), {"store": shop})
        with pytest.raises(WritersStillOpen, match="still open after 0 s"):
            step("images", patience=0.1)
        # Not by asking once more either: what he is still writing is in no backfill.
        with pytest.raises(WritersStillOpen):
            step("images", patience=0.1)
    assert standing(adopted_database, shop)["images"] == "shadow"
    assert step("images").after == "dual"


@pytest.mark.parametrize(("stored", "fine"), [(9_999, True), (9_998, False)])
def test_events_are_conserved(
    adopted_database: Database, shop: UUID, step: Callable[..., Any], stored: int, fine: bool
) -> None:
    walk(step, adopted_database, shop, "dual", names=CAPABILITIES[:5])
    step("events")
    with pytest.raises(NotConserved, match="Of 0 accepted events 0 are stored"):
        step("events")
    capture(adopted_database, shop, accepted=10_000, stored=stored)
    if fine:
        assert step("events").after == "dual"
    else:
        with pytest.raises(NotConserved, match="Of 10000 accepted events 9998 are stored"):
            step("events")


def test_done_needs_a_soak(adopted_database: Database, shop: UUID, step: Callable[..., Any], clock: FixedClock) -> None:
    for _ in range(3):
        step("images")
    with pytest.raises(NotSoaked, match="14 days"):
        step("images", soak=timedelta(days=14))
    clock.advance(timedelta(days=14))
    assert step("images", soak=timedelta(days=14)).after == "done"
    with pytest.raises(NothingToAdvance):
        step("images")


def test_every_discount_has_a_row(adopted_database: Database, shop: UUID, step: Callable[..., Any]) -> None:
    walk(step, adopted_database, shop, "shadow", names=CAPABILITIES[:4])
    with adopted_database.owner_session() as session:
        session.execute(text("""
            INSERT INTO orders (store_id, order_number, subtotal, discount_amount, total_amount, discount_code)
            VALUES (:store, 'NEW', 20, 1.25, 18.75, 'NEW'), (:store, 'PLAIN', 20, 0, 20, NULL)"""), {"store": shop})
        session.execute(text("""
            UPDATE orders SET discount_amount = 3
            WHERE store_id = :store AND order_number = 'ORD-2'"""), {"store": shop})
    with adopted_database.owner_session() as session:
        rows = session.execute(text("""
            SELECT o.order_number, a.name, a.amount FROM applied_promotion a JOIN orders o ON o.id = a.order_id
            WHERE a.store_id = :store ORDER BY 1"""), {"store": shop}).all()
    assert [tuple(row) for row in rows] == [("NEW", "NEW", 125), ("ORD-10", "Discount", 250), ("ORD-12", "SAVE", 250),
                    ("ORD-2", "Discount", 300), ("ORD-4", "SAVE", 250), ("ORD-6", "Discount", 250),
                    ("ORD-8", "SAVE", 250)]


def test_nothing_is_captured_before_shadow(adopted_database: Database, shop: UUID, clock: FixedClock) -> None:
    with pytest.raises(CaptureOff, match="does not capture events yet"), adopted_database.session_for(shop) as session:
        ingest(session, store_id=shop, events=[{}], sent_at=None, byte_count=2, now=clock.now())
