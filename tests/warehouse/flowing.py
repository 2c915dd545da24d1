"""Letting the river flow into a lake, and whether what it has made is what a full rebuild would make."""

from datetime import UTC, datetime

from warehouse.connection import Lake
from warehouse.extraction import extract
from warehouse.horizon import current_horizon
from warehouse.models import MODELS
from warehouse.refresh import refresh_all
from warehouse.runner import bound, load_sql

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def flow(lake: Lake, *, taken_at: datetime = NOW) -> None:
    """Extract and bring every model up to date."""
    extract(lake, taken_at=taken_at)
    refresh_all(lake)


def assert_equals_full_rebuild(lake: Lake) -> None:
    """No model differs from what its SQL says about all rows. It writes nothing, so what follows is still a delta."""
    horizon = current_horizon(lake)
    assert horizon is not None
    for name, model in MODELS.items():
        columns, text = ", ".join(model.names), load_sql(model.schema, model.name)
        differing = lake.query(
            f"WITH fresh AS MATERIALIZED (SELECT {columns} FROM ({text}) AS f), "
            f"kept AS MATERIALIZED (SELECT {columns} FROM {name}) "
            "SELECT COUNT(*) FROM ((FROM fresh EXCEPT ALL FROM kept) UNION ALL (FROM kept EXCEPT ALL FROM fresh))",
            bound(text, {"taken_at": horizon.taken_at.isoformat()}),
        )
        assert differing == [(0,)], name
