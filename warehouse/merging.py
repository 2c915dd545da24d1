"""Merging a delivery into the raw tables: delete what is replaced or gone, insert what came, and say what it touches.

A delivery is, per raw table, the temporary tables `delta_<name>` (rows, one per key) and `gone_<name>` (tombstones:
store_id, row_id). The caller has a lake transaction open and holds the locks.
"""

from dataclasses import dataclass

import duckdb

from warehouse.tables import RAW_TABLES, RawTable
from warehouse.touching import RULES, emit, emit_all, settles_stores


@dataclass(frozen=True)
class TablePass:
    """What one pass did to one raw table: rows merged, rows that disappeared, rows there now."""

    table: str
    inserted: int
    deleted: int
    row_count: int


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Number of rows."""
    row = connection.execute(f"SELECT COUNT(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


def merge(connection: duckdb.DuckDBPyConnection, pass_id: int) -> tuple[dict[str, TablePass], dict[str, int]]:
    """Merge the delivery of every raw table; returns what was done and how many keys of each kind were touched."""
    changed = {name for name, table in RAW_TABLES.items() if _compare(connection, table)}
    is_settled = settles_stores(connection, changed)
    passes = {name: _replace(connection, table) for name, table in RAW_TABLES.items()}
    if "analytics_events" in changed:
        _find_duplicates(connection)
    if is_settled:
        emit_all(connection, pass_id)
        return passes, {"full": 1}
    touched: dict[str, int] = {}
    for name in sorted(changed):
        for kind, select in RULES.get(name, ()):
            touched[kind] = touched.get(kind, 0) + emit(connection, pass_id, kind, select)
    return passes, touched


def find_all_duplicates(connection: duckdb.DuckDBPyConnection) -> None:
    """Mark all events whose id was received before with another time, after everything was read anew."""
    connection.execute("DELETE FROM meta.duplicate_events")
    connection.execute(f"INSERT INTO meta.duplicate_events {_losers('raw.analytics_events')}")


def _compare(connection: duckdb.DuckDBPyConnection, table: RawTable) -> bool:
    """Make `old_<name>` (rows to be replaced) and `changed_<name>`; returns whether anything changed that matters."""
    if not count(connection, f"delta_{table.name}") and not count(connection, f"gone_{table.name}"):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE old_{table.name} AS FROM raw.{table.name} LIMIT 0")
        return False
    key = ", ".join(table.key)
    tenant = "id" if table.name == "stores" else "store_id"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE old_{table.name} AS SELECT * FROM raw.{table.name} "
        f"WHERE ({key}) IN (SELECT {key} FROM delta_{table.name}) OR ({tenant}, {table.tombstone}) IN "
        f"(SELECT store_id, CAST(row_id AS {table.type_of(table.tombstone)}) FROM gone_{table.name})"
    )
    if not table.touch:
        return False
    columns = ", ".join(table.touch)
    old, new = f"SELECT {columns} FROM old_{table.name}", f"SELECT {columns} FROM delta_{table.name}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changed_{table.name} AS ({old} EXCEPT {new}) UNION ALL ({new} EXCEPT {old})"
    )
    return count(connection, f"changed_{table.name}") > 0


def _replace(connection: duckdb.DuckDBPyConnection, table: RawTable) -> TablePass:
    key, names = ", ".join(table.key), ", ".join(table.names)
    olds, inserted = count(connection, f"old_{table.name}"), count(connection, f"delta_{table.name}")
    deleted = 0
    if olds:
        kept = f"old_{table.name} WHERE ({key}) IN (SELECT {key} FROM delta_{table.name})"
        deleted = olds - count(connection, kept)
        connection.execute(f"DELETE FROM raw.{table.name} WHERE ({key}) IN (SELECT {key} FROM old_{table.name})")
    if inserted:
        connection.execute(f"INSERT INTO raw.{table.name} ({names}) SELECT {names} FROM delta_{table.name}")
    return TablePass(table.name, inserted, deleted, count(connection, f"raw.{table.name}"))


def _losers(source: str) -> str:
    return (
        "SELECT store_id, event_id, occurred_at FROM (SELECT store_id, event_id, occurred_at, ROW_NUMBER() OVER "
        f"(PARTITION BY store_id, event_id ORDER BY received_at, occurred_at) AS place FROM {source}) WHERE place > 1"
    )


def _find_duplicates(connection: duckdb.DuckDBPyConnection) -> None:
    """Mark, among the events of this delivery and their namesakes, all but the first received."""
    mine = "(store_id, event_id) IN (SELECT store_id, event_id FROM changed_analytics_events)"
    source = f"(SELECT * FROM raw.analytics_events WHERE {mine})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE losers AS {_losers(source)}")
    if count(connection, f"meta.duplicate_events WHERE {mine}"):
        connection.execute(f"DELETE FROM meta.duplicate_events WHERE {mine}")
    if count(connection, "losers"):
        connection.execute("INSERT INTO meta.duplicate_events SELECT * FROM losers")
