"""Column lineage for Dagster, remembered in a file: reading it off the SQL takes seconds, and SQL seldom changes."""

import json
import os
from pathlib import Path

import dagster as dg

from pipelines.naming import asset_key
from warehouse.lineage import column_lineage
from warehouse.model import Model

Sources = dict[str, list[list[str]]]


def table_lineage(model: Model, folder: Path) -> dg.TableColumnLineage:
    """From which columns of which assets each column of a model is made; rule tables are no assets."""
    file = folder / f"{model.full_name}-{model.version}.json"
    sources = _remembered(file)
    if sources is None:
        sources = {column: [[table, source] for table, source in found if not table.startswith("meta.")]
                   for column, found in column_lineage(model.full_name).items()}
        _remember(file, sources)
    return dg.TableColumnLineage({
        column: [dg.TableColumnDep(asset_key=asset_key(table), column_name=source) for table, source in found]
        for column, found in sources.items()})


def _remembered(file: Path) -> Sources | None:
    try:
        found: Sources = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return found


def _remember(file: Path, sources: Sources) -> None:
    """Another run may write the same file at the same moment: each moves a whole one into place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(sources))
    draft.replace(file)
