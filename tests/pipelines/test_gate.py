"""A failing blocking check stops publishing, in the run that finds it and in any later attempt."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.settings import Settings
from pipelines.checks.gate import gating_checks, tables_written
from pipelines.run import materialize
from tests.conftest import cloned_database, create_database, drop_database
from tests.lakes import KeptLake
from tests.pipelines.conftest import small_settings
from tests.pipelines.river import everything_published, published, run
from warehouse.connection import Lake

CORRUPT = "UPDATE marts.daily_store_metrics SET net_sales_amount = net_sales_amount + 1 WHERE orders_count > 0"


@pytest.fixture(scope="module")
def complete(
    server_url: str, demo_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, KeptLake]]:
    """A shop whose lake and published tables are complete: the name of its database, and the lake."""
    name, settings = f"stormcom_complete_{uuid4().hex[:12]}", small_settings(tmp_path_factory.mktemp("complete"))
    database = Database(create_database(server_url, name, demo_template))
    assert run(settings, database).success
    database.dispose()
    yield name, KeptLake.of(database.url, settings.lake_path)
    drop_database(server_url, name)


@pytest.fixture
def shop(server_url: str, complete: tuple[str, KeptLake]) -> Iterator[Database]:
    """A copy of the complete shop."""
    with cloned_database(server_url, complete[0]) as database:
        yield database


@pytest.fixture
def filled(shop: Database, settings: Settings, complete: tuple[str, KeptLake]) -> Iterator[Lake]:
    """A copy of the complete lake; it stays open for the test to spoil."""
    with complete[1].copied(shop.url, settings.lake_path) as lake:
        yield lake


def spoil(lake: Lake) -> None:
    with lake.transaction("marts.daily_store_metrics") as connection:
        connection.execute(CORRUPT)


def test_a_spoilt_mart_is_not_published(shop: Database, settings: Settings, filled: Lake) -> None:
    before = everything_published(shop)
    spoil(filled)
    told = run(settings, shop)
    assert not told.success
    assert told.checks["marts/daily_store_metrics:daily_identities"] is False
    assert "published/daily_store_metrics" not in told.facts, "published in spite of a failed check"
    assert "published/order_attribution" in told.facts, "other marts have nothing to do with it"
    assert everything_published(shop) == before

    alone = materialize(settings, shop.url, select="published/daily_store_metrics")
    assert not alone.success
    assert "daily_identities" in alone.failures["published__daily_store_metrics"]
    assert published(shop, "daily_store_metrics") == before["daily_store_metrics"]

    healed = materialize(settings, shop.url, full=True)
    assert healed.success, healed.failures
    assert everything_published(shop) == before


def test_a_row_lost_on_the_way_stops_everything(shop: Database, settings: Settings, filled: Lake) -> None:
    with filled.transaction("raw") as connection:
        connection.execute("DELETE FROM raw.order_items WHERE id = (SELECT MIN(id) FROM raw.order_items)")
    with shop.owner_session() as session:
        session.execute(text("DELETE FROM daily_store_metrics"))
    report = materialize(settings, shop.url)
    assert not report.success
    assert report.steps["check_conservation"] == "failed"
    assert report.steps["published__daily_store_metrics"] == "skipped"
    assert published(shop, "daily_store_metrics") == set()


def test_each_mart_answers_for_what_it_is_made_of() -> None:
    assert {"conservation", "unique_keys", "daily_identities", "models_complete"} <= set(
        gating_checks("daily_store_metrics"))
    assert "attribution_conserves" in gating_checks("order_attribution")
    assert "daily_identities" not in gating_checks("order_attribution")


def test_the_lake_tells_which_tables_were_written(filled: Lake) -> None:
    before = filled.snapshot_id()
    assert tables_written(filled, before, before) == set()
    spoil(filled)
    assert tables_written(filled, before, filled.snapshot_id()) == {"marts.daily_store_metrics"}
