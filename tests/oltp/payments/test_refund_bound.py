"""No line is refunded more often than it was ordered, however many try at once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.db.session import Database
from tests.first_rows import fill

REFUND = """
WITH r AS (INSERT INTO refund (store_id, order_id, currency, amount, status, processed_at)
           SELECT store_id, id, 'USD', 100, 'processed', now() FROM orders RETURNING id, store_id, order_id)
INSERT INTO refund_item (store_id, refund_id, order_id, order_item_id, kind, quantity, amount)
SELECT r.store_id, r.id, r.order_id, i.id, 'item', :quantity, 100 FROM r JOIN order_items i ON i.order_id = r.order_id
"""


def _refund(database: Database, store: UUID, quantity: int = 1) -> bool:
    try:
        with database.session_for(store) as session:
            session.execute(text(REFUND), {"quantity": quantity})
        return True
    except DBAPIError as error:
        assert "order_items_check" in str(error), error
        return False


@pytest.fixture
def ordered(database: Database, store: UUID) -> UUID:
    """A store with one order of five pieces."""
    with database.owner_session() as session:
        fill(session, store)
        session.execute(text("UPDATE order_items SET quantity = 5"))
    return store


@pytest.mark.race
def test_sixteen_at_once_refund_five(database: Database, ordered: UUID) -> None:
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda _: _refund(database, ordered), range(16)))
    assert won.count(True) == 5
    with database.session_for(ordered) as session:
        assert session.scalar(text("SELECT refunded_quantity FROM order_items")) == 5
        assert session.scalar(text("SELECT count(*) FROM refund")) == 5


def test_a_failed_or_deleted_refund_gives_its_units_back(database: Database, ordered: UUID) -> None:
    read = text("SELECT refunded_quantity FROM order_items")
    assert _refund(database, ordered, 4)
    with database.session_for(ordered) as session:
        session.execute(text("UPDATE refund SET status = 'failed', processed_at = NULL"))
        assert session.scalar(read) == 0
        session.execute(text("UPDATE refund SET status = 'processed', processed_at = now()"))
        assert session.scalar(read) == 4
        session.execute(text("DELETE FROM refund"))
        assert session.scalar(read) == 0
        assert session.scalar(text("SELECT count(*) FROM refund_item")) == 0


def test_an_order_with_refunds_can_be_deleted(database: Database, ordered: UUID) -> None:
    assert _refund(database, ordered, 2)
    with database.session_for(ordered) as session:
        session.execute(text("DELETE FROM orders"))
        assert session.scalar(text("SELECT count(*) FROM refund_item")) == 0


def test_a_refund_cannot_fail_while_an_item_is_added(database: Database, ordered: UUID) -> None:
    fail = text("UPDATE refund SET status = 'failed'")
    with database.session_for(ordered) as session:
        session.execute(text("INSERT INTO refund (store_id, order_id, currency, amount) "
                             "SELECT store_id, id, 'USD', 100 FROM orders"))
    with database.session_for(ordered) as adding:
        adding.execute(text("""
            INSERT INTO refund_item (store_id, refund_id, order_id, order_item_id, kind, quantity, amount)
            SELECT r.store_id, r.id, r.order_id, i.id, 'item', 5, 100 FROM refund r
            JOIN order_items i ON i.order_id = r.order_id"""))
        with pytest.raises(DBAPIError, match="lock timeout"), database.session_for(ordered) as failing:
            failing.execute(text("SET LOCAL lock_timeout = '10ms'"))
            failing.execute(fail)
    with database.session_for(ordered) as session:
        session.execute(fail)
        assert session.scalar(text("SELECT refunded_quantity FROM order_items")) == 0
