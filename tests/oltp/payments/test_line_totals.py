"""Parcels and returns of a line are counted on it, whatever becomes of the parcel beside the clerk who fills it."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.db.session import Database
from tests.first_rows import fill

# (parent, its items, the items' key to it, the total on the line, the status that counts nothing)
TOTALS = [
    ("fulfillment", "fulfillment_item", "fulfillment_id", "fulfilled_quantity", "canceled"),
    ("return_request", "return_item", "return_request_id", "returned_quantity", "rejected"),
]


@pytest.mark.parametrize(("parent", "item", "key", "total", "void"), TOTALS)
def test_totals_follow_items_and_bound_them(
    database: Database, store: UUID, parent: str, item: str, key: str, total: str, void: str
) -> None:
    read = text(f"SELECT {total} FROM order_items")
    add = text(f"""INSERT INTO {item} (store_id, {key}, order_id, order_item_id, quantity)
                   SELECT p.store_id, p.id, p.order_id, i.id, :quantity FROM {parent} p
                   JOIN order_items i ON i.order_id = p.order_id""")
    turn = text(f"UPDATE {parent} SET status = :status")
    with database.owner_session() as session:
        fill(session, store)
        session.execute(text("UPDATE order_items SET quantity = 5"))
        if total == "returned_quantity":
            session.execute(text("UPDATE order_items SET fulfilled_quantity = 5"))
        session.execute(text(f"INSERT INTO {parent} (store_id, order_id) SELECT store_id, id FROM orders"))
    with database.session_for(store) as adding:
        adding.execute(add, {"quantity": 4})
        # Whoever cancels counts the items he sees: he waits for this one.
        with pytest.raises(DBAPIError, match="lock timeout"), database.session_for(store) as other:
            other.execute(text("SET LOCAL lock_timeout = '10ms'"))
            other.execute(turn, {"status": void})
    with database.session_for(store) as session:
        assert session.scalar(read) == 4
        session.execute(text(f"UPDATE {item} SET quantity = 3"))
        assert session.scalar(read) == 3
        session.execute(turn, {"status": void})
        assert session.scalar(read) == 0
        session.execute(text(f"INSERT INTO {parent} (store_id, order_id) SELECT store_id, id FROM orders"))
        session.execute(text(f"DELETE FROM {item}"))
        assert session.scalar(read) == 0
        session.execute(text(f"DELETE FROM {parent} WHERE status = '{void}'"))
        session.execute(add, {"quantity": 3})
        assert session.scalar(read) == 3
    refusal = f"order_items_{total.removesuffix('_quantity')}_check"
    with pytest.raises(DBAPIError, match=refusal), database.session_for(store) as session:
        session.execute(text(f"UPDATE {item} SET quantity = 6"))
    with database.session_for(store) as session:
        session.execute(text(f"DELETE FROM {parent}"))
        assert session.scalar(read) == 0
        assert session.scalar(text(f"SELECT count(*) FROM {item}")) == 0
