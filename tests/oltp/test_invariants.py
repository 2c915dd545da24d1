"""The list of invariants: every room's is in it, each runs, and it looks at one store or at all."""

from importlib import import_module
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

import oltp
from oltp.db.session import Database
from oltp.invariants import ROOMS, InvariantUnknown, check_invariant, check_invariants, names
from tests.selling import open_shop

NAME = "inventory.level_is_the_sum_of_its_adjustments"


def test_every_rooms_invariants_are_in_the_list() -> None:
    folder = Path(next(iter(oltp.__path__)))
    rooms = {path.parent.name for path in folder.glob("*/invariants.py")}
    assert set(ROOMS) == rooms
    for room in rooms:
        assert ROOMS[room] == import_module(f"oltp.{room}.invariants").INVARIANTS


def test_all_of_them_hold_in_an_untouched_shop(database: Database) -> None:
    open_shop(database).product(stock=5)
    with database.worker_session() as session:
        findings = check_invariants(session)
    assert [f"{finding.room}.{finding.name}" for finding in findings] == list(names())
    assert [finding for finding in findings if not finding.holds] == []


def _corrupt(database: Database, store: UUID) -> None:
    with database.owner_session() as session:
        session.execute(text("UPDATE inventory_level SET on_hand = on_hand + 1 WHERE store_id = :store"),
                        {"store": store})


def test_an_offender_is_named_and_only_in_its_own_store(database: Database) -> None:
    shop, other = open_shop(database), open_shop(database)
    goods = shop.product(stock=5)
    other.product(stock=5)
    _corrupt(database, shop.store_id)
    with database.worker_session() as session:
        finding = check_invariant(session, name=NAME)
        assert (finding.holds, finding.offender_count) == (False, 1)
        assert finding.offenders[0]["variant_id"] == goods.variant_id
        assert check_invariant(session, name=NAME, store_id=other.store_id).holds
    with database.session_for(other.store_id) as session:
        assert check_invariant(session, name=NAME).holds
    with database.session_for(shop.store_id) as session:
        assert not check_invariant(session, name=NAME).holds


def test_an_unknown_one_is_refused(database: Database) -> None:
    with pytest.raises(InvariantUnknown), database.worker_session() as session:
        check_invariant(session, name="stock.unicorns")
