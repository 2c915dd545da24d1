"""What hangs on a deleted row goes with it, or the deletion says by which key it is refused."""

from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from tests.oltp.rows import fill_platform, fill_store


@pytest.mark.parametrize("table", ["stores", "organizations", "orders", "customers", "collection", "promotion_rule"])
def test_a_row_is_deleted_with_all_that_hangs_on_it(database: Database, store: UUID, table: str) -> None:
    with database.owner_session() as session:
        fill_platform(session)
        fill_store(session, store)
    with database.owner_session() as session:
        session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
