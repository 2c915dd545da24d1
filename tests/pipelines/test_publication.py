"""Publishing: all or nothing, only what changed, never backwards, whoever else is at it."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import polars
import psycopg
import pytest
from sqlalchemy import text

from oltp.db.locking import try_lock
from oltp.db.session import Database
from pipelines.publish.errors import GateClosed, LakeIsBehind, PublicationMoved
from pipelines.publish.publication import Published, publish
from tests.lakes import KeptLake
from tests.pipelines.lake import FIRST_DAY, TAKEN_AT, daily_rows, replace_daily, take_horizon
from warehouse.connection import Lake

MART = "daily_store_metrics"
DAYS = 40


@pytest.fixture
def lake(empty_lake: KeptLake, database: Database, lake_dir: Path) -> Iterator[Lake]:
    with empty_lake.copied(database.url, lake_dir) as opened:
        take_horizon(opened, 1)
        yield opened


def bring_out(database: Database, lake: Lake) -> Published:
    return publish(database, lake, MART, gate=lambda _mart, _snapshot: None)


def days_of(database: Database, store: UUID) -> list[int]:
    with database.session_for(store) as session:
        return list(session.scalars(text("SELECT gross_sales_amount FROM daily_store_metrics ORDER BY store_day")))


def standing(database: Database, store: UUID) -> tuple[int, int, int]:
    """Horizon, snapshot and row count of a store's publication."""
    with database.session_for(store) as session:
        row = session.execute(text(
            "SELECT horizon, lake_snapshot_id, row_count FROM publication WHERE mart = :mart"), {"mart": MART}).one()
    return row[0], row[1], row[2]


def test_the_first_time_everything_then_only_what_changed(database: Database, lake: Lake, store: UUID) -> None:
    replace_daily(lake, daily_rows(store, 7, days=DAYS))
    first = bring_out(database, lake)
    assert (first.is_full, first.rows_inserted, first.rows_deleted, first.row_count) == (True, DAYS, 0, DAYS)
    again = bring_out(database, lake)
    assert (again.is_full, again.rows_inserted, again.rows_deleted) == (False, 0, 0)
    replace_daily(lake, daily_rows(store, 9, days=2))
    take_horizon(lake, 2)
    third = bring_out(database, lake)
    assert (third.is_full, third.rows_inserted, third.rows_deleted, third.row_count) == (False, 2, 2, DAYS)
    assert days_of(database, store) == [9, 9, *[7] * (DAYS - 2)]
    assert standing(database, store) == (1002, lake.snapshot_id(), DAYS)


def test_a_row_keeps_the_horizon_of_its_last_change(database: Database, lake: Lake, store: UUID) -> None:
    replace_daily(lake, daily_rows(store, 7, days=3))
    bring_out(database, lake)
    replace_daily(lake, daily_rows(store, 8, days=1))
    take_horizon(lake, 2)
    bring_out(database, lake)
    with database.session_for(store) as session:
        horizons = list(session.scalars(text("SELECT horizon FROM daily_store_metrics ORDER BY store_day")))
    assert horizons == [1002, 1001, 1001]


def test_rows_that_left_the_mart_leave_postgres(database: Database, lake: Lake, store: UUID) -> None:
    replace_daily(lake, daily_rows(store, 7, days=3))
    bring_out(database, lake)
    with lake.transaction("marts.daily_store_metrics") as connection:
        connection.execute("DELETE FROM marts.daily_store_metrics WHERE store_day = ?", [FIRST_DAY])
    take_horizon(lake, 2)
    done = bring_out(database, lake)
    assert (done.rows_deleted, done.rows_inserted, done.row_count) == (1, 0, 2)


def test_another_stores_rows_are_not_touched(
        database: Database, lake: Lake, store: UUID, other_store: UUID) -> None:
    for each in (store, other_store):
        replace_daily(lake, daily_rows(each, 7, days=3))
    bring_out(database, lake)
    written = "SELECT min(published_at), max(published_at), min(xmin::text::bigint), max(xmin::text::bigint) " \
              "FROM daily_store_metrics"
    with database.session_for(other_store) as session:
        before = session.execute(text(written)).one()
    replace_daily(lake, daily_rows(store, 8, days=3))
    take_horizon(lake, 2)
    bring_out(database, lake)
    with database.session_for(other_store) as session:
        assert session.execute(text(written)).one() == before
    assert days_of(database, store) == [8] * 3
    assert standing(database, other_store)[0] == 1002  # complete through the same moment all the same


def test_a_store_without_a_row_is_complete_too(database: Database, lake: Lake, store: UUID) -> None:
    bring_out(database, lake)
    assert standing(database, store) == (1001, lake.snapshot_id(), 0)


def test_rows_of_a_deleted_store_are_left_out(
        database: Database, lake: Lake, store: UUID, other_store: UUID) -> None:
    for each in (store, other_store):
        replace_daily(lake, daily_rows(each, 7, days=3))
    with database.owner_session() as session:
        session.execute(text("DELETE FROM stores WHERE id = :store"), {"store": other_store})
    assert bring_out(database, lake).row_count == 3


def test_a_reader_never_sees_two_versions(database: Database, lake: Lake, store: UUID) -> None:
    """The versions are whole: all days, and the publication they belong to, in each single look."""
    replace_daily(lake, daily_rows(store, 1, days=DAYS))
    bring_out(database, lake)
    stop, seen, mixed = threading.Event(), set(), []

    def look() -> None:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute("SET ROLE stormcom_app")
            connection.execute("SELECT set_config('app.store_id', %s, false)", (str(store),))
            while not stop.is_set():
                row = connection.execute("""
                    SELECT count(*), min(gross_sales_amount), max(gross_sales_amount), min(p.horizon) - 1000
                    FROM daily_store_metrics d JOIN publication p USING (store_id) WHERE p.mart = %s""",
                    (MART,)).fetchone()
                assert row is not None
                seen.add(row[1])
                if row != (DAYS, row[1], row[1], row[1]):
                    mixed.append(row)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for version in range(2, 16):
            replace_daily(lake, daily_rows(store, version, days=DAYS))
            take_horizon(lake, version)
            assert bring_out(database, lake).rows_inserted == DAYS
    finally:
        stop.set()
        reader.join()
    assert mixed == []
    assert len(seen) > 3, "the reader looked too seldom to prove anything"


def test_two_at_once_write_once(database: Database, lake: Lake, store: UUID) -> None:
    replace_daily(lake, daily_rows(store, 7, days=3))
    with database.pipelines_session() as session:
        assert try_lock(session, scope="publish", key=MART)
        with pytest.raises(PublicationMoved):
            bring_out(database, lake)
    assert days_of(database, store) == []
    assert bring_out(database, lake).rows_inserted == 3


def test_a_closed_gate_writes_nothing(database: Database, lake: Lake, store: UUID) -> None:
    replace_daily(lake, daily_rows(store, 7, days=3))
    asked = []

    def gate(mart: str, snapshot: int) -> None:
        asked.append((mart, snapshot))
        raise GateClosed(target=mart, check="any", count=1)

    with pytest.raises(GateClosed):
        publish(database, lake, MART, gate=gate)
    assert days_of(database, store) == [] and asked == [(MART, lake.snapshot_id())]


def test_an_older_state_is_refused(database: Database, lake: Lake, store: UUID) -> None:
    replace_daily(lake, daily_rows(store, 7, days=3))
    bring_out(database, lake)
    with database.owner_session() as session:
        session.execute(text("UPDATE publication SET taken_at = :later, lake_snapshot_id = 1000000"),
                        {"later": TAKEN_AT + timedelta(hours=1)})
    replace_daily(lake, daily_rows(store, 8, days=3))
    with pytest.raises(LakeIsBehind):
        bring_out(database, lake)
    assert days_of(database, store) == [7] * 3


def test_a_new_lake_publishes_everything_even_if_its_snapshots_have_the_old_numbers(
        database: Database, lake: Lake, store: UUID) -> None:
    """As after deleting the lake: its change feed knows nothing of what an older lake had published."""
    replace_daily(lake, daily_rows(store, 7, days=3))
    bring_out(database, lake)
    with database.owner_session() as session:
        session.execute(text("UPDATE daily_store_metrics SET orders_count = 666"))
        session.execute(text("UPDATE publication SET horizon = 77"))
    done = bring_out(database, lake)
    assert (done.is_full, done.rows_inserted) == (True, 3)


def test_nothing_stays_if_publishing_fails_half_way(database: Database, lake: Lake, store: UUID) -> None:
    replace_daily(lake, daily_rows(store, 7, days=3))
    bring_out(database, lake)
    before = standing(database, store)
    broken = daily_rows(store, 8, days=3).with_columns(net_sales_amount=polars.col("net_sales_amount") - 1)
    replace_daily(lake, broken)
    take_horizon(lake, 2)
    with pytest.raises(psycopg.errors.CheckViolation):
        bring_out(database, lake)
    assert days_of(database, store) == [7] * 3 and standing(database, store) == before
