"""The lake's door, the horizon, tombstones, checks and deltas for publishing."""

from pathlib import Path

import pytest

from oltp.db.session import Database
from tests.warehouse.flowing import NOW, flow
from tests.warehouse.shop import Shop, at
from warehouse.checks import CHECKS, run_check, run_checks
from warehouse.connection import Lake, LakeUnavailable
from warehouse.extraction import extract
from warehouse.horizon import NothingExtracted, current_horizon, has_news, horizon_lag
from warehouse.maintenance import compact
from warehouse.models import MODELS
from warehouse.preview import preview
from warehouse.publishing import mart_delta
from warehouse.refresh import content_hash, refresh, refresh_all


def test_a_postgres_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(LakeUnavailable, match=r"(?s)shop_lake at /nowhere.*Is Postgres running"):
        Lake.open("postgresql://postgres@/shop?host=/nowhere", data_path=tmp_path)


def test_an_error_leaves_nothing_and_frees_the_locks(lake: Lake) -> None:
    with pytest.raises(RuntimeError, match="stop"), lake.transaction("raw") as connection:
        connection.execute("INSERT INTO meta.numbers VALUES (-1)")
        raise RuntimeError("stop")
    assert lake.query("SELECT COUNT(*) FROM meta.numbers WHERE n = -1") == [(0,)]
    with lake.transaction("raw"):
        pass


def test_nothing_can_be_built_before_the_first_pass(lake: Lake) -> None:
    assert current_horizon(lake) is None
    with pytest.raises(NothingExtracted):
        refresh(lake, "staging.orders")


def test_only_surrogates_of_persons_enter(database: Database, shop: Shop, lake: Lake, lake_dir: Path) -> None:
    ada = shop.customer("ada.lovelace@example.test")
    shop.order("2026-11-01 12:00", (shop.product("TEA"), 1, 100), customer=ada, shipping_address='{"phone": "5550199"}')
    shop.event("page_view", "2026-11-01 12:00", shop.visitor("visitor-4711"), page_path="/account/ada")
    flow(lake)
    assert lake.query("SELECT COUNT(*) FROM raw.orders WHERE surrogate IS NOT NULL") == [(1,)]
    kept = [str(row) for name in ("orders", "subjects", "analytics_events") for row in lake.query(f"FROM raw.{name}")]
    files = b"".join(file.read_bytes() for file in lake_dir.rglob("*.parquet"))
    for secret in ("ada.lovelace", "5550199", "visitor-4711", "/account/ada", str(ada), str(shop.subject_of(ada))):
        assert not any(secret in row for row in kept)
        assert secret.encode() not in files


def test_deleted_rows_leave_and_open_writers_hold_the_horizon(database: Database, shop: Shop, lake: Lake) -> None:
    tea = shop.product("TEA")
    order = shop.order("2026-11-01 12:00", (tea, 1, 100))
    extract(lake, taken_at=NOW)
    assert not has_news(lake)
    with database.owner_session() as session:
        session.connection().exec_driver_sql("UPDATE products SET name = 'Open'")
        shop.execute("DELETE FROM orders WHERE id = :order", order=order)
        assert not has_news(lake)
        assert horizon_lag(lake).transactions > 0
        assert horizon_lag(lake).oldest_writer is not None
        extract(lake, taken_at=NOW)
        assert lake.query("SELECT COUNT(*) FROM raw.orders") == [(1,)]
        assert run_check(lake, "conservation").facts["in_flight"] > 0
        assert run_check(lake, "conservation").is_passed
    assert has_news(lake)
    passed = extract(lake, taken_at=NOW)
    assert (passed.mode, passed.tables["orders"].deleted, passed.tables["orders"].row_count) == ("delta", 1, 0)
    assert lake.query("SELECT name FROM raw.products") == [("Open",)]
    assert run_check(lake, "conservation").facts == {"in_flight": 0}


def test_another_cluster_or_an_older_one_is_read_in_full(shop: Shop, lake: Lake) -> None:
    shop.product("TEA")
    assert extract(lake, taken_at=NOW).mode == "full"
    assert extract(lake, taken_at=NOW).mode == "delta"
    for change in ("timeline = timeline + 1", "system_identifier = 1", "horizon = horizon + 1000000"):
        with lake.transaction() as connection:
            connection.execute(f"UPDATE meta.horizon SET {change}")
        assert extract(lake, taken_at=NOW).mode == "full", change
        assert lake.query("SELECT COUNT(*) FROM raw.products") == [(1,)]


DEFECTS = {
    "unique_keys": "INSERT INTO raw.products FROM raw.products",
    "daily_identities": "UPDATE marts.daily_store_metrics SET net_sales_amount = net_sales_amount + 1",
    "reversals_within_order": "UPDATE staging.movements SET sales_amount = 999999",
    "refunds_within_total": "UPDATE raw.refunds SET amount = 999999",
    "attribution_conserves": "UPDATE marts.order_attribution SET credit_amount = 1 WHERE model = 'linear'",
    "sales_views_agree": "UPDATE marts.daily_store_metrics SET sales_reversals_amount = 7 WHERE orders_count > 0",
    "events_conserved": "INSERT INTO raw.ingest_batches (store_id, id, received_count, accepted_count, rejected_count, "
    "duplicate_count, quarantined_count, unconsented_count) SELECT id, uuid(), 3, 1, 1, 0, 0, 0 FROM raw.stores",
    "one_currency": "UPDATE raw.orders SET currency = 'EUR'",
    "models_complete": "DELETE FROM staging.orders",
    "cohort_identities": "UPDATE marts.cohort_metrics SET retained_count = 0 WHERE period_index = 0",
}


def test_each_check_finds_its_defect(shop: Shop, lake: Lake) -> None:
    ada = shop.customer("ada@example.test")
    order = shop.order("2026-11-01 12:00", (shop.product("TEA"), 2, 1000), customer=ada)
    shop.refund(order, "2026-11-02 12:00", ("item", 300, 1))
    flow(lake)
    assert [result.check.name for result in run_checks(lake) if not result.is_passed] == []
    assert {*DEFECTS, "conservation"} == set(CHECKS)
    for name, defect in DEFECTS.items():
        with pytest.raises(RuntimeError, match="taken back"), lake.transaction() as connection:
            connection.execute(defect)
            assert not run_check(lake, name).is_passed, name
            raise RuntimeError("taken back")
    with lake.transaction() as connection:  # it takes its own snapshot, so its defect has to be committed
        connection.execute("DELETE FROM raw.order_items")
    lost = run_check(lake, "conservation")
    assert (lost.offender_count, lost.offenders["problem"].to_list()) == (1, ["missing in the lake"])


def test_deltas_name_what_changed_since_a_snapshot(shop: Shop, lake: Lake) -> None:
    tea = shop.product("TEA")
    for number in (1, 2, 3):
        shop.order(f"2026-11-0{number} 15:00", (tea, 1, 1000))
    flow(lake)
    first = mart_delta(lake, "daily_store_metrics", since_snapshot=None)
    assert (first.is_full, first.rows.height, first.row_count) == (True, 3, 3)
    same = mart_delta(lake, "daily_store_metrics", since_snapshot=first.snapshot_id)
    assert (same.is_full, same.rows.height, same.keys.height) == (False, 0, 0)
    shop.order("2026-11-02 16:00", (tea, 1, 500))
    flow(lake)
    later = mart_delta(lake, "daily_store_metrics", since_snapshot=first.snapshot_id)
    assert (later.is_full, later.row_count) == (False, 3)
    assert later.keys["store_day"].to_list() == [at("2026-11-02").date()]
    assert later.rows["gross_sales_amount"].to_list() == [1500]
    assert later.horizon == current_horizon(lake)
    assert mart_delta(lake, "daily_store_metrics", since_snapshot=10**6).is_full


def test_compaction_changes_no_row(shop: Shop, lake: Lake) -> None:
    tea = shop.product("TEA")
    for number in range(2, 4):
        shop.order(f"2026-11-0{number} 15:00", (tea, 1, 1000))
        flow(lake)
    before = {name: content_hash(lake, name) for name in MODELS}
    compact(lake)
    assert {name: content_hash(lake, name) for name in MODELS} == before
    shop.order("2026-11-04 15:00", (tea, 1, 1000))
    flow(lake)
    assert refresh_all(lake)[0].mode == "nothing"
    assert lake.query("SELECT SUM(orders_count) FROM marts.daily_store_metrics") == [(3,)]
    assert preview(lake, "marts.daily_store_metrics", limit=1).count("\n") == 2


def test_baskets_recommend_what_is_bought_together(shop: Shop, lake: Lake) -> None:
    """Tea and cup share 20 of 40 baskets, saw and nail the rest; the lamp is in one. An archived one is not shown."""
    tea, cup, saw, nail, lamp = (shop.product(sku) for sku in ("TEA", "CUP", "SAW", "NAIL", "LAMP"))
    for number in range(20):
        shop.order(
            f"2026-11-{number + 1:02d} 15:00", (tea, 1, 100), (cup, 1, 100), *([(lamp, 1, 100)] if number == 0 else [])
        )
        shop.order(f"2026-11-{number + 1:02d} 16:00", (saw, 1, 100), (nail, 1, 100))
    shop.execute("UPDATE products SET status = 'ARCHIVED' WHERE sku = 'NAIL'")
    flow(lake)
    rows = lake.query(
        "SELECT product_id, recommended_product_id, rank, support FROM marts.product_recommendation "
        "WHERE kind = 'bought_together' ORDER BY product_id"
    )
    assert set(rows) == {(tea, cup, 1, 20), (cup, tea, 1, 20), (nail, saw, 1, 20)}
    best = lake.query(
        "SELECT recommended_product_id, support FROM marts.product_recommendation WHERE kind = 'bestsellers'"
    )
    assert dict(best) == {tea: 20, cup: 20, saw: 20, lamp: 1}
