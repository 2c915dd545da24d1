"""No tenant sees another: walked over pg_class, so that a table added without row-level security fails here."""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from oltp.db.session import Database
from tests.conftest import cloned_database, create_store
from tests.oltp.rows import fill_platform, fill_store, id_of

# Tables that belong to nobody's store. Everything else must name its store, or be reachable by user only.
PLATFORM = {"alembic_version", "currency_rate", "embedding_model", "request_timing"}
# Which rows are those of the store's people.
BY_USER = {
    "users": "id = :user", "accounts": "user_id = :user", "sessions": "user_id = :user",
    "memberships": "user_id = :user", "verification_tokens": "true", "stores": "id = :store",
    "organizations": "id = (SELECT organization_id FROM stores WHERE id = :store)",
}
# Rows without a store come with the platform: read by everybody, written by nobody.
BUILT_IN = ("permission", "role_permission")
# Rows of the machinery itself, which no store may see.
OF_NO_STORE = (
    "INSERT INTO audit_logs (action, entity_type, entity_id) VALUES ('test', 'test', '1')",
    "INSERT INTO job_descriptor (job_id, task, queue, status) VALUES (1, 'test', 'test', 'queued')",
)

TABLES = """
SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       c.relispartition AS is_partition,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'store_id') AS has_store,
       ARRAY(SELECT DISTINCT g.grantee::regrole::text FROM aclexplode(c.relacl) g
             WHERE g.grantee <> c.relowner) AS grantees
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


class Shops(NamedTuple):
    """A database with two stores, a row of each in every table."""

    database: Database
    store: UUID
    other: UUID


@pytest.fixture(scope="module")
def shops(server_url: str, template: str) -> Iterator[Shops]:
    with cloned_database(server_url, template) as database:
        store = create_store(database, slug="demo")
        other = create_store(database, slug="other", currency="EUR", timezone="Europe/Berlin")
        with database.owner_session() as session:
            fill_platform(session)
            fill_store(session, store)
            fill_store(session, other)
            for statement in OF_NO_STORE:
                session.execute(text(statement))
        yield Shops(database, store, other)


def complaints(session: Session) -> list[str]:
    """Say what pg_class shows that would let one store reach another."""
    found = []
    for table in session.execute(text(TABLES)).mappings():
        name = table["name"]
        if table["is_partition"] and table["grantees"]:
            found.append(f"{name}: a partition is granted to {table['grantees']}")
        if name in PLATFORM:
            continue
        if not (table["enabled"] and table["forced"]):
            found.append(f"{name}: row-level security is not forced")
        if not (table["has_store"] or name in BY_USER):
            found.append(f"{name}: no store_id")
    return found


def test_every_tenant_table_forces_row_security(shops: Shops) -> None:
    with shops.database.owner_session() as session:
        assert complaints(session) == []
        tables = session.execute(text(TABLES)).mappings().all()
    assert sum(not table["is_partition"] for table in tables) >= 80
    assert sum(table["is_partition"] for table in tables) >= 25 + 8


@pytest.mark.parametrize(("mutation", "complaint"), [
    ("ALTER TABLE products NO FORCE ROW LEVEL SECURITY", "products: row-level security is not forced"),
    ("ALTER TABLE inventory_level DISABLE ROW LEVEL SECURITY", "inventory_level: row-level security is not forced"),
    ("CREATE TABLE forgotten (store_id uuid)", "forgotten: row-level security is not forced"),
    ("CREATE TABLE forgotten (id uuid)", "forgotten: no store_id"),
    ("GRANT SELECT ON product_embedding_0 TO stormcom_worker",
     "product_embedding_0: a partition is granted to ['stormcom_worker']"),
])
def test_the_walk_sees_a_table_without_protection(shops: Shops, mutation: str, complaint: str) -> None:
    with shops.database.owner_session() as session:
        session.execute(text(mutation))
        assert complaint in complaints(session)
        session.rollback()


def test_only_listed_functions_run_before_a_tenant_is_known(shops: Shops) -> None:
    with shops.database.owner_session() as session:
        names = set(session.scalars(text(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")))
    assert names == {"find_token", "find_session_user", "stores_of_user", "redeem_sign_in", "end_session",
                     "store_by_slug", "write_tombstone", "ensure_event_partitions", "ensure_month_partitions",
                     "detach_month", "permissions_of_user", "role_permission_same_store", "start_at_done",
                         "find_payment_callback"}


def _guarded_tables(database: Database) -> list[tuple[str, str]]:
    """Return every table that is no partition, and which of its rows are those of :store."""
    with database.owner_session() as session:
        tables = session.execute(text(TABLES)).mappings().all()
    return [(table["name"], BY_USER.get(table["name"], "store_id = :store")) for table in tables
            if not table["is_partition"] and table["name"] not in PLATFORM]


def _count(session: Session, table: str, condition: str, store: UUID) -> int:
    names = {"store": store, "user": id_of(store, "users")}
    return session.execute(text(f"SELECT count(*) FROM {table} WHERE {condition}"), names).scalar_one()


NO_RIGHT = (psycopg.errors.InsufficientPrivilege,)
# Triggers look before policies do: at an append-only table, and at a permission of another store.
TRIGGERS = (*NO_RIGHT, psycopg.errors.RestrictViolation, psycopg.errors.ForeignKeyViolation)


def _rows_touched(session: Session, statement: str, refusals: tuple[type[Exception], ...] = NO_RIGHT,
                  **values: object) -> int:
    """Return how many rows a statement touched; 0 where it was refused as expected."""
    savepoint = session.begin_nested()
    try:
        return int(getattr(session.execute(text(statement), values), "rowcount", 0))
    except DBAPIError as error:
        assert isinstance(error.orig, refusals), (statement, error)
        return 0
    finally:
        savepoint.rollback()


def test_another_store_reads_and_changes_no_row(shops: Shops) -> None:
    tables = _guarded_tables(shops.database)
    with shops.database.owner_session() as session:
        empty = [table for table, condition in tables if not _count(session, table, condition, shops.store)]
    assert empty == [], "tests/oltp/rows.py has no row of these"
    names = {"store": shops.store, "user": id_of(shops.store, "users")}
    reached = []
    with shops.database.session_for(shops.other) as session:
        for table, condition in tables:
            column = "id" if table == "stores" else condition.split()[0].replace("true", "token")
            for statement in (f"SELECT FROM {table} WHERE {condition}",
                              f"UPDATE {table} SET {column} = {column} WHERE {condition}",
                              f"DELETE FROM {table} WHERE {condition}"):
                if _rows_touched(session, statement, **names):
                    reached.append(statement)
    assert reached == []


def test_a_row_of_another_store_cannot_be_put_in(shops: Shops) -> None:
    put_in = []
    for table, condition in _guarded_tables(shops.database):
        if table in BY_USER:
            continue
        with shops.database.owner_session() as session:
            columns = session.scalar(text(COLUMNS), {"name": table})
            row = session.scalar(text(f"SELECT to_jsonb(t)::text FROM {table} t WHERE {condition} LIMIT 1"),
                                 {"store": shops.store})
        with shops.database.session_for(shops.other) as session:
            insert = (f"INSERT INTO {table} ({columns}) "
                      f"SELECT {columns} FROM jsonb_populate_record(NULL::{table}, CAST(:row AS jsonb))")
            move = f"UPDATE {table} SET store_id = :store WHERE store_id = :other"
            if (_rows_touched(session, insert, TRIGGERS, row=row)
                    or _rows_touched(session, move, TRIGGERS, store=shops.store, other=shops.other)):
                put_in.append(table)
    assert put_in == []


def test_nobody_reaches_a_partition_directly(shops: Shops) -> None:
    with shops.database.owner_session() as session:
        partitions = [table["name"] for table in session.execute(text(TABLES)).mappings() if table["is_partition"]]
    for role in (shops.database.session_for(shops.store), shops.database.worker_session(),
                 shops.database.pipelines_session()):
        with role as session:
            for partition in partitions:
                with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
                    session.execute(text(f"SELECT count(*) FROM {partition}"))


@pytest.mark.parametrize("table", BUILT_IN)
def test_what_comes_with_the_platform_is_read_and_not_written(shops: Shops, table: str) -> None:
    with shops.database.owner_session() as session:
        count = _count(session, table, "store_id IS NULL", shops.store)
    assert count > 0
    with shops.database.session_for(shops.store) as session:
        assert _count(session, table, "store_id IS NULL", shops.store) == count
        for statement in (f"UPDATE {table} SET created_at = now() WHERE store_id IS NULL",
                          f"DELETE FROM {table} WHERE store_id IS NULL",
                          f"INSERT INTO {table} SELECT (t).* FROM (SELECT t FROM {table} t "
                          "WHERE store_id IS NULL LIMIT 1) AS t"):
            assert _rows_touched(session, statement) == 0


@pytest.mark.parametrize("table", ["audit_logs", "job_descriptor"])
def test_what_belongs_to_no_store_is_not_seen_in_one(shops: Shops, table: str) -> None:
    with shops.database.owner_session() as session:
        assert _count(session, table, "store_id IS NULL", shops.store) > 0
    with shops.database.session_for(shops.store) as session:
        assert _count(session, table, "store_id IS NULL", shops.store) == 0


def test_without_a_store_nothing_is_seen(shops: Shops) -> None:
    with shops.database.anonymous_session() as session:
        for table, _ in _guarded_tables(shops.database):
            if table not in BUILT_IN:
                assert _rows_touched(session, f"SELECT FROM {table}") == 0, table
