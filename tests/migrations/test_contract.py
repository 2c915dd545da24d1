"""The contract: refuses while a store is not done, keeps what it drops, and gives it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from oltp.db.session import Database
from stormcom.schema import CONTRACT, alembic_config, current, downgrade, head, upgrade
from tests.conftest import cloned_database, create_database, drop_database
from tests.migrations.dirty_shop import DONE, LEGACY, fill_legacy

MIRRORED = ("images", "pricing", "inventory")
# Programs that know no legacy column change a price, a list of images and a level, and a product and a store are born.
LATER = """
UPDATE products p SET price_amount = 2150 FROM stores s WHERE s.id = p.store_id AND s.slug = 'north' AND sku = 'CLEAN';
INSERT INTO product_image (store_id, product_id, url)
  SELECT p.store_id, p.id, 'https://images.test/new.jpg' FROM products p JOIN stores s ON s.id = p.store_id
  WHERE s.slug = 'north' AND p.sku = 'DUST';
WITH moved AS (
  UPDATE inventory_level l SET on_hand = 3 FROM product_variants v, products p, stores s
  WHERE v.id = l.variant_id AND p.id = v.product_id AND s.id = p.store_id AND s.slug = 'north' AND p.sku = 'BROKEN'
  RETURNING l.store_id, l.variant_id)
INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code) SELECT *, 7, 'manual' FROM moved;
INSERT INTO products (store_id, name, slug, sku, price_amount) SELECT id, 'BORN', 'born', 'BORN', 5 FROM stores
  WHERE slug = 'north';
INSERT INTO product_image (store_id, product_id, url)
  SELECT store_id, id, 'https://images.test/born.jpg' FROM products WHERE sku = 'BORN';
INSERT INTO stores (organization_id, name, slug, email)
  SELECT id, 'west', 'west', 'west@example.test' FROM organizations WHERE slug = 'north';
"""


def legacy_values(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every legacy column of every row."""
    with psycopg.connect(url) as connection:
        return {table: connection.execute(f"SELECT id, {', '.join(columns)} FROM {table} ORDER BY id").fetchall()
                for table, columns in LEGACY.items()}


def shape(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Columns, indexes, triggers and functions, in words."""
    statements = {
        "columns": """SELECT table_name, column_name, data_type, is_nullable, column_default
                      FROM information_schema.columns
                      WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2""",
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "triggers": "SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
        "functions": """SELECT pg_get_functiondef(oid), proacl::text FROM pg_proc p
                        WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND NOT EXISTS (
                          SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') ORDER BY 1""",
        "schemas": "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast_temp)' ORDER BY 1",
    }
    with psycopg.connect(url) as connection:
        return {name: connection.execute(statement).fetchall() for name, statement in statements.items()}


@contextmanager
def owner(url: str) -> Iterator[psycopg.Connection]:
    """A connection as the owner, who sees every store."""
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE stormcom_owner; SET row_security = off")
        yield connection


@dataclass(frozen=True)
class Adopted:
    """A legacy shop, clean rows and dirty ones, that has gone to main@head; `baseline` is what it said before."""

    url: str
    baseline: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def filled_template(server_url: str) -> Iterator[tuple[str, Adopted]]:
    """Name of a database to clone from, and what is in it."""
    name = f"stormcom_filled_{uuid4().hex[:12]}"
    url = create_database(server_url, name)
    upgrade(url, "0001")
    fill_legacy(url)
    shop = Adopted(url, legacy_values(url))
    upgrade(url, "main@head")
    yield name, shop
    drop_database(server_url, name)


@pytest.fixture
def shop(server_url: str, filled_template: tuple[str, Adopted]) -> Iterator[Adopted]:
    """An adopted shop of the test's own."""
    with cloned_database(server_url, filled_template[0]) as database:
        yield Adopted(database.url, filled_template[1].baseline)


def test_it_refuses_with_the_stores_that_are_not_done(shop: Adopted) -> None:
    before = shape(shop.url)
    with owner(shop.url) as connection:
        connection.execute(DONE, {"slug": "north"})
        connection.execute("UPDATE capability_state SET step = 'read_new' WHERE capability = 'i18n'")
    with pytest.raises(psycopg.Error) as refusal:
        upgrade(shop.url, CONTRACT)
    assert refusal.value.diag.message_primary == (
        "stores that are not done keep their legacy columns: north: i18n at read_new; south: images at off, pricing at "
        "off, inventory at off, promotions at off, rbac at off, events at off, i18n at off")
    assert shape(shop.url) == before


def test_every_legacy_value_comes_back(shop: Adopted) -> None:
    adopted, before = legacy_values(shop.url), shape(shop.url)
    make_done(shop.url)
    values = legacy_values(shop.url)
    upgrade(shop.url, CONTRACT)
    assert without_legacy(shop.url) == []
    with owner(shop.url) as connection:
        for table, columns in LEGACY.items():
            kept = f"SELECT id, {', '.join(columns)} FROM legacy_archive.{table} ORDER BY id"
            assert connection.execute(kept).fetchall() == values[table]
    downgrade(shop.url, "contract@base")
    assert legacy_values(shop.url) == values
    assert shape(shop.url) == before
    downgrade(shop.url, "0001")
    assert legacy_values(shop.url) == shop.baseline
    upgrade(shop.url, "main@head")
    assert without_ids(legacy_values(shop.url)) == without_ids(adopted)


def without_ids(values: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """The values in an order of their own: generated variants get new ids."""
    return {table: sorted((row[1:] for row in rows), key=repr) for table, rows in values.items()}


def test_values_of_after_the_contract_reach_the_legacy_columns(shop: Adopted) -> None:
    make_done(shop.url)
    before = legacy_values(shop.url)
    upgrade(shop.url, CONTRACT)
    with owner(shop.url) as connection:
        connection.execute(LATER)
        north = dict(connection.execute("""
            SELECT p.sku, p.id FROM products p JOIN stores s ON s.id = p.store_id WHERE s.slug = 'north'""").fetchall())
    downgrade(shop.url, "contract@base")
    old, new = ({row[0]: row[1:] for row in values["products"]} for values in (before, legacy_values(shop.url)))
    clean, dust, broken = (old[north[sku]] for sku in ("CLEAN", "DUST", "BROKEN"))
    assert {north[sku]: row for sku, row in {
        "CLEAN": (21.5, *clean[1:]),
        "DUST": (*dust[:3], '["https://images.test/new.jpg"]', *dust[4:]),
        "BROKEN": (*broken[:4], 3, "LOW_STOCK"),
        "BORN": (0.05, None, None, '["https://images.test/born.jpg"]', 0, "OUT_OF_STOCK"),
    }.items()} == {key: row for key, row in new.items() if row != old.get(key)}
    with owner(shop.url) as connection:
        for name in MIRRORED:
            statement = f"SELECT d.* FROM stores s CROSS JOIN LATERAL divergences_{name}(s.id) d"
            assert connection.execute(statement).fetchall() == []
        steps = "SELECT s.slug, capability_step(s.id, 'i18n') FROM stores s ORDER BY 1"
        assert connection.execute(steps).fetchall() == [("north", "done"), ("south", "done"), ("west", "done")]


def test_nothing_of_a_contracted_schema_speaks_of_legacy(database: Database) -> None:
    words = r"\m(inventory_qty|inventory_status|compare_at_price|cost_price|float_from_minor|minor_from_float)\M"
    with database.owner_session() as session:
        functions = session.scalars(text("""
            SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc ~ :words"""),
            {"words": words}).all()
    # Knows both sides, and asks the legacy one only below `read_new`.
    assert functions == ["product_is_available"]


def test_the_main_line_takes_the_contract_down_with_it(shop: Adopted) -> None:
    make_done(shop.url)
    upgrade(shop.url, CONTRACT)
    downgrade(shop.url, "0013")
    with psycopg.connect(shop.url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0013",)]
    downgrade(shop.url, "0001")
    assert legacy_values(shop.url) == shop.baseline


def make_done(url: str) -> None:
    """Take every store to `done` in every capability, with the new tables filled."""
    with owner(url) as connection:
        for slug in ("north", "south"):
            connection.execute(DONE, {"slug": slug})
        for name in MIRRORED:
            connection.execute(f"SELECT backfill_{name}(id, NULL, 1000) FROM stores")


def without_legacy(url: str) -> list[tuple[Any, ...]]:
    """Return the legacy columns that a schema still has."""
    pairs = [f"{table}.{column}" for table, columns in LEGACY.items() for column in columns]
    with psycopg.connect(url) as connection:
        return connection.execute(
            """SELECT table_name, column_name FROM information_schema.columns
               WHERE table_schema = 'public' AND table_name || '.' || column_name = ANY (%s)""", (pairs,)).fetchall()


def test_the_main_line_goes_on_beside_the_contract(empty_database: str) -> None:
    upgrade(empty_database, "0030")
    upgrade(empty_database, CONTRACT)
    assert current(empty_database) == "0030"
    upgrade(empty_database)
    assert current(empty_database) == head()
    assert without_legacy(empty_database) == []
    downgrade(empty_database, "base")
    assert current(empty_database) is None


def test_the_models_say_what_a_contracted_schema_is(shop: Adopted) -> None:
    make_done(shop.url)
    upgrade(shop.url, CONTRACT)
    command.check(alembic_config(shop.url))
