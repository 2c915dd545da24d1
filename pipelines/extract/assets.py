"""Raw tables: what one extraction pass copies from Postgres. One step for all, since they share one horizon."""

from collections.abc import Iterator

import dagster as dg

from pipelines.metadata import raw_facts, table_schema
from pipelines.naming import INGESTION, OWNER, asset_key
from pipelines.priority import TABLES_PRIORITY
from pipelines.resources import River
from pipelines.steps import is_full, step
from warehouse.extraction import extract
from warehouse.tables import RAW_TABLES, RawTable


def raw_spec(table: RawTable) -> dg.AssetSpec:
    """The asset of one raw table."""
    return dg.AssetSpec(
        asset_key(f"raw.{table.name}"), description=f"{table.description} Copied from `{table.source_table}`.",
        group_name=INGESTION, owners=[OWNER], kinds={"postgres", "ducklake"}, code_version="1",
        metadata={"dagster/column_schema": table_schema(table.columns), "dagster/table_name": f"raw.{table.name}",
                  "key": ", ".join(table.key)})


@dg.multi_asset(
    name="extract", specs=[raw_spec(table) for table in RAW_TABLES.values()],
    description="Reads every row committed since the last horizon, in one lake transaction for all tables.",
    op_tags={"dagster/priority": TABLES_PRIORITY})
def raw_tables(
    context: dg.AssetExecutionContext, river: dg.ResourceParam[River]
) -> Iterator[dg.MaterializeResult[None]]:
    with step(context, river):
        done = extract(river.lake, full=is_full(context))
        facts = {name: raw_facts(river, table, done) for name, table in done.tables.items()}
    for name, metadata in facts.items():
        yield dg.MaterializeResult(asset_key=asset_key(f"raw.{name}"), metadata=metadata)
