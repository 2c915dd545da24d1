"""The horizon: up to which transaction Postgres has been read. Everything committed below it is in the lake."""

from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from warehouse.connection import Lake
from warehouse.tables import RAW_TABLES


class NothingExtracted(Exception):
    """The lake has no horizon yet: run the extraction first."""


@dataclass(frozen=True)
class Horizon:
    """Every transaction with an id below `horizon` in this cluster and timeline has been read; `taken_at` is UTC."""

    system_identifier: int
    timeline: int
    horizon: int
    taken_at: datetime

    def continues(self, previous: "Horizon | None") -> bool:
        """Whether a delta on `previous` is sound. A restored or other cluster counts its transactions anew."""
        return (
            previous is not None
            and (previous.system_identifier, previous.timeline) == (self.system_identifier, self.timeline)
            and previous.horizon <= self.horizon
        )


@dataclass(frozen=True)
class HorizonLag:
    """How far reading is behind: transactions begun since the oldest open writer, and seconds since the last pass."""

    transactions: int
    seconds: float | None
    oldest_writer: str | None


def take_horizon(shop: psycopg.Connection, *, taken_at: datetime | None = None) -> Horizon:
    """Ask Postgres for the oldest transaction still running. Do it before reading: reads may see more, not less."""
    row = shop.execute(
        "SELECT (SELECT system_identifier FROM pg_control_system()), "
        "(SELECT timeline_id FROM pg_control_checkpoint()), "
        "pg_snapshot_xmin(pg_current_snapshot())::text::bigint, clock_timestamp()"
    ).fetchone()
    assert row is not None
    return Horizon(row[0], row[1], row[2], (taken_at or row[3]).astimezone(UTC))


def current_horizon(lake: Lake) -> Horizon | None:
    """The horizon stored by the last pass; None if nothing was read yet."""
    rows = lake.query(
        "SELECT system_identifier, timeline, horizon, taken_at FROM meta.horizon ORDER BY pass_id DESC LIMIT 1"
    )
    if not rows:
        return None
    system_identifier, timeline, horizon, taken_at = rows[0]
    return Horizon(system_identifier, timeline, horizon, taken_at.astimezone(UTC))


def require_horizon(lake: Lake) -> Horizon:
    """The horizon stored by the last pass; NothingExtracted if there is none."""
    found = current_horizon(lake)
    if found is None:
        raise NothingExtracted(NothingExtracted.__doc__)
    return found


def has_news(lake: Lake) -> bool:
    """Whether a pass would read something: any row or tombstone between the stored horizon and the one of now."""
    stored = current_horizon(lake)
    if stored is None:
        return True
    with lake.shop() as shop:
        now = take_horizon(shop)
        if not now.continues(stored):
            return True
        window = f"row_version >= '{stored.horizon}'::xid8 AND row_version < '{now.horizon}'::xid8"
        sources = [*(table.source_table for table in RAW_TABLES.values()), "row_tombstone"]
        parts = " OR ".join(f"EXISTS (SELECT 1 FROM {source} WHERE {window})" for source in sources)
        row = shop.execute(f"SELECT {parts}").fetchone()
    return bool(row and row[0])


_OLDEST = """
SELECT 'pid ' || pid || coalesce(', ' || nullif(application_name, ''), '') || ', open for '
       || date_trunc('second', clock_timestamp() - xact_start)
FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() ORDER BY age(backend_xid) DESC LIMIT 1
"""


def horizon_lag(lake: Lake) -> HorizonLag:
    """What holds the horizon back, for people who watch it."""
    stored = current_horizon(lake)
    with lake.shop() as shop:
        shop.execute("SET ROLE NONE")  # the pipelines role may not see other sessions
        row = shop.execute(
            "SELECT (pg_snapshot_xmax(s)::text::bigint - pg_snapshot_xmin(s)::text::bigint), clock_timestamp() "
            "FROM pg_current_snapshot() AS s"
        ).fetchone()
        writer = shop.execute(_OLDEST).fetchone()
    assert row is not None
    seconds = (row[1] - stored.taken_at).total_seconds() if stored else None
    return HorizonLag(int(row[0]), seconds, writer[0] if writer else None)
