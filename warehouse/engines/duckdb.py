"""The engine of one machine: models computed by DuckDB over tables of its own, without a lake.

It answers what the lake's bookkeeping costs, and is the side that another engine is compared with.
"""

from collections.abc import Mapping

import duckdb

from warehouse.models import MODELS
from warehouse.runner import bound, load_sql


def materialise(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, object]) -> dict[str, int]:
    """Compute every model from the raw and meta tables that stand in `connection`; full name → rows."""
    rows = {}
    for schema in ("staging", "marts"):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for name, model in MODELS.items():
        text = load_sql(model.schema, model.name)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS {text}", bound(text, parameters))
        row = connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()
        rows[name] = int(row[0]) if row else 0
    return rows
