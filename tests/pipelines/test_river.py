"""The whole river over a small shop: complete, idempotent, and only where something happened."""

from datetime import timedelta
from uuid import UUID

import dagster as dg
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from pipelines.run import materialize
from pipelines.steps import CORRELATION_TAG, FULL_TAG
from tests.pipelines.river import Told, everything_published, published, run
from tests.pipelines.shop_rows import place_order, store_named
from warehouse.models import MARTS


def orders_by_count(database: Database) -> dict[str, int]:
    """Counted orders of each store, straight from the shop's tables."""
    with database.pipelines_session() as session:
        rows = session.execute(text("SELECT store_id::text, count(*) FROM orders WHERE NOT is_test "
                                    "AND deleted_at IS NULL AND origin <> 'opening' GROUP BY 1"))
        return {store: int(count) for store, count in rows}


def published_orders(database: Database) -> dict[str, int]:
    with database.pipelines_session() as session:
        rows = session.execute(text(
            "SELECT store_id::text, sum(orders_count)::bigint FROM daily_store_metrics GROUP BY 1"))
        return {store: int(count) for store, count in rows}


def written(database: Database, mart: str) -> dict[str, tuple[str, str]]:
    """By store: the oldest and the newest transaction that wrote its rows."""
    with database.pipelines_session() as session:
        rows = session.execute(text(f"SELECT store_id::text, min(xmin::text), max(xmin::text) FROM {mart} GROUP BY 1"))
        return {store: (low, high) for store, low, high in rows}


def assert_complete(told: Told) -> None:
    assert told.success, told.failed
    assert [name for name, passed in told.checks.items() if not passed] == []


def assert_explained(told: Told) -> None:
    """Each asset reported how much it holds, up to where, out of which lake snapshot, and what it looks like."""
    for name, facts in told.facts.items():
        # The demo shops change no zone and write no audit entry.
        assert facts["dagster/row_count"] > 0 or name in {"raw/store_zone_history", "raw/audit_logs"}, name
        assert facts["preview"].startswith("| "), name
        if name != "published/product_embedding":
            assert facts["lake_snapshot_id"] > 0 and facts["horizon"] > 0 and facts["horizon_lag_seconds"] >= 0, name
    assert "data:image/svg+xml" in told.facts["marts/daily_store_metrics"]["plot"]
    lineage = told.facts["marts/daily_store_metrics"]["dagster/column_lineage"].deps_by_column
    assert {dep.asset_key for dep in lineage["gross_sales_amount"]} == {dg.AssetKey(["staging", "orders"])}


def test_complete_then_at_rest_then_only_where_something_happened(shop: Database, settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        first = run(settings, shop, instance=instance)
        (record,) = instance.get_run_records()
        assert record.dagster_run.tags[CORRELATION_TAG]
    assert_complete(first)
    assert_explained(first)
    assert published_orders(shop) == orders_by_count(shop)
    assert all(published(shop, mart) for mart in MARTS)

    before, versions = everything_published(shop), {mart: written(shop, mart) for mart in MARTS}
    again = run(settings, shop)
    assert_complete(again)
    assert again.changed() == {}
    assert everything_published(shop) == before
    assert {mart: written(shop, mart) for mart in MARTS} == versions, "rows were written anew without need"

    store = store_named(shop, "home")
    place_order(shop, store, placed_at=SystemClock().now() - timedelta(days=20))
    told = run(settings, shop)
    assert_complete(told)
    assert told.facts["raw/orders"]["mode"] == "delta" and told.facts["raw/orders"]["rows_changed"] == 1
    assert told.changed()["published/daily_store_metrics"] == 1
    assert len(published(shop, "daily_store_metrics") - before["daily_store_metrics"]) == 1
    assert published_orders(shop) == orders_by_count(shop)
    for mart in MARTS:
        assert without(written(shop, mart), store) == without(versions[mart], store), f"{mart}: another store's rows"

    incremental = everything_published(shop)
    rebuilt = run(settings, shop, tags={FULL_TAG: "true"})
    assert_complete(rebuilt)
    assert everything_published(shop) == incremental


def without(by_store: dict[str, tuple[str, str]], store: UUID) -> dict[str, tuple[str, str]]:
    return {key: value for key, value in by_store.items() if key != str(store)}


def test_materialize_tells_each_step_and_runs_only_what_is_selected(shop: Database, settings: Settings) -> None:
    told: list[tuple[str, str]] = []
    report = materialize(settings, shop.url, select="raw/*,staging/*,marts/daily_store_metrics+",
                         on_step=lambda step, state: told.append((step, state)))
    assert report.success and report.failures == {} and report.seconds > 0
    began = told.index(("extract", "started"))
    assert {state for _, state in told[:began]} == {"planned"}, "a progress bar needs its total first"
    assert {step for step, _ in told[:began]} == set(report.steps)
    assert told.index(("extract", "succeeded")) > began
    assert set(report.steps.values()) == {"succeeded"}
    assert published(shop, "daily_store_metrics") and not published(shop, "cohort_metrics")
