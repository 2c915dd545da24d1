"""Months: tables partitioned by month take rows of the months they hold, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from oltp.kit.errors import Invalid

# Table → the moment that decides the month.
PARTITIONED = {"analytics_event": "occurred_at", "audit_logs": "created_at"}
_CHECK_VIOLATION = "23514"
_OUTSIDE = text("""
    SELECT min(from_at), max(to_at) FROM month_partitions(CAST(:table AS regclass))
    HAVING count(*) FILTER (WHERE from_at <= :moment AND :moment < to_at) = 0""")


class OutsideMonths(Invalid):
    """The field {field} is outside: {table} takes no row of {moment}, only of {range}."""


@dataclass(frozen=True)
class Partition:
    """A partition of [from_at, to_at); one that was taken over from the legacy table may span several months."""

    name: str
    from_at: datetime
    to_at: datetime


def list_partitions(session: Session, *, table: str) -> list[Partition]:
    """Return the partitions of a table, oldest first."""
    query = text("SELECT name, from_at, to_at FROM month_partitions(CAST(:table AS regclass)) ORDER BY from_at")
    return [Partition(*row) for row in session.execute(query, {"table": table})]


def ensure_months(session: Session, *, table: str, first: date, last: date) -> int:
    """Make the partitions of the months from `first` to `last` that are missing; returns how many. As the worker."""
    query = text("SELECT ensure_month_partitions(CAST(:table AS regclass), :first, :last)")
    return int(session.scalar(query, {"table": table, "first": first, "last": last}) or 0)


def require_month(session: Session, *, table: str, field: str, moment: datetime) -> None:
    """Refuse a row that has no partition to go to, before Postgres does. Errors: OutsideMonths."""
    outside = session.execute(_OUTSIDE, {"table": table, "moment": moment}).one_or_none()
    if outside is not None:
        raise OutsideMonths(table=table, field=field, moment=moment.isoformat(), range=describe_range(*outside))


def describe_range(first: datetime | None, end: datetime | None) -> str:
    """Say from when to when rows are taken; `end` is exclusive."""
    return f"{first:%Y-%m-%d} to {end:%Y-%m-%d} (exclusive)" if first and end else "no month at all"


@contextmanager
def named_refusal() -> Iterator[None]:
    """Give Postgres's own refusal of a row without partition its name. Errors: OutsideMonths."""
    try:
        yield
    except DBAPIError as error:
        found = getattr(error.orig, "diag", None)
        # Of the violated checks only this one has no name of its own.
        if found is None or found.sqlstate != _CHECK_VIOLATION or found.constraint_name:
            raise
        if found.table_name not in PARTITIONED:
            raise
        # Under row-level security Postgres does not tell the app which moment it was.
        raise OutsideMonths(
            table=found.table_name, field=PARTITIONED[found.table_name], moment="this moment",
            range="the months that `stormcom partitions status` lists",
        ) from error
