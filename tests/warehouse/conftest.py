"""Fixtures: a lake beside the test's database, and a shop to write into."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from oltp.db.session import Database
from tests.lakes import EmptyLake
from tests.warehouse.shop import Shop
from warehouse.connection import Lake
from warehouse.extraction import extract
from warehouse.models import MODELS
from warehouse.refresh import refresh, refresh_all

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def lake(empty_lake: EmptyLake, database: Database, lake_dir: Path) -> Iterator[Lake]:
    """An empty lake."""
    with empty_lake.copied(database.url, lake_dir) as lake:
        yield lake


@pytest.fixture
def shop(database: Database, store: UUID) -> Shop:
    """The store `demo`: USD, America/New_York."""
    return Shop(database, store)


def flow(lake: Lake, *, taken_at: datetime = NOW) -> None:
    """Extract and bring every model up to date."""
    extract(lake, taken_at=taken_at)
    refresh_all(lake)


def day(lake: Lake, store_day: str, *columns: str) -> tuple[int, ...]:
    """The named columns of one store-day; zeros if the mart has no such day."""
    rows = lake.query(
        f"SELECT {', '.join(columns)} FROM marts.daily_store_metrics WHERE store_day = DATE '{store_day}'"
    )
    assert len(rows) <= 1
    return tuple(rows[0]) if rows else (0,) * len(columns)


def assert_equals_full_rebuild(lake: Lake) -> None:
    """No model differs from what its SQL says about all rows."""
    for name in MODELS:
        assert refresh(lake, name, full=True).rows_changed == 0, name
