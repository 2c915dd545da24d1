"""Lineage: from which columns of which tables each column of a model is made, read off its SQL."""

from functools import cache

from sqlglot import exp
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import Schema, ensure_schema

from warehouse.layout import META
from warehouse.models import MODELS
from warehouse.runner import parsed
from warehouse.tables import RAW_TABLES

Source = tuple[str, str]


@cache
def _schema() -> Schema:
    """Columns of every lake table, as sqlglot wants them: schema → table → column → type."""
    found: dict[str, dict[str, object]] = {"raw": {}, "staging": {}, "marts": {}, "meta": {}}
    for name, table in RAW_TABLES.items():
        found["raw"][name] = {column.name: column.type for column in table.columns}
    for model in MODELS.values():
        found[model.schema][model.name] = {column.name: column.type for column in model.columns}
    for name, columns in META.items():
        found["meta"][name] = {column.name: column.type for column in columns}
    return ensure_schema(dict(found), dialect="duckdb")


@cache
def column_lineage(model: str) -> dict[str, tuple[Source, ...]]:
    """Column → the (full table name, column) pairs it is computed from, sorted; rule tables included."""
    chosen = MODELS[model]
    tree = qualify(parsed(chosen.schema, chosen.name).copy(), dialect="duckdb", schema=_schema())
    scope = build_scope(tree)  # without it, sqlglot would qualify the whole tree again for each column
    found = {}
    for column in chosen.names:
        node = lineage(
            column, tree, dialect="duckdb", schema=_schema(), scope=scope, copy=False, trim_selects=False
        )
        found[column] = tuple(sorted(set(_sources(node))))
    return found


def _sources(node: Node) -> list[Source]:
    if not node.downstream:
        table = node.source if isinstance(node.source, exp.Table) else None
        if table is None or not table.db:
            return []
        return [(f"{table.db}.{table.name}", node.name.split(".")[-1].strip('"'))]
    return [source for child in node.downstream for source in _sources(child)]
