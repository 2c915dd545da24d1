"""Archiving: months that Postgres may give up because the lake holds the same rows, and the proof that it does.

Both sides write a row as the same text: each column's length in bytes and its value, NULL as a dash. The digest of a
month is the number of its rows and the sum of the first 60 bits of each row's MD5, so their order does not matter.
Postgres's side is the function partition_digest(); a test holds the two together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import psycopg

from warehouse.connection import Lake
from warehouse.tables import RAW_TABLES, RawTable

MONTHLY: dict[str, RawTable] = {table.source_table: table for table in RAW_TABLES.values() if table.month}


class NotArchived(Exception):
    """A month can't be archived; it was not changed. The message says why."""


class DiffersFromLake(NotArchived):
    """The lake holds something else than Postgres."""


class TooYoung(NotArchived):
    """The month is too young."""


@dataclass(frozen=True)
class Month:
    """A partition in Postgres, [from_at, to_at)."""

    source_table: str
    name: str
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True)
class Digest:
    """What a month holds, in a form two databases can compare."""

    row_count: int
    hash: int


def list_months(lake: Lake) -> list[Month]:
    """Every month that Postgres holds, oldest first."""
    with lake.shop() as shop:
        return sorted(
            (
                Month(table, *row)
                for table in MONTHLY
                for row in shop.execute("SELECT name, from_at, to_at FROM month_partitions(%s::regclass)", (table,))
            ),
            key=lambda month: (month.source_table, month.from_at),
        )


def archivable(months: list[Month], *, today: date, before: date | None = None) -> list[Month]:
    """Those of the months that end a year or more before this month, and at the latest with the one before `before`."""
    edge = date(today.year - 1, today.month, 1)
    edge = min(edge, before.replace(day=1)) if before else edge
    return [month for month in months if month.to_at.date() <= edge]


def archive(lake: Lake, months: list[Month], *, today: date) -> Iterator[tuple[Month, Digest]]:
    """Detach the months one by one and yield what each held; they stay in the schema `archive`.

    No extraction may run beside it: one that reads everything anew would lose a month that goes under its hands.
    Errors: DiffersFromLake, TooYoung; months before the one at fault are archived then.
    """
    for month in months:
        with lake.transaction("raw") as connection:
            digest = lake_digest(connection, month)
            with lake.shop() as shop:
                _detach(shop, month, digest, today)
        yield month, digest


def lake_digest(connection: duckdb.DuckDBPyConnection, month: Month) -> Digest:
    """The digest of what the lake holds of the month."""
    table = MONTHLY[month.source_table]
    text = " || ".join(_written(column.name, column.type) for column in table.columns)
    row = connection.execute(
        f"SELECT COUNT(*), COALESCE(SUM(CAST('0x' || SUBSTR(MD5({text}), 1, 15) AS BIGINT)), 0) "
        f"FROM raw.{table.name} WHERE {table.month} >= ? AND {table.month} < ?",
        [month.from_at, month.to_at],
    ).fetchone()
    assert row is not None
    return Digest(int(row[0]), int(row[1]))


def _written(name: str, kind: str) -> str:
    value = f"CAST({f'EPOCH_US({name})' if kind == 'TIMESTAMPTZ' else name} AS VARCHAR)"
    return f"COALESCE(STRLEN({value}) || ':' || {value}, '-')"


def _detach(shop: psycopg.Connection, month: Month, digest: Digest, today: date) -> None:
    refusals = {"partition_too_young": TooYoung, "partition_differs_from_lake": DiffersFromLake}
    given = (month.source_table, month.name, digest.row_count, digest.hash, today)
    try:
        shop.execute("SELECT detach_month(%s::regclass, %s, %s, %s, %s)", given)
    except psycopg.errors.ObjectNotInPrerequisiteState as error:
        raise refusals.get(str(error.diag.constraint_name), DiffersFromLake)(error.diag.message_primary) from error
