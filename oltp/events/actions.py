"""Writes of events."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from oltp.events.models import RequestTiming


def record_timings(session: Session, *, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write request timings; each row holds RequestTiming's columns without `id`."""
    # The app may add timings but not read them, so nothing may be RETURNED.
    session.connection().execute(insert(RequestTiming.__table__), [dict(row) for row in rows])
