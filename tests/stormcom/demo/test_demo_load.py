"""Loading the demo shops into Postgres: as the app, once, and whole or not at all."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Uuid, bindparam, text

from oltp.db.roles import prepare_database
from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from stormcom.demo.run import MERCHANT_EMAIL, load_demo
from stormcom.demo.shop_data import local_day, make_shop
from stormcom.demo.shops import SHOPS
from tests.conftest import create_database, drop_database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SMALL = 0.02
TABLES = ("stores", "brands", "categories", "products", "product_variants", "product_image",
          "inventory_level", "inventory_adjustment", "customers", "orders", "order_items",
          "refund", "refund_item", "domain_event", "subject", "ingest_batch", "rejected_event", "analytics_event")

# The child stops inside the second store's transaction, says so, and waits to be killed.
CHILD = """
import sys, time
from datetime import datetime
from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from stormcom.demo import run

def load_half(session, *, data, told, whole=run.load_tables):
    written = whole(session, data=data, told=told)
    if data.shop.slug == "fashion":
        print("half way", flush=True)
        time.sleep(600)
    return written

run.load_tables = load_half
run.load_demo(Database(sys.argv[1]), clock=FixedClock(datetime.fromisoformat(sys.argv[2])), scale=float(sys.argv[3]))
"""


def fingerprint(database: Database) -> dict[str, str]:
    """Per table a hash over all its rows, row versions included."""
    found = {}
    with database.owner_session() as session:
        for table in TABLES:
            rows = sorted(session.scalars(text(f"SELECT row({table}.*)::text FROM {table}")))
            found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def count(database: Database, table: str, store_id: UUID | None = None, more: str = "") -> int:
    statement = text(f"SELECT count(*) FROM {table} WHERE (:store IS NULL OR store_id = :store) {more}")
    with database.owner_session() as session:
        return session.scalar(statement.bindparams(bindparam("store", store_id, Uuid)))


@pytest.fixture(scope="module")
def loaded(server_url: str, template: str) -> Iterator[Database]:
    """A database with the small demo in it, shared by the tests that leave it as it is."""
    name = f"stormcom_demo_{uuid4().hex[:12]}"
    database = Database(create_database(server_url, name, template))
    prepare_database(database.url)
    load_demo(database, clock=FixedClock(NOON), scale=SMALL)
    yield database
    database.dispose()
    drop_database(server_url, name)


def test_every_row_made_is_in_its_table(database, clock):
    report = load_demo(database, clock=clock, scale=SMALL)
    assert [store.slug for store in report.created] == ["electronics", "fashion", "home"]
    for shop, store in zip(SHOPS, report.stores, strict=True):
        made = make_shop(shop, today=local_day(shop, clock.now()), scale=SMALL)
        for table, frame in made.tables.items():
            expected = frame.height
            if table == "subject":
                # Customers and guests bring theirs along.
                stored = count(database, "subject", store.store_id, "AND kind = 'visitor'")
            else:
                stored = count(database, table, store.store_id)
            assert stored == expected == store.rows[table], table


def test_progress_counts_every_row(database, clock):
    progress = Progress(console=Console(file=io.StringIO()))
    report = load_demo(database, clock=clock, scale=SMALL, progress=progress)
    assert [task.completed for task in progress.tasks] == [sum(store.rows.values()) for store in report.stores]
    assert progress.finished
    again = Progress(console=Console(file=io.StringIO()))
    load_demo(database, clock=clock, scale=SMALL, progress=again)
    assert again.finished


def test_the_app_sees_one_store_at_a_time(loaded, clock):
    made = [make_shop(shop, today=local_day(shop, clock.now()), scale=SMALL) for shop in SHOPS]
    stores = [UUID(shop.store_id) for shop in made]
    for store_id in stores:
        with loaded.session_for(store_id) as session:
            for table in TABLES:
                column = "id" if table == "stores" else "store_id"
                assert session.scalars(text(f"SELECT DISTINCT {column} FROM {table}")).all() == [store_id], table


def test_the_merchant_owns_three_stores(loaded):
    with loaded.owner_session() as session:
        user = session.scalar(text("SELECT id FROM users WHERE email = :email"), {"email": MERCHANT_EMAIL})
        role = session.scalar(text("SELECT role FROM memberships WHERE user_id = :user"), {"user": user})
    with loaded.user_session(user) as session:
        rows = session.execute(
            text("SELECT slug, currency FROM stores_of_user(:user) ORDER BY slug"), {"user": user}).all()
    assert role == "OWNER"
    assert rows == [("electronics", "USD"), ("fashion", "EUR"), ("home", "USD")]


def test_a_second_run_changes_nothing(loaded, clock):
    before = fingerprint(loaded)
    report = load_demo(loaded, clock=clock, scale=SMALL)
    assert report.created == ()
    assert all("already" in sentence for sentence in report.sentences())
    assert fingerprint(loaded) == before


def test_a_store_with_a_demo_slug_is_left_alone(database, clock):
    with database.owner_session() as session:
        session.execute(text("INSERT INTO organizations (name, slug) VALUES ('Own', 'own')"))
        session.execute(text("""
            INSERT INTO stores (organization_id, name, slug, email, currency, timezone)
            SELECT id, 'My own', 'fashion', 'me@example.com', 'JPY', 'Asia/Tokyo' FROM organizations"""))
        own = session.scalar(text("SELECT id FROM stores"))
    report = load_demo(database, clock=clock, scale=SMALL)
    assert [store.slug for store in report.created] == ["electronics", "home"]
    assert report.stores[1].store_id == own
    assert count(database, "products", own) == 0


def test_visitors_lead_to_customers_and_guests(loaded):
    with loaded.owner_session() as session:
        kinds = dict(session.execute(text("""
            SELECT person.kind, count(*) FROM subject v JOIN subject person
              ON person.store_id = v.store_id AND person.id = v.linked_subject_id
            WHERE v.kind = 'visitor' GROUP BY 1""")).all())
        astray = session.scalar(text("""
            SELECT count(*) FROM analytics_event e JOIN orders o ON o.store_id = e.store_id AND o.id = e.order_id
            JOIN subject v ON v.store_id = e.store_id AND v.id = e.subject_id
            WHERE e.name = 'purchase' AND v.linked_subject_id IS DISTINCT FROM o.subject_id"""))
    assert kinds["customer"] > 20 and kinds["guest"] > 5
    assert astray == 0


def test_refunded_quantities_stay_within_the_lines(loaded):
    with loaded.owner_session() as session:
        refunded = session.scalar(text("SELECT sum(refunded_quantity) FROM order_items"))
        items = session.scalar(text("""
            SELECT sum(i.quantity) FROM refund_item i JOIN refund r ON r.id = i.refund_id
            WHERE i.kind = 'item' AND r.status <> 'failed'"""))
    assert refunded == items > 0


def test_the_new_side_of_every_capability_is_there(loaded):
    with loaded.owner_session() as session:
        steps = set(session.scalars(text("""
            SELECT capability_step(s.id, c) FROM stores s, unnest(ARRAY['images', 'pricing', 'inventory']) c""")))
        levels = session.execute(text("""
            SELECT count(*), count(l.variant_id), count(*) FILTER (WHERE l.on_hand <> coalesce(
              (SELECT sum(delta) FROM inventory_adjustment a WHERE a.variant_id = l.variant_id), 0))
            FROM product_variants v LEFT JOIN inventory_level l ON l.variant_id = v.id""")).one()
        available = session.execute(text(
            "SELECT product_is_available(store_id, id), count(*) FROM products GROUP BY 1")).all()
    assert steps == {"done"}
    assert levels[0] == levels[1] > 400 and levels[2] == 0
    counts = {row[0]: row[1] for row in available}
    assert counts[False] < 0.1 * counts[True]


def test_a_killed_load_leaves_no_half_store_and_the_next_heals(database, clock, tmp_path: Path):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, database.url, clock.now().isoformat(), str(SMALL)], stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "half way\n"
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    wait_for_the_server_to_notice(database)
    with database.owner_session() as session:
        assert session.scalars(text("SELECT slug FROM stores")).all() == ["electronics"]
    report = load_demo(database, clock=clock, scale=SMALL)
    assert [store.slug for store in report.created] == ["fashion", "home"]
    for table, column in (("products", "id"), ("orders", "order_number"), ("analytics_event", "event_id")):
        statement = text(f"SELECT count(*), count(DISTINCT ({column}, store_id)) FROM {table}")
        with database.owner_session() as session:
            rows, distinct = session.execute(statement).one()
        assert rows == distinct > 0
    assert count(database, "products") == 360


def wait_for_the_server_to_notice(database: Database) -> None:
    """The killed client's backend rolls back when it finds its socket closed."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        for _ in range(100):
            busy = connection.execute("""
                SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND xact_start IS NOT NULL""").fetchone()
            if busy == (0,):
                return
            time.sleep(0.05)
    raise AssertionError("the killed client's transaction is still open")
