"""Reads of events."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.db.partitions import describe_range, list_partitions
from oltp.events.models import RejectedEvent

_MONTHS = text("""
    SELECT month FROM unnest(CAST(:months AS text[])) AS month
    WHERE to_regclass('analytics_event_' || month) IS NOT NULL""")


def find_months(session: Session, *, months: Collection[str]) -> set[str]:
    """Return those of the months (YYYYMM) whose events have a partition to go to."""
    return set(session.scalars(_MONTHS, {"months": sorted(months)})) if months else set()


def find_held_range(session: Session) -> str:
    """Say from when to when events are taken."""
    partitions = list_partitions(session, table="analytics_event")
    return describe_range(partitions[0].from_at if partitions else None, partitions[-1].to_at if partitions else None)


def list_replayable(session: Session, *, store_id: UUID, after: UUID | None, limit: int) -> list[RejectedEvent]:
    """Return rejected events that were never replayed with success, by id, behind the id `after`."""
    query = select(RejectedEvent).where(RejectedEvent.store_id == store_id, RejectedEvent.replayed_at.is_(None))
    if after is not None:
        query = query.where(RejectedEvent.id > after)
    return list(session.scalars(query.order_by(RejectedEvent.id).limit(limit)))


def is_capturing(session: Session, *, store_id: UUID) -> bool:
    """Say whether the store captures events: from the step `shadow` on."""
    return bool(session.scalar(text("SELECT capability_reached(:store, 'events', 'shadow')"), {"store": store_id}))
