"""Model files: one SELECT each in `sql/<schema>/<name>.sql`, and the same narrowed to some keys of its sources."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp

SQL_ROOT = Path(__file__).parent / "sql"


@cache
def load_sql(schema: str, name: str) -> str:
    """Text of a model; FileNotFoundError names the file."""
    return (SQL_ROOT / schema / f"{name}.sql").read_text(encoding="utf-8").strip().rstrip(";")


@cache
def parsed(schema: str, name: str) -> exp.Query:
    """Syntax tree of a model; treat it as frozen and copy before changing it."""
    tree = sqlglot.parse_one(load_sql(schema, name), read="duckdb")
    assert isinstance(tree, exp.Query), f"{schema}/{name}.sql is not one SELECT"
    return tree


def parameters_of(text: str) -> set[str]:
    """Names of the `$parameters` that a model takes."""
    return set(re.findall(r"\$([a-z_]+)", text))


def bound(text: str, values: Mapping[str, object]) -> dict[str, object] | None:
    """The values that this text names; DuckDB refuses parameters that it does not know."""
    return {name: values[name] for name in parameters_of(text)} or None


def narrowed(schema: str, name: str, restrictions: Mapping[str, str]) -> str:
    """The model with each source alias in `restrictions` read only where its condition holds.

    ValueError if an alias does not exist: a silent miss would compute from all rows, rightly but slowly.
    """
    return _narrowed(schema, name, tuple(sorted(restrictions.items())))


@cache
def _narrowed(schema: str, name: str, restrictions: tuple[tuple[str, str], ...]) -> str:
    # A refresh of few keys would spend a fifth of its time here; the answer depends on nothing that changes.
    conditions = dict(restrictions)
    tree = parsed(schema, name).copy()
    missing = set(conditions)
    for table in list(tree.find_all(exp.Table)):
        condition = conditions.get(table.alias) if table.db else None
        if condition is None:
            continue
        missing.discard(table.alias)
        source = exp.select("*").from_(exp.table_(table.name, db=table.db)).where(condition, dialect="duckdb")
        table.replace(source.subquery(table.alias))
    if missing:
        raise ValueError(f"{schema}/{name}.sql has no source with the alias {', '.join(sorted(missing))}.")
    return tree.sql(dialect="duckdb")
