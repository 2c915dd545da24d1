"""Writes of customers: the subjects of visitors, and whom a visitor turns out to be."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.customers.queries import find_visitor_subjects

_ADD_VISITORS = text("""
    INSERT INTO subject (store_id, kind, visitor_id)
    SELECT :store, 'visitor', v FROM unnest(CAST(:visitors AS text[])) AS v ORDER BY v
    ON CONFLICT (store_id, visitor_id) WHERE visitor_id IS NOT NULL DO NOTHING""")
# The earliest statement wins, ties by the customer's subject, so the order of arrival does not matter.
_LINK = text("""
    UPDATE subject SET linked_subject_id = :customer, linked_at = :at
    WHERE store_id = :store AND id = :visitor AND kind = 'visitor'
      AND (linked_at IS NULL OR (CAST(:at AS timestamptz), CAST(:customer AS uuid)) < (linked_at, linked_subject_id))
    """)


@dataclass(frozen=True, order=True)
class VisitorLink:
    """At `linked_at` a visitor's subject stated to be a customer's subject."""

    visitor_subject_id: UUID
    linked_at: datetime
    customer_subject_id: UUID


def ensure_visitor_subjects(session: Session, *, store_id: UUID, visitor_ids: Collection[str]) -> dict[str, UUID]:
    """Return visitor id → subject id for all of them, making subjects for new ones."""
    known = find_visitor_subjects(session, store_id=store_id, visitor_ids=visitor_ids)
    missing = sorted(set(visitor_ids) - known.keys())
    if missing:
        # Sorted, so that two batches with the same new visitors wait for each other in one order.
        session.execute(_ADD_VISITORS, {"store": store_id, "visitors": missing})
        known |= find_visitor_subjects(session, store_id=store_id, visitor_ids=missing)
    return known


def link_visitors(session: Session, *, store_id: UUID, links: Iterable[VisitorLink]) -> None:
    """Link visitors to customers. A visitor is one person only: the earliest link stands, customers never merge."""
    first: dict[UUID, VisitorLink] = {}
    for link in sorted(links):
        first.setdefault(link.visitor_subject_id, link)
    if first:
        # One statement a row, in the order of ids: a joined update would lock in any order it likes.
        session.execute(_LINK, [
            {"store": store_id, "visitor": link.visitor_subject_id, "at": link.linked_at,
             "customer": link.customer_subject_id} for link in first.values()])
