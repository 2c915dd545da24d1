"""Finds what a name in the map means in the metadata: a table, a column, an index or constraint, or a path of keys."""

from itertools import pairwise

from sqlalchemy import Column, ForeignKeyConstraint, Table
from sqlalchemy.orm import Mapper

from oltp.db.base import Base
from oltp.metadata import metadata


def find_column(name: str) -> Column[object] | None:
    """Return the column `table.column`; None where there is none."""
    table, _, column = name.partition(".")
    return metadata.tables[table].columns.get(column) if table in metadata.tables else None


def named_things() -> set[str]:
    """Return the names of all indexes and constraints."""
    tables = metadata.tables.values()
    return {str(each.name) for table in tables for each in table.indexes} | {
        str(each.name) for table in tables for each in table.constraints}


def foreign_key(table: Table, column: str, target: str) -> ForeignKeyConstraint | None:
    """Return the foreign key through which `column` refers to the table `target`."""
    for each in table.foreign_key_constraints:
        if column in each.column_keys and each.referred_table.name == target:
            return each
    return None


def broken_step(path: tuple[str, ...]) -> str | None:
    """Return the first step of a path of foreign keys that does not exist; None where the whole path does."""
    for here, there in pairwise(path):
        column, target = find_column(here), there.partition(".")[0]
        if column is None or foreign_key(column.table, column.name, target) is None:
            return f"{here} → {target}"
    return None


def rooms() -> dict[str, list[Mapper[object]]]:
    """Return the models by room of the house, both in alphabetical order."""
    found: dict[str, list[Mapper[object]]] = {}
    mappers = [mapper for mapper in Base.registry.mappers if str(mapper.local_table) in metadata.tables]
    for mapper in sorted(mappers, key=lambda each: str(each.local_table)):
        found.setdefault(mapper.class_.__module__.split(".")[1], []).append(mapper)
    return dict(sorted(found.items()))
