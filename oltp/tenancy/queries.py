"""Reads of tenancy."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oltp.tenancy.errors import StoreNotFound
from oltp.tenancy.models import Store


def get_store(session: Session, *, store_id: UUID) -> Store:
    """Return the store. Errors: StoreNotFound (also when it is deleted)."""
    store = session.scalar(select(Store).where(Store.id == store_id, Store.deleted_at.is_(None)))
    if store is None:
        raise StoreNotFound()
    return store
