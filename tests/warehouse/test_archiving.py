"""Months go through time: made ahead, refused outside, archived only when the lake holds the very same rows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from oltp.audit.actions import record_audit
from oltp.db.partitions import PARTITIONED, OutsideMonths, list_partitions
from oltp.db.session import Database
from oltp.events.tasks import ensure_partitions
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from tests.conftest import NOON, cloned_database, create_store
from tests.lakes import KeptLake
from tests.warehouse.shop import Shop
from warehouse.archiving import DiffersFromLake, Month, TooYoung, archivable, archive, list_months
from warehouse.checks import run_check
from warehouse.connection import Lake
from warehouse.extraction import extract

MONTHS = 14


@pytest.fixture(scope="module")
def later(
    server_url: str, template: str, empty_lake: KeptLake, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, Lake, Shop, FixedClock]]:
    """A shop and its lake after fourteen months, each with an event and an audit entry."""
    clock = FixedClock(NOON)
    with (
        cloned_database(server_url, template) as database,
        empty_lake.copied(database.url, tmp_path_factory.mktemp("months") / "lake") as lake,
    ):
        shop = Shop(database, create_store(database, slug="demo"))
        visitor = shop.visitor("visitor")
        for _ in range(MONTHS + 1):
            now = clock.now()
            ensure_partitions(Work(database, clock, {}))
            _assert_a_year_each_way(database, now)
            shop.event("page_view", f"{now:%Y-%m-%d %H:%M}", visitor, utm_source="new’s; -", country=None)
            with database.session_for(shop.store_id) as session:
                record_audit(session, store_id=shop.store_id, action="price.changed", entity_type="product",
                             entity_id="lämp:1", occurred_at=now)
            clock.advance(timedelta(days=31))
        clock.advance(timedelta(days=-31))
        extract(lake, taken_at=clock.now())
        yield database, lake, shop, clock


def _assert_a_year_each_way(database: Database, now: datetime) -> None:
    for table in PARTITIONED:
        with database.worker_session() as session:
            held = list_partitions(session, table=table)
        for offset in range(now.month - 13, now.month + 12):
            month = datetime(now.year + offset // 12, offset % 12 + 1, 1, tzinfo=UTC)
            assert sum(each.from_at <= month < each.to_at for each in held) == 1, (table, month)


def _named(lake: Lake, name: str) -> Month:
    return next(month for month in list_months(lake) if month.name == name)


def test_what_the_lake_holds_otherwise_is_not_archived(later: tuple[Database, Lake, Shop, FixedClock]) -> None:
    _, lake, _, clock = later
    today = clock.now().date()
    defects = {
        "analytics_event_202611": "UPDATE raw.analytics_events SET utm_source = 'new’s; +' WHERE occurred_at < {end}",
        "audit_logs_202611": "DELETE FROM raw.audit_logs WHERE created_at < {end}",
        "audit_logs_202612": "UPDATE raw.audit_logs SET entity_id = 'lämp:2' WHERE created_at < {end}",
    }
    for name, defect in defects.items():
        month = _named(lake, name)
        with lake.transaction("raw") as connection:
            connection.execute("CREATE OR REPLACE TEMP TABLE kept_events AS FROM raw.analytics_events")
            connection.execute("CREATE OR REPLACE TEMP TABLE kept_entries AS FROM raw.audit_logs")
            connection.execute(defect.format(end=f"'{month.to_at.isoformat()}'"))
        with pytest.raises(DiffersFromLake, match=name):
            list(archive(lake, [month], today=today))
        with lake.transaction("raw") as connection:
            for table, kept in (("analytics_events", "kept_events"), ("audit_logs", "kept_entries")):
                connection.execute(f"DELETE FROM raw.{table}; INSERT INTO raw.{table} FROM {kept}")
        assert _named(lake, name) == month
    with pytest.raises(TooYoung, match="younger than twelve months"):
        list(archive(lake, [_named(lake, "audit_logs_202702")], today=today))


def test_old_months_are_archived_and_stay_in_the_lake(later: tuple[Database, Lake, Shop, FixedClock]) -> None:
    database, lake, shop, clock = later
    today = clock.now().date()
    assert today == date(2028, 2, 1)
    old = archivable(list_months(lake), today=today)
    assert {month.name for month in old} >= {"analytics_event_202701", "audit_logs_202611", "audit_logs_202701"}
    assert not {"analytics_event_202702", "audit_logs_202702"} & {month.name for month in old}
    assert archivable(old, today=today, before=date(2026, 12, 20))[-1].name == "audit_logs_202611"
    digests = {month.name: digest.row_count for month, digest in archive(lake, old, today=today)}
    assert {name for name, count in digests.items() if count} == {
        f"{table}_{month}" for table in PARTITIONED for month in ("202611", "202612", "202701")}
    for _ in range(2):
        assert run_check(lake, "conservation").is_passed
        assert lake.query("SELECT (SELECT COUNT(*) FROM raw.analytics_events), (SELECT COUNT(*) FROM raw.audit_logs)") \
            == [(MONTHS + 1, MONTHS + 1)]
        extract(lake, taken_at=clock.now(), full=True)
    with database.owner_session() as session:
        assert session.scalar(text("SELECT count(*) FROM archive.audit_logs_202611")) == 1
        open_ones = """SELECT relname FROM pg_class WHERE relnamespace = 'archive'::regnamespace AND relkind = 'r'
                       AND NOT relforcerowsecurity"""
        assert session.scalars(text(open_ones)).all() == []
    for engine in (database.session_for(shop.store_id), database.pipelines_session()):
        with pytest.raises(DBAPIError, match="permission denied for schema archive"), engine as session:
            session.execute(text("SELECT * FROM archive.audit_logs_202611"))
    with pytest.raises(DBAPIError, match="2026-11 of audit_logs is archived"), database.worker_session() as session:
        session.execute(text("SELECT ensure_month_partitions('audit_logs', '2026-11-01', '2026-11-01')"))
    with database.owner_session() as session:
        session.execute(text("""
            ALTER TABLE archive.audit_logs_202611 SET SCHEMA public;
            ALTER TABLE audit_logs ATTACH PARTITION audit_logs_202611
              FOR VALUES FROM ('2026-11-01 00:00+00') TO ('2026-12-01 00:00+00')"""))
    assert run_check(lake, "conservation").is_passed


def test_a_row_of_no_month_is_refused_by_name(database: Database) -> None:
    store = create_store(database, slug="other")
    with pytest.raises(OutsideMonths, match=r"occurred_at .*audit_logs .*2019-01-01.*2025-11-01 to 2027-12-01"), \
            database.session_for(store) as session:
        record_audit(session, store_id=store, action="a", entity_type="b", entity_id="c",
                     occurred_at=datetime(2019, 1, 1, tzinfo=UTC))
    for place, statement in {
        "created_at .*audit_logs": """
            INSERT INTO audit_logs (store_id, action, entity_type, entity_id, created_at)
            VALUES (:store, 'a', 'b', 'c', '2019-01-01')""",
        "occurred_at .*analytics_event": """
            INSERT INTO analytics_event (store_id, event_id, occurred_at, corrected_at, name, ingest_batch_id)
            VALUES (:store, uuidv7(), '2019-01-01', now(), 'a', uuidv7())""",
    }.items():
        with pytest.raises(OutsideMonths, match=place), database.session_for(store) as session:
            session.execute(text(statement), {"store": store})
