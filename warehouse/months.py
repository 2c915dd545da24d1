"""Which rows of a raw table Postgres still holds. Months that were archived are only in the lake, and stay there."""

import duckdb

from warehouse.connection import quoted
from warehouse.tables import RawTable


def held(connection: duckdb.DuckDBPyConnection, table: RawTable) -> str:
    """DuckDB condition on a row of the raw table: Postgres holds its month. Always true where nothing is archived."""
    if not table.month:
        return "TRUE"
    text = f"SELECT from_at, to_at FROM month_partitions('{table.source_table}') ORDER BY from_at"
    spans: list[list[str]] = []
    for first, end in connection.execute(f"FROM postgres_query('shop', {quoted(text)})").fetchall():
        if spans and spans[-1][1] == first.isoformat():
            spans[-1][1] = end.isoformat()
        else:
            spans.append([first.isoformat(), end.isoformat()])
    parts = [f"{table.month} >= '{first}' AND {table.month} < '{end}'" for first, end in spans]
    return f"({' OR '.join(parts)})" if parts else "FALSE"
