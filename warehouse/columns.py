"""Columns of lake tables, written as text blocks: one column a line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a lake table; `type` is DuckDB's."""

    name: str
    type: str
    description: str


def columns_of(text: str) -> tuple[Column, ...]:
    """Parse `name TYPE description`, one column a line; ValueError if a line lacks a part."""
    columns = []
    for line in text.strip().splitlines():
        name, kind, description = line.split(maxsplit=2)
        columns.append(Column(name, kind, description))
    return tuple(columns)
