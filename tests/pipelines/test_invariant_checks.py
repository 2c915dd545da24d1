"""The shop's invariants as asset checks: one a room; a broken one is told with its rows, and stops nothing."""

from typing import Any

import dagster as dg
from sqlalchemy import text

from oltp.db.session import Database
from oltp.invariants import ROOMS
from oltp.kit.settings import Settings
from pipelines.definitions import build_definitions
from pipelines.naming import asset_key
from tests.selling import Goods, open_shop

CHECKED = dg.AssetSelection.assets(asset_key("raw.orders")).required_multi_asset_neighbors()
CONFIG = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def checks(database: Database, settings: Settings) -> dict[str, tuple[bool, dict[str, Any]]]:
    """Fill the tables of raw, which must succeed; return what each room's check found, and its metadata."""
    definitions = build_definitions(settings, database.url)
    job = dg.define_asset_job("checked", selection=CHECKED)
    whole = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job])).resolve_job_def("checked")
    result = whole.execute_in_process(run_config=CONFIG, raise_on_error=False)
    assert result.success
    return {each.check_name.removeprefix("invariants_of_"): (
                each.passed, {name: value.value for name, value in each.metadata.items()})
            for each in result.get_asset_check_evaluations() if each.check_name.startswith("invariants_of_")}


def test_a_broken_invariant_fails_the_check_of_its_room(database: Database, settings: Settings) -> None:
    shop = open_shop(database)
    goods: Goods = shop.product(stock=5)
    assert {name: passed for name, (passed, _) in checks(database, settings).items()} == dict.fromkeys(ROOMS, True)
    with database.owner_session() as session:
        session.execute(text("UPDATE inventory_level SET on_hand = on_hand + 1 WHERE store_id = :store"),
                        {"store": shop.store_id})
    found = checks(database, settings)
    assert [name for name, (passed, _) in found.items() if not passed] == ["inventory"]
    assert str(goods.variant_id) in found["inventory"][1]["level_is_the_sum_of_its_adjustments"]
