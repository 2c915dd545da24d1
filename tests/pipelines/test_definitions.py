"""What analysts see: a change of the graph shows up as a change of a text file."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from oltp.kit.settings import Settings
from pipelines.automation import TICK_SECONDS
from pipelines.definitions import build_definitions
from pipelines.naming import asset_key
from warehouse.models import MARTS, MODELS
from warehouse.tables import RAW_TABLES

SNAPSHOT = Path(__file__).parent / "snapshots" / "definitions.txt"


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(Settings(), None)


def outline(definitions: dg.Definitions) -> str:
    """One line per asset (group, kinds, owners, what it is made of), check, job, schedule and sensor."""
    graph = definitions.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        made_of = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys)) or "-"
        lines.append(f"asset {key.to_user_string()} [{node.group_name}] {'/'.join(sorted(node.kinds))} "
                     f"{' '.join(node.owners)} <- {made_of}")
    for check in sorted(graph.asset_check_keys):
        how = "blocks" if graph.get(check).blocking else "reports"
        lines.append(f"check {check.asset_key.to_user_string()} {check.name} {how}")
    repository = definitions.get_repository_def()
    lines += [f"job {name}" for name in sorted(repository.job_names) if not name.startswith("__")]
    lines += [f"schedule {each.name} '{each.cron_schedule}' {each.job_name}" for each in repository.schedule_defs]
    lines += [f"sensor {each.name} {each.default_status.value}" for each in repository.sensor_defs]
    return "\n".join(lines) + "\n"


def test_the_graph_is_as_written_down(definitions: dg.Definitions) -> None:
    """After a wanted change: python -m tests.pipelines.test_definitions writes the file anew."""
    assert outline(definitions) == SNAPSHOT.read_text()


def test_every_asset_explains_itself(definitions: dg.Definitions) -> None:
    for spec in definitions.resolve_all_asset_specs():
        assert spec.description and len(spec.description) > 20, spec.key
        assert spec.owners and spec.kinds and spec.group_name and spec.code_version, spec.key
        assert "dagster/table_name" in spec.metadata, spec.key


def test_a_mart_explains_each_of_its_metrics_and_columns(definitions: dg.Definitions) -> None:
    spec = next(each for each in definitions.resolve_all_asset_specs()
                if each.key == asset_key("marts.daily_store_metrics"))
    assert spec.description is not None and "**Net sales** (net_sales): Gross sales less discounts" in spec.description
    schema = spec.metadata["dagster/column_schema"]
    columns = {column.name: column.description for column in schema.columns}
    assert set(columns) == set(MODELS["marts.daily_store_metrics"].names)
    assert all(columns.values())


def test_every_table_of_the_lake_is_an_asset_and_every_mart_is_published(definitions: dg.Definitions) -> None:
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    tables = {asset_key(f"raw.{name}") for name in RAW_TABLES} | {asset_key(name) for name in MODELS}
    published = {dg.AssetKey(["published", mart]) for mart in (*MARTS, "product_embedding")}
    assert keys == tables | published


def test_a_model_waits_for_those_that_list_its_work(definitions: dg.Definitions) -> None:
    """Customers are not made of movements, but a refund touches its customer, and through the customer the cohort."""
    graph = definitions.resolve_asset_graph()
    assert asset_key("staging.movements") in graph.get(asset_key("staging.customers")).parent_keys


def test_each_published_table_waits_for_a_blocking_check(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    blocked = {check.asset_key for check in graph.asset_check_keys
               if graph.get(check).blocking}
    assert {asset_key(f"marts.{mart}") for mart in MARTS} <= blocked


def test_the_sensor_asks_at_least_once_a_minute() -> None:
    assert TICK_SECONDS <= 30


def test_loading_needs_neither_a_database_nor_a_model() -> None:
    code = ("import sys, pipelines.definitions\n"
            "print(sorted({'torch', 'sentence_transformers', 'matplotlib'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"PATH": "/usr/bin:/bin"}, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"


if __name__ == "__main__":
    SNAPSHOT.write_text(outline(build_definitions(Settings(), None)))
