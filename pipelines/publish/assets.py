"""Published tables: the marts as Postgres serves them to the API, each written in one transaction."""

from datetime import timedelta
from functools import partial
from typing import Any

import dagster as dg

from pipelines.checks.gate import require_passed
from pipelines.metadata import description_of, horizon_facts, table_schema
from pipelines.naming import OWNER, PUBLISH, asset_key, published_key
from pipelines.priority import PUBLISH_PRIORITY
from pipelines.publish.publication import Published, publish
from pipelines.resources import River
from pipelines.steps import step
from warehouse.columns import Column
from warehouse.model import Model
from warehouse.models import MARTS, MODELS
from warehouse.preview import preview

# The hourly schedule publishes in any case, so two missed hours are worth a look and a missed day is a failure.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=24), warn_window=timedelta(hours=2))
_ADDED = (
    Column("horizon", "BIGINT", "horizon of the row's last change; publication says how far the whole is complete"),
    Column("published_at", "TIMESTAMPTZ", "when the row was last written"),
)


def published_asset(mart: str) -> dg.AssetsDefinition:
    """The asset of one published table."""
    model = MODELS[f"marts.{mart}"]

    @dg.asset(
        key=published_key(mart), deps=[asset_key(model.full_name)], group_name=PUBLISH, owners=[OWNER],
        description=f"What API and dashboard read. {description_of(model)}", kinds={"postgres"}, code_version="1",
        freshness_policy=FRESH, op_tags={"dagster/priority": PUBLISH_PRIORITY},
        metadata={"dagster/column_schema": table_schema((*model.columns, *_ADDED)),
                  "dagster/table_name": f"public.{mart}", "key": ", ".join(model.key)})
    def published(context: dg.AssetExecutionContext, river: dg.ResourceParam[River]) -> dg.MaterializeResult[None]:
        with step(context, river):
            done = publish(river.database, river.lake, mart, gate=partial(require_passed, river))
            metadata = facts_of(river, model, done)
        return dg.MaterializeResult(metadata=metadata)

    return published


def facts_of(river: River, model: Model, done: Published) -> dict[str, Any]:
    """Metadata of a published table."""
    return {
        "dagster/row_count": dg.MetadataValue.int(done.row_count),
        "dagster/column_lineage": same_columns(model),
        "rows_changed": dg.MetadataValue.int(max(done.rows_inserted, done.rows_deleted)),
        "rows_inserted": dg.MetadataValue.int(done.rows_inserted),
        "rows_deleted": dg.MetadataValue.int(done.rows_deleted),
        "touched_keys": dg.MetadataValue.int(done.touched_count),
        "mode": "full" if done.is_full else "touched",
        "preview": dg.MetadataValue.md(preview(river.lake, model.full_name)),
        **horizon_facts(done.delta.horizon, done.delta.snapshot_id, river.clock),
    }


def same_columns(model: Model) -> dg.TableColumnLineage:
    """Each column comes from the mart's column of the same name."""
    source = asset_key(model.full_name)
    return dg.TableColumnLineage({
        name: [dg.TableColumnDep(asset_key=source, column_name=name)] for name in model.names})


PUBLISHED_ASSETS = [published_asset(mart) for mart in MARTS]
