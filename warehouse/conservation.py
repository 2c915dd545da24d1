"""Conservation: what is in Postgres is in the lake, once, in the same version.

The horizon is no cut through one moment: rows written at or after it are not expected yet, and rows deleted since are
still expected away. Both are counted as in flight and are 0 when all writers rest. Months that were archived are only
in the lake: their rows are not compared.
"""

import duckdb
import polars

from warehouse.connection import Lake, quoted
from warehouse.horizon import Horizon, require_horizon
from warehouse.months import held
from warehouse.runner import load_sql
from warehouse.tables import RAW_TABLES, RawTable

_COMPARED = """
CREATE OR REPLACE TEMP TABLE compared AS
SELECT
  COALESCE(p.key, l.key) AS key, p.row_version AS shop_version, l.row_version AS lake_version,
  t.row_id IS NOT NULL AS is_leaving
FROM (SELECT {shop_key} AS key, row_version FROM {source}) AS p
FULL JOIN (SELECT {lake_key} AS key, {tombstone} AS row_id, row_version FROM raw.{name} WHERE {held}) AS l
  ON l.key = p.key
LEFT JOIN leaving AS t ON t.table_name = '{source_table}' AND t.row_id = l.row_id
"""
_PROBLEM = """
CASE WHEN lake_version IS NULL THEN 'missing in the lake'
     WHEN shop_version IS NULL THEN 'not in Postgres' ELSE 'another version' END
"""


def conservation(lake: Lake) -> tuple[polars.DataFrame, int]:
    """Offenders (relation, key, problem) and the number of rows in flight."""
    frames, in_flight = [], 0
    with lake.transaction() as connection:  # one snapshot of the lake for horizon and rows
        horizon = require_horizon(lake)
        window = f"row_version >= '{horizon.horizon}'::xid8"
        tombstones = quoted(f"SELECT DISTINCT table_name, row_id FROM row_tombstone WHERE {window}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE leaving AS FROM postgres_query('shop', {tombstones})")
        for table in RAW_TABLES.values():
            offenders, flying = _compare(connection, table, horizon)
            frames.append(offenders)
            in_flight += flying
    return polars.concat(frames), in_flight


def _compare(connection: duckdb.DuckDBPyConnection, table: RawTable, horizon: Horizon) -> tuple[polars.DataFrame, int]:
    key = f"CONCAT_WS(' ', {', '.join(f'CAST({column} AS VARCHAR)' for column in table.key)})"
    text = f"SELECT {', '.join(table.key)}, row_version FROM ({load_sql('raw', table.name)}) AS q"
    connection.execute(
        _COMPARED.format(
            shop_key=key,
            lake_key=key,
            source=f"postgres_query('shop', {quoted(text)})",
            name=table.name,
            held=held(connection, table),
            source_table=table.source_table,
            tombstone=f"CAST({table.tombstone} AS VARCHAR)",
        )
    )
    is_flying = f"COALESCE(shop_version >= {horizon.horizon}, is_leaving)"
    offenders = connection.execute(
        f"SELECT 'raw.{table.name}' AS relation, key, {_PROBLEM} AS problem FROM compared "
        f"WHERE NOT {is_flying} AND shop_version IS DISTINCT FROM lake_version"
    ).pl()
    row = connection.execute(f"SELECT COUNT(*) FROM compared WHERE {is_flying}").fetchone()
    return offenders, int(row[0]) if row else 0
