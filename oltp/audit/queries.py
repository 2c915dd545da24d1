"""Reads of the audit log's secrets. The room stands below `tenancy`, so it asks a function, not the table."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


def find_sealed_secret(session: Session, *, store_id: UUID) -> bytes | None:
    """Return the store's secret as it lies in the database, sealed; None where there is none yet."""
    sealed: bytes | None = session.scalar(text("SELECT store_audit_secret(:store)"), {"store": store_id})
    return sealed
