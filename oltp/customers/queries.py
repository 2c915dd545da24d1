"""Reads of customers."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_VISITORS = text("""
    SELECT visitor_id, id FROM subject WHERE store_id = :store AND visitor_id = ANY(CAST(:visitors AS text[]))""")
_CUSTOMERS = text("""
    SELECT c.id, c.email, s.id AS subject_id FROM customers c
    JOIN subject s ON s.store_id = c.store_id AND s.customer_id = c.id
    WHERE c.store_id = :store AND c.deleted_at IS NULL
      AND (c.id = ANY(CAST(:ids AS uuid[])) OR c.email = ANY(CAST(:emails AS text[])))""")


@dataclass(frozen=True)
class CustomerSubjects:
    """Subjects of customers, by the customer's id and by e-mail."""

    by_id: dict[UUID, UUID]
    by_email: dict[str, UUID]

    def of_id(self, customer_id: UUID | None) -> UUID | None:
        """Return the subject of the customer with this id."""
        return self.by_id.get(customer_id) if customer_id else None

    def of_email(self, email: str | None) -> UUID | None:
        """Return the subject of the customer with this e-mail: as written, else in lower case."""
        return (self.by_email.get(email) or self.by_email.get(email.lower())) if email else None


def find_visitor_subjects(session: Session, *, store_id: UUID, visitor_ids: Collection[str]) -> dict[str, UUID]:
    """Return visitor id → subject id, for those that are known."""
    if not visitor_ids:
        return {}
    rows = session.execute(_VISITORS, {"store": store_id, "visitors": sorted(visitor_ids)})
    return {row.visitor_id: row.id for row in rows}


def find_customer_subjects(session: Session, *, store_id: UUID, ids: Collection[UUID],
                           emails: Collection[str]) -> CustomerSubjects:
    """Return the subjects of the customers with these ids or e-mails."""
    if not ids and not emails:
        return CustomerSubjects({}, {})
    wanted = sorted({*emails, *(email.lower() for email in emails)})
    rows = session.execute(_CUSTOMERS, {"store": store_id, "ids": sorted(ids), "emails": wanted}).all()
    return CustomerSubjects({row.id: row.subject_id for row in rows}, {row.email: row.subject_id for row in rows})
