"""What is deleted with a product comes back with it, to the microsecond."""

from uuid import UUID

from sqlalchemy import text

from oltp.db.session import Database
from tests.first_rows import fill


def test_variants_come_back_with_their_product(database: Database, store: UUID) -> None:
    with database.owner_session() as session:
        fill(session, store)
    live = text("SELECT count(*) FROM product_variants WHERE deleted_at IS NULL")
    with database.session_for(store) as session:
        session.execute(text("UPDATE products SET deleted_at = timestamptz '2026-03-04 10:00:00.123456Z'"))
        assert session.scalar(live) == 0
        session.execute(text("UPDATE products SET deleted_at = NULL"))
        assert session.scalar(live) == 1
