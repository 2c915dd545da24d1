"""Staging: a legacy table is read into a temporary table of the target, value for value, keys still in the old form."""

from collections.abc import Callable

import psycopg
from psycopg import errors, sql

from stormcom.adopt.errors import SourceNotReadable
from stormcom.adopt.source import SourceTable
from stormcom.adopt.tables import Column, LegacyTable

# Told how many rows came since the last time.
Told = Callable[[int], None]
_EVERY = 5_000
_CAST = {"text": "text", "integer": "integer", "boolean": "boolean", "double precision": "double precision"}


def create_stage(target: psycopg.Connection, table: LegacyTable) -> None:
    """Make the empty temporary table."""
    columns = ", ".join(f'"{column.name}" {column.staged_type}' for column in table.columns)
    target.execute(f"CREATE TEMP TABLE stage_{table.name} (old_key text NOT NULL, {columns})")


def stage(source: psycopg.Connection, target: psycopg.Connection, found: SourceTable, *, told: Told) -> int:
    """Copy the rows of one legacy table; return how many came. Errors: SourceNotReadable."""
    names = ", ".join(f'"{name}"' for name in ("old_key", *found.columns))
    count = 0
    try:
        with (
            source.cursor().copy(_select(found)) as rows,
            target.cursor().copy(f"COPY stage_{found.table.name} ({names}) FROM STDIN") as stage,
        ):
            for block in rows:
                stage.write(block)
                count += 1
                if count % _EVERY == 0:
                    told(_EVERY)
    except (errors.DataError, errors.UntranslatableCharacter) as error:
        reason = str(error).strip().replace("\n", "; ")
        raise SourceNotReadable(table=found.physical, reason=reason) from error
    told(count % _EVERY)
    target.execute(f"ANALYZE stage_{found.table.name}")
    return count


def _select(found: SourceTable) -> sql.Composed:
    """COPY one row after the other, in the order and types of the stage."""
    key = "id" if found.table.key == "id" else found.columns[found.table.key]
    values = [_value(key, "text"), *(
        _value(physical, _cast(found.table.column(name))) for name, physical in found.columns.items())]
    return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(values), sql.Identifier(found.physical))


def _cast(column: Column) -> str:
    # A moment is written as text as well: the source may hold it with or without a zone; the session is in UTC.
    return _CAST.get(column.staged_type, "timestamp(3)")


def _value(physical: str, kind: str) -> sql.Composed:
    return sql.SQL("{}::" + kind).format(sql.Identifier(physical))
