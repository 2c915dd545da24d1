"""The sensor: it follows the shop, is quiet at rest, and does not hammer on what can't be published."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import FixedClock, SystemClock
from oltp.kit.settings import Settings
from pipelines.automation import REFRESH, RIVER_JOB, follow_the_shop
from pipelines.definitions import build_definitions
from pipelines.extract.news import find_news
from pipelines.patience import LONGEST_PAUSE, SILENT_AFTER, Attempt, is_busy
from pipelines.resources import River
from pipelines.steps import CORRELATION_TAG
from tests.pipelines.shop_rows import place_order, store_named
from warehouse.models import MARTS

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def publish_all(database: Database) -> None:
    """As if everything committed until now were published."""
    with database.owner_session() as session:
        session.execute(text("""
            INSERT INTO publication (store_id, mart, horizon, taken_at, lake_snapshot_id, row_count)
            SELECT s.id, m.mart, pg_snapshot_xmin(pg_current_snapshot())::text::bigint, now(), 1, 0
            FROM stores s, unnest(CAST(:marts AS text[])) AS m(mart)
            ON CONFLICT (store_id, mart) DO UPDATE SET horizon = excluded.horizon"""), {"marts": list(MARTS)})


def tick(database: Database, settings: Settings, clock: FixedClock, instance: dg.DagsterInstance,
         cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    river = River(settings, database.url, clock=clock)
    try:
        context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"river": river})
        told = follow_the_shop(context)
    finally:
        river.close()
    assert isinstance(told, (dg.SensorResult, dg.SkipReason))
    return told


def news(database: Database) -> frozenset[str]:
    with database.pipelines_session() as session:
        return find_news(session).tables


def test_a_shop_without_stores_has_no_news(database: Database) -> None:
    assert news(database) == frozenset()


def test_everything_is_news_until_it_is_published(shop: Database) -> None:
    assert "orders" in news(shop)
    publish_all(shop)
    assert news(shop) == frozenset()


def test_an_order_is_news_once_it_is_committed(shop: Database) -> None:
    publish_all(shop)
    store = store_named(shop, "home")
    with shop.session_for(store) as session:
        session.execute(text("UPDATE orders SET updated_at = now() "
                             "WHERE order_number = (SELECT min(order_number) FROM orders)"))
        assert news(shop) == frozenset(), "an open transaction is no news yet"
    assert news(shop) == {"orders"}
    place_order(shop, store, placed_at=SystemClock().now())
    assert {"orders", "order_items"} <= news(shop)


def test_a_deletion_is_news(shop: Database) -> None:
    publish_all(shop)
    with shop.session_for(store_named(shop, "home")) as session:
        session.execute(text("DELETE FROM refund_item WHERE id = (SELECT min(id::text)::uuid FROM refund_item)"))
    assert "row_tombstone" in news(shop)


def test_a_horizon_from_another_cluster_makes_everything_news(shop: Database) -> None:
    publish_all(shop)
    with shop.owner_session() as session:
        session.execute(text("UPDATE publication SET horizon = 999999999999"))
    assert "orders" in news(shop)


def test_the_sensor_asks_for_one_run_and_waits_for_it(
        shop: Database, settings: Settings, clock: FixedClock) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first = tick(shop, settings, clock, instance)
        assert isinstance(first, dg.SensorResult) and first.run_requests
        (request,) = first.run_requests
        assert request.job_name == RIVER_JOB.name and request.tags[CORRELATION_TAG]

        again = tick(shop, settings, clock, instance, cursor=first.cursor)
        assert isinstance(again, dg.SkipReason) and "published nothing" in str(again.skip_message)
        clock.advance(timedelta(minutes=2))
        later = tick(shop, settings, clock, instance, cursor=first.cursor)
        assert isinstance(later, dg.SensorResult), "a run that died must be tried again"

        publish_all(shop)
        quiet = tick(shop, settings, clock, instance, cursor=first.cursor)
        assert isinstance(quiet, dg.SkipReason) and "Nothing is new" in str(quiet.skip_message)

        place_order(shop, store_named(shop, "home"), placed_at=SystemClock().now())
        moved = tick(shop, settings, clock, instance, cursor=later.cursor)
        assert isinstance(moved, dg.SensorResult) and moved.run_requests
        assert moved.run_requests[0].job_name == REFRESH.name, "no product changed, no vector is stale"


def test_a_working_run_keeps_the_sensor_waiting_but_a_killed_one_does_not_for_ever(
        settings: Settings) -> None:
    definitions = build_definitions(settings, None)
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def(REFRESH.name)
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        now = SystemClock().now()
        assert is_busy(instance, [REFRESH.name], now=now)
        assert not is_busy(instance, ["maintenance"], now=now)
        assert not is_busy(instance, [REFRESH.name], now=now + SILENT_AFTER + timedelta(minutes=1))


def test_pauses_grow_while_nothing_is_published_and_end_when_something_is() -> None:
    attempt = Attempt.after(None, published=5, now=NOW)
    pauses = []
    for _ in range(12):
        pauses.append(attempt.next_at - NOW)
        attempt = Attempt.after(attempt, published=5, now=NOW)
    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses == sorted(pauses) and pauses[-1] == LONGEST_PAUSE
    assert Attempt.after(attempt, published=6, now=NOW).count == 1
    assert not attempt.is_too_early(published=6, now=NOW)


@pytest.mark.parametrize("cursor", [None, ""])
def test_a_fresh_cursor_is_no_attempt(cursor: str | None) -> None:
    assert Attempt.read(cursor) is None


def test_a_cursor_reads_what_it_wrote() -> None:
    attempt = Attempt.after(None, published=None, now=NOW)
    assert Attempt.read(attempt.text()) == attempt
