"""Extraction: what changed in Postgres since the last horizon, merged into the raw tables in one lake transaction.

A pass reads the rows with last horizon ≤ row_version < this horizon. The horizon is the oldest transaction still
running, so no row below it can appear later; ids and clocks can't promise that, because a transaction may commit long
after it drew them. Deleted rows leave tombstones with a version of their own.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

import duckdb

from warehouse.connection import Lake, quoted
from warehouse.horizon import Horizon, current_horizon, take_horizon
from warehouse.merging import TablePass, count, find_all_duplicates, merge
from warehouse.months import held
from warehouse.runner import load_sql
from warehouse.tables import RAW_TABLES, RawTable
from warehouse.touching import emit_all, next_pass


class ExtractionKey(Enum):
    """By what a pass finds new rows. All but ROW_VERSION lose rows under concurrent writers; tests show it."""

    ROW_VERSION = "row_version"
    ID = "id"
    UPDATED_AT = "updated_at"


@dataclass(frozen=True)
class ExtractionPass:
    """What a pass did. `touched`: number of keys per kind; a full pass touches everything."""

    pass_id: int
    mode: Literal["full", "delta"]
    horizon: Horizon
    previous: Horizon | None
    tables: dict[str, TablePass]
    touched: dict[str, int]
    snapshot_id: int
    seconds: float


def extract(
    lake: Lake,
    *,
    full: bool = False,
    taken_at: datetime | None = None,
    key: ExtractionKey = ExtractionKey.ROW_VERSION,
) -> ExtractionPass:
    """Read what changed (or everything, if `full` or if the horizon does not continue the stored one).

    `taken_at` replaces the moment of the pass, the lake's only clock. LakeUnavailable if a Postgres is away.
    """
    started = time.perf_counter()
    with lake.transaction("raw", "meta.touched") as connection:
        previous = current_horizon(lake)
        with lake.shop() as shop:
            horizon = take_horizon(shop, taken_at=taken_at)
        pass_id = next_pass(connection)
        is_full = full or not horizon.continues(previous)
        if is_full:
            tables, touched = _read_everything(connection, pass_id, horizon), {"full": 1}
        else:
            assert previous is not None
            _deliver(connection, previous, horizon, key)
            tables, touched = merge(connection, pass_id)
        mode: Literal["full", "delta"] = "full" if is_full else "delta"
        _store(connection, pass_id, horizon, mode)
    seconds = time.perf_counter() - started
    return ExtractionPass(pass_id, mode, horizon, previous, tables, touched, lake.snapshot_id(), seconds)


def _store(connection: duckdb.DuckDBPyConnection, pass_id: int, horizon: Horizon, mode: str) -> None:
    values = [pass_id, horizon.system_identifier, horizon.timeline, horizon.horizon, horizon.taken_at.isoformat(), mode]
    connection.execute("INSERT INTO meta.horizon VALUES (?, ?, ?, ?, ?, ?)", values)


def _read(table: RawTable, condition: str) -> str:
    """DuckDB source of the table's rows in Postgres that meet a condition on the Postgres row `t`."""
    text = f"{load_sql('raw', table.name)}\nWHERE {condition}"
    return f"postgres_query('shop', {quoted(text)})"


def _read_everything(connection: duckdb.DuckDBPyConnection, pass_id: int, horizon: Horizon) -> dict[str, TablePass]:
    passes = {}
    for name, table in RAW_TABLES.items():
        before, names = count(connection, f"raw.{name}"), ", ".join(table.names)
        if before:
            connection.execute(f"DELETE FROM raw.{name} WHERE {held(connection, table)}")
        source = _read(table, f"t.row_version < '{horizon.horizon}'::xid8")
        connection.execute(f"INSERT INTO raw.{name} ({names}) SELECT {names} FROM {source}")
        after = count(connection, f"raw.{name}")
        passes[name] = TablePass(name, after, before, after)
    find_all_duplicates(connection)
    emit_all(connection, pass_id)
    return passes


def _deliver(connection: duckdb.DuckDBPyConnection, previous: Horizon, horizon: Horizon, key: ExtractionKey) -> None:
    """Make the temporary tables of a delivery: what was written and what was deleted in the window."""
    window = f"row_version >= '{previous.horizon}'::xid8 AND row_version < '{horizon.horizon}'::xid8"
    tombstones = f"SELECT store_id, table_name, row_id FROM row_tombstone WHERE {window}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE tombstones AS FROM postgres_query('shop', {quoted(tombstones)})")
    for name, table in RAW_TABLES.items():
        condition = f"t.{window.replace('AND ', 'AND t.')}"
        if key is not ExtractionKey.ROW_VERSION:
            condition = _naive_condition(connection, table, key) or condition
        connection.execute(f"CREATE OR REPLACE TEMP TABLE delta_{name} AS FROM {_read(table, condition)}")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE gone_{name} AS SELECT store_id, row_id FROM tombstones WHERE table_name = ?",
            [table.source_table],
        )
        if len(table.key) > 2 and count(connection, f"gone_{name}"):
            _read_namesakes(connection, table, horizon, window)


def _read_namesakes(connection: duckdb.DuckDBPyConnection, table: RawTable, horizon: Horizon, window: str) -> None:
    """A tombstone names less than the whole key: bring back the rows of that name which still exist."""
    condition = (
        f"t.row_version < '{horizon.horizon}'::xid8 AND t.{table.tombstone}::text IN "
        f"(SELECT row_id FROM row_tombstone WHERE table_name = '{table.source_table}' AND {window})"
    )
    connection.execute(
        f"INSERT INTO delta_{table.name} SELECT * FROM {_read(table, condition)} WHERE ({', '.join(table.key)}) NOT IN "
        f"(SELECT {', '.join(table.key)} FROM delta_{table.name})"
    )
    # A namesake in a month that was archived is only here.
    connection.execute(
        f"INSERT INTO delta_{table.name} SELECT {', '.join(table.names)} FROM raw.{table.name} "
        f"WHERE NOT {held(connection, table)} AND (store_id, {table.tombstone}) IN "
        f"(SELECT store_id, CAST(row_id AS {table.type_of(table.tombstone)}) FROM gone_{table.name})"
    )


def _naive_condition(connection: duckdb.DuckDBPyConnection, table: RawTable, key: ExtractionKey) -> str | None:
    """What reading by id or updated_at would ask for: all beyond the greatest value seen. None: no such column."""
    if key.value not in table.names:
        return None
    row = connection.execute(f"SELECT MAX({key.value}) FROM raw.{table.name}").fetchone()
    greatest = row[0] if row else None
    return f"t.{key.value} > '{greatest}'" if greatest is not None else "true"
