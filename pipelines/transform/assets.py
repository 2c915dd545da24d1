"""Staging tables and marts: one asset per model, rebuilt where its touched keys say so."""

import dagster as dg

from pipelines.metadata import description_of, model_facts, table_schema
from pipelines.naming import OWNER, asset_key, group_of
from pipelines.priority import TABLES_PRIORITY
from pipelines.resources import River
from pipelines.steps import is_full, step
from warehouse.model import Model
from warehouse.models import MODELS
from warehouse.refresh import refresh


def sources_of(model: Model) -> list[dg.AssetKey]:
    """What a model waits for: the tables it reads, and earlier models whose changes touch its keys.

    Without the latter a run could rebuild a model before its work is listed; the rows would be a run late.
    """
    earlier = list(MODELS.values())[:list(MODELS).index(model.full_name)]
    touching = {each.full_name for each in earlier if set(each.emits) & set(model.touched_kinds)}
    return [asset_key(name) for name in sorted(touching.union(model.depends_on))]


def model_asset(model: Model) -> dg.AssetsDefinition:
    """The asset of one model; its code version follows the model's SQL."""

    @dg.asset(
        key=asset_key(model.full_name), deps=sources_of(model),
        description=description_of(model), group_name=group_of(model.full_name), owners=[OWNER],
        kinds={"duckdb", "ducklake", "sql"}, op_tags={"dagster/priority": TABLES_PRIORITY}, code_version=model.version,
        metadata={"dagster/column_schema": table_schema(model.columns), "dagster/table_name": model.full_name,
                  "key": ", ".join(model.key), "rebuild_key": ", ".join(model.rebuild_key)})
    def built(context: dg.AssetExecutionContext, river: dg.ResourceParam[River]) -> dg.MaterializeResult[None]:
        with step(context, river):
            done = refresh(river.lake, model.full_name, full=is_full(context))
            metadata = model_facts(river, done)
        return dg.MaterializeResult(metadata=metadata)

    return built


MODEL_ASSETS = [model_asset(model) for model in MODELS.values()]
