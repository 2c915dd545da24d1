"""An import that is killed without warning: nothing shows, the next run goes on, and the end is the same."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from stormcom.importers.online_retail.run import SETTING, run_import
from stormcom.importers.store import find_store
from tests.stormcom.importers.retail_files import Line, write_parquet

REPOSITORY = Path(__file__).parents[3]
LINES = [
    *(Line(str(n), f"SKU{n % 5}", n, "1.25", 17000 + n % 3, f"{n} 08:00") for n in range(1, 21)),
    *(Line(f"C{n}", f"SKU{n % 5}", -30, "1.25", 17000 + n % 3, f"{n} 09:00") for n in range(15, 21)),
]
SHOP = ("products", "customers", "orders", "order_items", "refund", "refund_item", "domain_event")
CONTENT = """
    SELECT o.order_number, o.origin, o.order_total_amount, i.ordinal, i.sku, i.quantity, i.refunded_quantity
    FROM orders o LEFT JOIN order_items i ON i.order_id = o.id ORDER BY 1, 4"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that needs several batches of three rows for most of its tables."""
    return write_parquet(tmp_path / "a.parquet", LINES)


def kill_after(database: Database, file: Path, stage: str, steps: int) -> UUID:
    """Run the import in a process of its own until it kills itself; returns the store."""
    program = [sys.executable, "-m", "tests.stormcom.importers.killed_import"]
    arguments = [database.url, str(file), "gifts", stage, str(steps)]
    done = subprocess.run([*program, *arguments], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_until_its_connections_are_gone(database)
    store_id = find_store(database, slug="gifts", setting=SETTING)
    assert store_id is not None
    return store_id


def wait_until_its_connections_are_gone(database: Database) -> None:
    statement = text("""SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                        AND pid <> pg_backend_pid()""")
    database.dispose()
    for _ in range(200):
        with database.owner_session() as session:
            if session.scalar(statement) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the killed import's connections are still there")


def staged(database: Database, store_id: UUID) -> dict[tuple[str, int], str]:
    """(entity, ordinal) → the transaction that wrote the batch."""
    with database.session_for(store_id) as session:
        rows = session.execute(text("SELECT entity, ordinal, xmin::text AS writer FROM import_batch"))
        return {(row.entity, row.ordinal): row.writer for row in rows}


def visible(database: Database, store_id: UUID) -> dict[str, int]:
    with database.session_for(store_id) as session:
        return {table: session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in SHOP}


def content(database: Database, store_id: UUID) -> list[tuple[object, ...]]:
    with database.session_for(store_id) as session:
        return [tuple(row) for row in session.execute(text(CONTENT))]


def test_killed_between_batches(database: Database, clock: FixedClock, file: Path) -> None:
    store_id = kill_after(database, file, "Staging", 4)
    first = staged(database, store_id)
    assert len(first) == 4
    assert set(visible(database, store_id).values()) == {0}

    assert kill_after(database, file, "Staging", 9) == store_id
    second = staged(database, store_id)
    assert len(second) == 9
    assert first.items() <= second.items(), "a batch that was there has been written again"
    assert set(visible(database, store_id).values()) == {0}

    run_import(database, file=file, store_slug="gifts", clock=clock, batch_rows=3)
    assert staged(database, store_id) == {}
    run_import(database, file=file, store_slug="untroubled", clock=clock)
    untroubled = find_store(database, slug="untroubled", setting=SETTING)
    assert untroubled is not None
    assert content(database, store_id) == content(database, untroubled) != []
    assert visible(database, store_id) == visible(database, untroubled)


@pytest.mark.parametrize("steps", [1, 6, 12])
def test_killed_while_publishing(database: Database, clock: FixedClock, file: Path, steps: int) -> None:
    store_id = kill_after(database, file, "Publishing", steps)
    assert set(visible(database, store_id).values()) == {0}
    before = staged(database, store_id)
    report = run_import(database, file=file, store_slug="gifts", clock=clock, batch_rows=3)
    assert before and not report.is_repeat
    assert visible(database, store_id)["orders"] == report.added["orders"] + report.added["opening_orders"] == 26
    assert run_import(database, file=file, store_slug="gifts", clock=clock).is_repeat


def test_batches_of_another_size_are_replaced(database: Database, clock: FixedClock, file: Path) -> None:
    store_id = kill_after(database, file, "Staging", 9)
    report = run_import(database, file=file, store_slug="gifts", clock=clock, batch_rows=1000)
    assert visible(database, store_id)["order_items"] == report.figures.counts["order_items"]
