"""Every constraint refuses what it is there for: walked over the catalogue of the migrated database.

Where a neighbour looks first, the constraint is asked alone: inside a savepoint the others of its table are dropped.
The house's triggers are off, so that none mends or refuses before it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.conftest import cloned_database, create_store
from tests.oltp.constraints import cases_catalog, cases_checkout, cases_platform, cases_selling, cases_settling
from tests.oltp.rows import fill_platform, fill_store

ROOMS = (cases_catalog.CASES, cases_checkout.CASES, cases_platform.CASES, cases_selling.CASES, cases_settling.CASES)
CASES = {name: case for room in ROOMS for name, case in room.items()}

# One row per constraint or unique index of a table of ours; those of partitions hang on their parents'.
CONSTRAINTS = """
SELECT c.conname AS name, c.conrelid::regclass::text AS "table", c.contype::text AS kind, c.convalidated AS is_valid,
       c.confrelid::regclass::text AS target, pg_get_constraintdef(c.oid) AS definition,
       ARRAY(SELECT attname FROM unnest(c.conkey) WITH ORDINALITY k (n, i)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i)::text[] AS columns,
       ARRAY(SELECT attname FROM unnest(c.confkey) WITH ORDINALITY k (n, i)
             JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.i)::text[] AS keys
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.connamespace = 'public'::regnamespace AND NOT t.relispartition AND c.contype IN ('c', 'u', 'p', 'x', 'f')
  AND t.relname <> 'alembic_version' AND c.conparentid = 0
UNION ALL
SELECT i.relname, t.relname, 'i', true, NULL, pg_get_indexdef(i.oid), NULL, NULL
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE i.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT t.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid AND c.contype IN ('u', 'p', 'x'))
ORDER BY 2, 1
"""
TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
  AND NOT relispartition
"""
PARENTS = """
SELECT i.inhrelid::regclass::text, i.inhparent::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE c.relkind IN ('i', 'I')
"""
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
# What no row has. The only small integer is a shard, of which there are eight.
NOWHERE = {"uuid": "uuidv7()", "text": "'nowhere'", "smallint": "(shard + 1) % 8"}


class Shops(NamedTuple):
    """An open transaction as the owner over two filled stores, and what is to be asked."""

    session: Session
    store: UUID
    other: UUID
    constraints: list[Row[Any]]
    # A partition's index speaks for its parent's.
    parents: dict[str, str]

    def of(self, *kinds: str) -> list[Row[Any]]:
        return [each for each in self.constraints if each.kind in kinds]


@pytest.fixture(scope="module")
def shops(server_url: str, template: str) -> Iterator[Shops]:
    with cloned_database(server_url, template) as database:
        store, other = create_store(database, slug="demo"), create_store(database, slug="other")
        with database.owner_session() as session:
            fill_platform(session)
            for shard, each in enumerate((store, other)):
                # By chance both could have the same one, and a reference to the other's would be to one's own.
                session.execute(text("UPDATE store_shard SET shard = :shard WHERE store_id = :store"),
                                {"shard": shard, "store": each})
                fill_store(session, each)
        with database.owner_session() as session:
            session.execute(text("SET LOCAL client_min_messages = error"))  # no word about what a drop takes along
            for table in session.scalars(text(TABLES)).all():
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            parents = {row[0]: row[1] for row in session.execute(text(PARENTS))}
            yield Shops(session, store, other, list(session.execute(text(CONSTRAINTS))), parents)
            session.rollback()


@contextmanager
def alone(shops: Shops, asked: Row[Any]) -> Iterator[None]:
    """Leave the table with this constraint only, for the length of the block."""
    savepoint = shops.session.begin_nested()
    others = [each for each in shops.constraints if each.table == asked.table and each.name != asked.name]
    # A foreign key needs the unique constraint that it refers to, which may stand in the same table.
    drops = [each for each in others if not (asked.kind == "f" and asked.target == asked.table and each.kind in "up")]
    constraints = ", ".join(f"DROP CONSTRAINT IF EXISTS {each.name} CASCADE" for each in drops if each.kind != "i")
    indexes = ", ".join(each.name for each in drops if each.kind == "i")
    try:
        if constraints:
            shops.session.execute(text(f"ALTER TABLE {asked.table} {constraints}"))
        if indexes:
            shops.session.execute(text(f"DROP INDEX {indexes}"))
        yield
    finally:
        savepoint.rollback()


def refuses(shops: Shops, asked: Row[Any], statement: str, **values: object) -> bool:
    """Say whether the constraint itself refuses the statement."""
    def is_refused() -> bool:
        name = refused_by(shops.session, statement, **values)
        return name is not None and asked.name in (name, shops.parents.get(name))

    if is_refused():
        return True
    with alone(shops, asked):
        return is_refused()


def refused_by(session: Session, statement: str, **values: object) -> str | None:
    """Return the name of the constraint that refused the statement; None where it passed."""
    savepoint = session.begin_nested()
    try:
        session.execute(text(statement), values)
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    except IntegrityError as error:
        savepoint.rollback()
        return str(error.orig.diag.constraint_name)  # type: ignore[union-attr]
    savepoint.rollback()
    return None


def test_every_check_has_a_case_that_breaks_it(shops: Shops) -> None:
    checks = {each.name for each in shops.of("c")}
    assert checks - CASES.keys() == set(), "checks without a case: write one in tests/oltp/constraints/cases_*.py"
    assert CASES.keys() - checks == set(), "cases of checks that do not exist"
    assert len(CASES) == sum(len(room) for room in ROOMS)


def test_every_check_refuses_its_case(shops: Shops) -> None:
    passed = [each.name for each in shops.of("c")
              if not refuses(shops, each, f"UPDATE {each.table} SET {CASES[each.name]}")]
    assert passed == []


def test_no_constraint_waits_for_validation(shops: Shops) -> None:
    assert [each.name for each in shops.constraints if not each.is_valid] == []


def test_every_key_refuses_the_same_row_again(shops: Shops) -> None:
    passed = []
    for each in shops.of("u", "p", "x", "i"):
        columns = shops.session.scalar(text(COLUMNS), {"name": each.table})
        again = f"INSERT INTO {each.table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {each.table}"
        if not refuses(shops, each, again):
            passed.append(each.name)
    assert passed == []


def test_what_is_deleted_frees_its_name(shops: Shops) -> None:
    """A slug, SKU, code or address that only live rows hold may be given again."""
    freed = []
    for each in shops.of("i"):
        if "deleted_at IS NULL" not in each.definition:
            continue
        columns = shops.session.scalar(text(COLUMNS), {"name": each.table})
        again = f"INSERT INTO {each.table} ({columns}) SELECT {columns} FROM deleted"
        with alone(shops, each):
            shops.session.execute(text(f"CREATE TEMPORARY TABLE deleted ON COMMIT DROP AS SELECT * FROM {each.table}"))
            shops.session.execute(text(f"UPDATE {each.table} SET deleted_at = now()"))
            assert refused_by(shops.session, again) is None, each.name
            freed.append(each.table)
    assert {"products", "product_variants", "collection", "discount_code", "product_translation"} <= set(freed)


@pytest.mark.parametrize(("table", "columns", "overlapping"), [
    ("product_price", "product_id, currency, min_quantity, amount, effective_at, expires_at",
     "product_id, currency, min_quantity, amount, effective_at - interval '1 day', effective_at + interval '1 second'"),
    ("customer_segment_member", "segment_id, customer_id, joined_at, left_at",
     "segment_id, customer_id, joined_at - interval '1 day', joined_at + interval '1 second'"),
    ("shipping_rate", "profile_id, name, amount, currency, band_from, band_to",
     "profile_id, name, amount, currency, band_from + 5, band_from + 6"),
])
def test_spans_that_only_touch_are_allowed_and_those_that_overlap_refused(
    shops: Shops, table: str, columns: str, overlapping: str
) -> None:
    insert = f"INSERT INTO {table} (store_id, {columns}) SELECT store_id, {overlapping} FROM {table}"
    assert refused_by(shops.session, insert) == f"{table}_no_overlap"
    # The upper end stands outside, so a span may begin where another ends.
    touching = insert.replace(" + interval '1 second'", "")
    if touching != insert:
        assert refused_by(shops.session, touching) is None


def test_every_foreign_key_refuses_what_is_nowhere(shops: Shops) -> None:
    passed = []
    for each in shops.of("f"):
        kind = shops.session.scalar(text(
            "SELECT format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = CAST(:name AS regclass) AND attname = :column"),
            {"name": each.table, "column": each.columns[-1]})
        if not refuses(shops, each, f"UPDATE {each.table} SET {each.columns[-1]} = {NOWHERE[str(kind)]}"):
            passed.append(each.name)
    assert passed == []


def test_every_foreign_key_within_a_store_refuses_another_stores_row(shops: Shops) -> None:
    passed, asked = [], 0
    for each in shops.of("f"):
        if each.columns[0] != "store_id" or len(each.columns) == 1:
            continue
        asked += 1
        theirs = ", ".join(f"{column} = (SELECT {key} FROM {each.target} WHERE store_id = :other LIMIT 1)"
                           for column, key in zip(each.columns[1:], each.keys[1:], strict=True))
        statement = f"UPDATE {each.table} SET {theirs} WHERE store_id = :store"
        if not refuses(shops, each, statement, store=shops.store, other=shops.other):
            passed.append(each.name)
    assert passed == []
    assert asked >= 60


def test_a_reference_within_stores_names_the_store(shops: Shops) -> None:
    """A table with a store refers to another one with a store only together with it."""
    with_store = set(shops.session.scalars(text(
        "SELECT attrelid::regclass::text FROM pg_attribute WHERE attname = 'store_id' AND attnum > 0")))
    single = {each.name for each in shops.of("f")
              if each.table in with_store and each.target in with_store and each.columns[0] != "store_id"}
    # A permission may come with the platform; the trigger below holds what a key cannot say.
    assert single == {"role_permission_permission_id_fkey"}


def test_a_role_takes_no_permission_of_another_store(shops: Shops) -> None:
    savepoint = shops.session.begin_nested()
    shops.session.execute(text("ALTER TABLE role_permission ENABLE TRIGGER USER"))
    theirs = "(SELECT id FROM permission WHERE store_id = :other)"
    values = {"store": shops.store, "other": shops.other}
    assert refused_by(shops.session, f"UPDATE role_permission SET permission_id = {theirs} WHERE store_id = :store",
                      **values) == "role_permission_same_store"
    theirs = "(SELECT m.id FROM memberships m JOIN stores s USING (organization_id) WHERE s.id = :other)"
    assert refused_by(shops.session, f"UPDATE role_permission SET role = NULL, membership_id = {theirs} "
                      "WHERE store_id = :store", **values) == "role_permission_same_organization"
    savepoint.rollback()
