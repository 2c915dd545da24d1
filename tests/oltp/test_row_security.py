"""No tenant sees another: walked over pg_class, so that a table added without row-level security fails here."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.db.session import Database

# Tables that belong to nobody's store. Everything else must name its store, or be reachable by user only.
PLATFORM = {"alembic_version", "currency_rate", "embedding_model", "request_timing"}
BY_USER = {"users", "accounts", "sessions", "memberships", "organizations", "verification_tokens", "stores"}

TABLES = """
SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       c.relispartition AS is_partition,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'store_id') AS has_store,
       ARRAY(SELECT DISTINCT g.grantee::regrole::text FROM aclexplode(c.relacl) g
             WHERE g.grantee <> c.relowner) AS grantees
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""


def test_every_tenant_table_forces_row_security(database: Database) -> None:
    with database.owner_session() as session:
        tables = session.execute(text(TABLES)).mappings().all()
    assert len(tables) > 60
    for table in tables:
        if table["name"] in PLATFORM:
            continue
        assert table["enabled"] and table["forced"], f"{table['name']}: row-level security is not forced"
        assert table["has_store"] or table["name"] in BY_USER, f"{table['name']}: no store_id"


def test_nobody_but_the_owner_reaches_a_partition(database: Database) -> None:
    with database.owner_session() as session:
        tables = session.execute(text(TABLES)).mappings().all()
    partitions = [table for table in tables if table["is_partition"]]
    assert len(partitions) >= 25 + 8
    assert [table["name"] for table in partitions if table["grantees"]] == []


def test_only_listed_functions_run_before_a_tenant_is_known(database: Database) -> None:
    with database.owner_session() as session:
        names = set(session.scalars(text(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")))
    assert names == {"find_token", "find_session_user", "stores_of_user", "redeem_sign_in", "end_session",
                     "store_by_slug", "write_tombstone", "ensure_event_partitions", "permissions_of_user",
                     "role_permission_same_store", "start_at_done"}


def _tenant_tables(database: Database) -> list[str]:
    with database.owner_session() as session:
        tables = session.execute(text(TABLES)).mappings().all()
    return [table["name"] for table in tables if table["has_store"] and not table["is_partition"]
            and table["name"] not in PLATFORM]


def test_another_store_touches_no_row(database: Database, store: UUID, other_store: UUID) -> None:
    with database.owner_session() as session:
        fill(session, store)
    for table in _tenant_tables(database):
        with database.owner_session() as session:
            rows = session.scalar(text(f"SELECT count(*) FROM {table} WHERE store_id = :store"), {"store": store})
        with database.session_for(other_store) as session:
            seen = session.scalar(text(f"SELECT count(*) FROM {table} WHERE store_id = :store"), {"store": store})
            assert seen == 0, table
        for statement in (f"UPDATE {table} SET store_id = store_id WHERE store_id = :store",
                          f"DELETE FROM {table} WHERE store_id = :store"):
            assert _rows_touched(database, other_store, statement, store) == 0, (table, statement)
        with database.owner_session() as session:
            after = session.scalar(text(f"SELECT count(*) FROM {table} WHERE store_id = :store"), {"store": store})
        assert after == rows, table


def _rows_touched(database: Database, as_store: UUID, statement: str, store: UUID) -> int:
    try:
        with database.session_for(as_store) as session:
            result = session.execute(text(statement), {"store": store})
            return int(getattr(result, "rowcount", 0))
    except DBAPIError as error:
        assert "permission denied" in str(error), error
        return 0


def test_inserting_for_another_store_is_refused(database: Database, store: UUID, other_store: UUID) -> None:
    with pytest.raises(DBAPIError, match="row-level security"), database.session_for(other_store) as session:
        session.execute(text("INSERT INTO brands (store_id, name, slug) VALUES (:store, 'x', 'x')"),
                        {"store": store})


def test_without_a_store_nothing_is_seen(database: Database, store: UUID) -> None:
    with database.owner_session() as session:
        fill(session, store)
    with database.anonymous_session() as session:
        assert session.scalar(text("SELECT count(*) FROM products")) == 0
        assert session.scalar(text("SELECT count(*) FROM stores")) == 0
        assert session.scalar(text("SELECT count(*) FROM users")) == 0


def fill(session: object, store: UUID) -> None:
    """Put a row into the tenant tables a shop starts with."""
    execute = session.execute  # type: ignore[attr-defined]
    execute(text("""
        WITH p AS (INSERT INTO products (store_id, name, slug, sku, images, price_amount, currency)
                   VALUES (:store, 'Lamp', 'lamp', 'L1', '[]', 1999, 'USD') RETURNING id),
             c AS (INSERT INTO customers (store_id, email, first_name, last_name, total_spent_amount,
                                          average_order_amount, currency)
                   VALUES (:store, 'a@example.test', 'A', 'B', 0, 0, 'USD') RETURNING id),
             o AS (INSERT INTO orders (store_id, customer_id, order_number, order_subtotal_amount,
                     order_discount_amount, order_shipping_amount, order_tax_amount, order_total_amount, currency)
                   SELECT :store, NULL, 'ORD-1', 1999, 0, 0, 0, 1999, 'USD' RETURNING id)
        INSERT INTO order_items (store_id, order_id, product_name, sku, quantity, unit_price_amount,
            line_subtotal_amount, line_discount_amount, line_tax_amount, line_total_amount, currency)
        SELECT :store, o.id, 'Lamp', 'L1', 1, 1999, 1999, 0, 0, 1999, 'USD' FROM o"""), {"store": store})
    execute(text("""
        INSERT INTO domain_event (store_id, name, entity_type, entity_id)
        SELECT store_id, 'order.placed', 'order', id FROM orders WHERE store_id = :store"""), {"store": store})
    execute(text("""
        WITH b AS (INSERT INTO ingest_batch (store_id, received_count, accepted_count, rejected_count,
                     duplicate_count, quarantined_count, unconsented_count, byte_count)
                   VALUES (:store, 1, 1, 0, 0, 0, 0, 10) RETURNING id)
        INSERT INTO analytics_event (store_id, event_id, occurred_at, corrected_at, name, ingest_batch_id)
        SELECT :store, uuidv7(), now(), now(), 'page_view', b.id FROM b"""), {"store": store})
