"""The lake's tables: created when a lake is opened, extended when a specification has grown."""

import duckdb

from warehouse.attribution import TRAFFIC_SOURCES
from warehouse.columns import Column
from warehouse.models import MODELS
from warehouse.tables import RAW_TABLES

SCHEMAS = ("raw", "staging", "marts", "meta")
# Longest series that a model may need: 400 years of months.
NUMBERS_COUNT = 4_800

META: dict[str, tuple[Column, ...]] = {
    # One row per pass; the last one says up to where Postgres has been read.
    "horizon": (
        Column("pass_id", "BIGINT", "pass"),
        Column("system_identifier", "BIGINT", "Postgres cluster"),
        Column("timeline", "INTEGER", "its timeline; a restore starts a new one"),
        Column("horizon", "BIGINT", "every transaction below it has been read"),
        Column("taken_at", "TIMESTAMPTZ", "when the horizon was read: the only clock of the lake"),
        Column("mode", "VARCHAR", "full or delta"),
    ),
    # Keys whose rows changed. No store: all keys of the kind; kind `full`: all keys of all kinds.
    "touched": (
        Column("pass_id", "BIGINT", "pass or refresh that emitted it"),
        Column("kind", "VARCHAR", "kind of key"),
        Column("store_id", "UUID", "tenant"),
        Column("key", "VARCHAR", "the key as text"),
    ),
    # Append-only, so that refreshes of two models never meet in one file; the last row of a model counts.
    "progress": (
        Column("model", "VARCHAR", "full name"),
        Column("pass_id", "BIGINT", "touched keys worked off up to here"),
        Column("version", "VARCHAR", "definition that made the rows"),
        Column("horizon", "BIGINT", "horizon of the rows"),
        Column("taken_at", "TIMESTAMPTZ", "its moment"),
        Column("lake_snapshot_id", "BIGINT", "snapshot the rows were computed from"),
    ),
    # Rows of raw.analytics_events whose event id was received before with another time.
    "duplicate_events": (
        Column("store_id", "UUID", "tenant"),
        Column("event_id", "UUID", "event"),
        Column("occurred_at", "TIMESTAMPTZ", "which of its rows"),
    ),
    "numbers": (Column("n", "INTEGER", "0, 1, 2, …"),),
    "traffic_sources": (
        Column("source", "VARCHAR", "utm_source or host"),
        Column("category", "VARCHAR", "kind of site"),
        Column("is_host", "BOOLEAN", "matches as a host name"),
    ),
}


def wanted_tables() -> dict[tuple[str, str], tuple[Column, ...]]:
    """(schema, table) → columns of everything the lake holds."""
    wanted = {("raw", table.name): table.columns for table in RAW_TABLES.values()}
    wanted |= {(model.schema, model.name): model.columns for model in MODELS.values()}
    return wanted | {("meta", name): columns for name, columns in META.items()}


def create_layout(connection: duckdb.DuckDBPyConnection) -> None:
    """Make missing schemas, tables, columns and rules. Call it in a lake transaction under the layout lock."""
    existing = _existing_columns(connection)
    wanted = wanted_tables()
    if {(schema, table, column.name) for (schema, table), columns in wanted.items() for column in columns} <= existing:
        _fill_rules(connection)
        return
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for (schema, table), columns in wanted.items():
        _create_table(connection, schema, table, columns, existing)
    _fill_rules(connection)


def _existing_columns(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str, str]]:
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND schema_name <> 'main'"
    ).fetchall()
    return {(str(schema), str(table), str(column)) for schema, table, column in rows}


def _create_table(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    columns: tuple[Column, ...],
    existing: set[tuple[str, str, str]],
) -> None:
    body = ", ".join(f"{column.name} {column.type}" for column in columns)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {schema}.{table} ({body})")
    if not any((schema, table) == known[:2] for known in existing):
        return
    missing = [column for column in columns if (schema, table, column.name) not in existing]
    for column in missing:
        connection.execute(f"ALTER TABLE {schema}.{table} ADD COLUMN {column.name} {column.type}")
    if missing and schema == "raw":
        connection.execute("DELETE FROM meta.horizon")  # old rows lack the new column: read everything again


def _fill_rules(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the constant tables that models join to the state of the program."""
    known = connection.execute("SELECT source, category, is_host FROM meta.traffic_sources").fetchall()
    if set(known) != set(TRAFFIC_SOURCES):
        rows = ", ".join(f"('{source}', '{category}', {is_host})" for source, category, is_host in TRAFFIC_SOURCES)
        connection.execute("DELETE FROM meta.traffic_sources")
        connection.execute(f"INSERT INTO meta.traffic_sources VALUES {rows}")
    if connection.execute("SELECT COUNT(*) FROM meta.numbers").fetchone() == (0,):
        connection.execute(f"INSERT INTO meta.numbers SELECT CAST(i AS INTEGER) FROM range({NUMBERS_COUNT}) AS r(i)")
