"""Metadata on an asset's page: schema, lineage, counts, horizon, preview, plot. No personal data: the lake has none."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from oltp.kit.clock import Clock
from oltp.kit.metrics import metrics_of
from pipelines.lineage import table_lineage
from pipelines.resources import River
from pipelines.sparkline import sparkline
from warehouse.columns import Column
from warehouse.connection import Lake
from warehouse.extraction import ExtractionPass
from warehouse.horizon import Horizon
from warehouse.merging import TablePass
from warehouse.model import Model
from warehouse.models import MODELS
from warehouse.preview import preview
from warehouse.refresh import Refresh

PLOT_DAYS = 90
_PLOT = """
SELECT CAST(SUM({column}) AS BIGINT) FROM marts.daily_store_metrics
WHERE store_day > (SELECT MAX(store_day) FROM marts.daily_store_metrics) - INTERVAL {days} DAY
GROUP BY store_day ORDER BY store_day"""


def table_schema(columns: Iterable[Column]) -> dg.TableSchema:
    """Columns with their types and meanings, as the UI shows them."""
    return dg.TableSchema([dg.TableColumn(column.name, column.type, description=column.description)
                           for column in columns])


def description_of(model: Model) -> str:
    """What one row is, and the definition of every metric it holds, from the registry."""
    metrics = metrics_of(model.name) if model.schema == "marts" else ()
    lines = [f"- **{metric.label}** ({metric.name}): {metric.definition}" for metric in metrics]
    return "\n".join([model.description, *(["", *lines] if lines else [])])


def horizon_facts(horizon: Horizon, snapshot_id: int, clock: Clock) -> dict[str, Any]:
    """Up to where Postgres was read, how long ago, and the lake snapshot that reproduces these numbers."""
    return {
        "horizon": dg.MetadataValue.int(horizon.horizon),
        "complete_through": dg.MetadataValue.timestamp(horizon.taken_at),
        "horizon_lag_seconds": dg.MetadataValue.float(
            round((clock.now() - horizon.taken_at).total_seconds(), 1)),
        "lake_snapshot_id": dg.MetadataValue.int(snapshot_id),
    }


def raw_facts(river: River, table: TablePass, done: ExtractionPass) -> Mapping[str, Any]:
    """Metadata of one raw table after an extraction pass."""
    return {
        "dagster/row_count": dg.MetadataValue.int(table.row_count),
        "rows_changed": dg.MetadataValue.int(table.inserted + table.deleted),
        "mode": done.mode,
        "touched_keys": dg.MetadataValue.json(dict(done.touched)),
        "seconds": dg.MetadataValue.float(round(done.seconds, 2)),
        "preview": dg.MetadataValue.md(preview(river.lake, f"raw.{table.table}")),
        **horizon_facts(done.horizon, done.snapshot_id, river.clock),
    }


def model_facts(river: River, done: Refresh) -> Mapping[str, Any]:
    """Metadata of a staging table or mart after a refresh."""
    facts = {
        "dagster/row_count": dg.MetadataValue.int(done.row_count),
        "dagster/column_lineage": table_lineage(MODELS[done.model], river.lineage_path),
        "rows_changed": dg.MetadataValue.int(done.rows_changed),
        "touched_keys": dg.MetadataValue.int(done.touched_count),
        "mode": done.mode,
        "seconds": dg.MetadataValue.float(round(done.seconds, 2)),
        "preview": dg.MetadataValue.md(preview(river.lake, done.model)),
        **horizon_facts(done.horizon, done.snapshot_id, river.clock),
    }
    if done.model == "marts.daily_store_metrics":
        facts["plot"] = dg.MetadataValue.md("\n\n".join(daily_plots(river.lake)))
    return facts


def daily_plots(lake: Lake) -> list[str]:
    """Counts of all stores together, day by day. No money: stores have different currencies."""
    plots = []
    for column, title in (("orders_count", "Orders"), ("sessions_count", "Sessions")):
        rows = lake.query(_PLOT.format(column=column, days=PLOT_DAYS))
        plots.append(sparkline(f"{title} a day, last {PLOT_DAYS} days, all stores", [int(n) for (n,) in rows]))
    return plots
