"""Changing stock: level and ledger in one go, conditions, refusals, events, pages, races."""

import threading
from collections.abc import Iterator
from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.inventory.actions import adjust_stock, set_stock
from oltp.inventory.errors import LevelNotFound, NotEnoughStock, StockMoved
from oltp.inventory.invariants import INVARIANTS
from oltp.inventory.queries import LevelFilter, find_level, list_adjustments, list_levels
from oltp.kit.trace import bind_trace, new_trace
from tests.conftest import cloned_database, create_store

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def stocked(shared: Database) -> tuple[Database, UUID, UUID]:
    """A database, a store of our own, and a variant with ten on hand, threshold five."""
    store = create_store(shared, slug=f"stock-{next(_NUMBERS)}")
    with shared.session_for(store) as session:
        session.execute(text("SELECT start_at_done(:store)"), {"store": store})
        variant = add_variant(session, store, "A")
        adjust_stock(session, store_id=store, variant_id=variant, delta=10, reason_code="initial")
    return shared, store, variant


def add_variant(session, store: UUID, sku: str) -> UUID:
    """Insert a product with one variant."""
    return session.scalar(text("""
        WITH p AS (INSERT INTO products (store_id, name, slug, sku, price_amount)
                   VALUES (:store, :sku, :sku, :sku, 100) RETURNING id)
        INSERT INTO product_variants (store_id, product_id, name, sku, options)
        SELECT :store, id, :sku, :sku, '{"size": "one"}' FROM p RETURNING id"""), {"store": store, "sku": sku})


def offenders(database: Database) -> dict[str, int]:
    """Return how many rows break each invariant."""
    with database.owner_session() as session:
        return {name: len(session.execute(text(sql)).all()) for name, sql in INVARIANTS.items()}


NONE = dict.fromkeys(INVARIANTS, 0)


def on_hand(database: Database, store: UUID, variant: UUID) -> int:
    with database.session_for(store) as session:
        level = find_level(session, store_id=store, variant_id=variant)
        assert level is not None
        return level.on_hand


def test_level_ledger_trace_and_events_go_together(stocked: tuple[Database, UUID, UUID]) -> None:
    database, store, variant = stocked
    trace = new_trace("req-7", str(uuid4()))
    with bind_trace(trace), database.session_for(store) as session:
        for delta in (-4, -2, -1):
            adjust_stock(session, store_id=store, variant_id=variant, delta=delta, reason_code="sale",
                         reason_detail="order_created", note="Order 1")
    with database.session_for(store) as session:
        kept = list_adjustments(session, store_id=store, variant_id=variant, limit=10)
        assert [(a.delta, a.reason_code, a.reason_detail, a.note) for a in kept[:3]] == [
            (delta, "sale", "order_created", "Order 1") for delta in (-1, -2, -4)]
        assert {(a.request_id, a.correlation_id) for a in kept[:3]} == {("req-7", trace.correlation_id)}
        events = session.execute(text(
            "SELECT name, payload ->> 'on_hand' FROM domain_event "
            "ORDER BY occurred_at, (payload ->> 'on_hand')::integer DESC, name")).all()
    assert [tuple(event) for event in events] == [
        ("inventory.adjusted", "10"), ("inventory.back_in_stock", "10"), ("inventory.adjusted", "6"),
        ("inventory.adjusted", "4"), ("inventory.low_stock", "4"), ("inventory.adjusted", "3")]
    assert offenders(database) == NONE


def test_refusals_name_what_is_there(stocked: tuple[Database, UUID, UUID]) -> None:
    database, store, variant = stocked
    with pytest.raises(NotEnoughStock, match="10 on hand"), database.session_for(store) as session:
        adjust_stock(session, store_id=store, variant_id=variant, delta=-11, reason_code="sale")
    with pytest.raises(StockMoved, match="is 10 now, not 9"), database.session_for(store) as session:
        adjust_stock(session, store_id=store, variant_id=variant, delta=-1, reason_code="sale", expected_on_hand=9)
    with pytest.raises(StockMoved), database.session_for(store) as session:
        set_stock(session, store_id=store, variant_id=variant, on_hand=3, expected_on_hand=9)
    with pytest.raises(NotEnoughStock, match="cannot change by -11"), database.session_for(store) as session:
        set_stock(session, store_id=store, variant_id=variant, on_hand=-1)
    with pytest.raises(LevelNotFound), database.session_for(store) as session:
        adjust_stock(session, store_id=store, variant_id=uuid4(), delta=1, reason_code="manual")
    assert on_hand(database, store, variant) == 10


def test_counting_sets_the_level_and_says_the_difference(stocked: tuple[Database, UUID, UUID]) -> None:
    database, store, variant = stocked
    with database.session_for(store) as session:
        counted = set_stock(session, store_id=store, variant_id=variant, on_hand=7, expected_on_hand=10)
        assert counted is not None
        assert (counted.delta, counted.reason_code) == (-3, "correction")
        assert set_stock(session, store_id=store, variant_id=variant, on_hand=7) is None
    assert (on_hand(database, store, variant), offenders(database)) == (7, NONE)


def test_reserved_stock_stays_and_untracked_stock_has_no_floor(stocked: tuple[Database, UUID, UUID]) -> None:
    database, store, variant = stocked
    with database.session_for(store) as session:
        session.execute(text("UPDATE inventory_level SET reserved = 4 WHERE variant_id = :id"), {"id": variant})
    with pytest.raises(NotEnoughStock, match="4 reserved"), database.session_for(store) as session:
        adjust_stock(session, store_id=store, variant_id=variant, delta=-7, reason_code="sale")
    with database.session_for(store) as session:
        session.execute(text("UPDATE inventory_level SET reserved = 0 WHERE variant_id = :id"), {"id": variant})
        session.execute(text("UPDATE products SET track_inventory = false"))
        adjust_stock(session, store_id=store, variant_id=variant, delta=-70, reason_code="sale")
    assert on_hand(database, store, variant) == -60


def test_pages_by_keyset(stocked: tuple[Database, UUID, UUID]) -> None:
    database, store, variant = stocked
    with database.session_for(store) as session:
        for sku in ("B", "C", "D"):
            adjust_stock(session, store_id=store, variant_id=add_variant(session, store, sku), delta=1,
                         reason_code="initial")
        for _ in range(4):
            adjust_stock(session, store_id=store, variant_id=variant, delta=1, reason_code="manual")
    with database.session_for(store) as session:
        first = list_levels(session, store_id=store, limit=3)
        rest = list_levels(session, store_id=store, limit=3, after=first[-1].variant_id)
        assert [level.sku for level in first + rest] == ["A", "B", "C", "D"]
        low = list_levels(session, store_id=store, limit=9, wanted=LevelFilter(is_low=True))
        assert [level.sku for level in low] == ["B", "C", "D"]
        newest = list_adjustments(session, store_id=store, variant_id=variant, limit=3)
        place = (newest[-1].created_at, newest[-1].id)
        older = list_adjustments(session, store_id=store, variant_id=variant, limit=3, before=place)
        assert [row.delta for row in newest + older] == [1, 1, 1, 1, 10]
        assert len({row.id for row in newest + older}) == 5


@pytest.mark.race
def test_of_many_with_one_expectation_one_wins(stocked: tuple[Database, UUID, UUID]) -> None:
    database, store, variant = stocked
    outcomes: list[str] = []

    def take() -> None:
        try:
            with database.session_for(store) as session:
                adjust_stock(session, store_id=store, variant_id=variant, delta=-1, reason_code="sale",
                             expected_on_hand=10)
            outcomes.append("taken")
        except StockMoved as refusal:
            outcomes.append(str(refusal.facts["on_hand"]))

    workers = [threading.Thread(target=take) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(outcomes) == ["9"] * 7 + ["taken"]
    assert (on_hand(database, store, variant), offenders(database)) == (9, NONE)
