"""Previews: the first rows of a table as people can read them."""

from warehouse.connection import Lake
from warehouse.models import MODELS
from warehouse.tables import RAW_TABLES


def preview(lake: Lake, table: str, *, limit: int = 10) -> str:
    """The first rows in the order of the key (newest last days are at the end), as a Markdown table.

    `table` is a full name (raw.orders, marts.daily_store_metrics); KeyError if the lake has no such table.
    """
    schema, _, name = table.partition(".")
    owner = RAW_TABLES[name] if schema == "raw" else MODELS[table]
    order = ", ".join(f"{column} DESC" for column in reversed(owner.key))
    rows = lake.query(f"SELECT {', '.join(owner.names)} FROM {table} ORDER BY {order} LIMIT {int(limit)}")
    lines = [owner.names, tuple("---" for _ in owner.names), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
