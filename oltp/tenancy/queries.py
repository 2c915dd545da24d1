"""Reads of tenancy."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oltp.tenancy.errors import StoreNotFound
from oltp.tenancy.models import FeatureFlag, Store


def get_store(session: Session, *, store_id: UUID) -> Store:
    """Return the store. Errors: StoreNotFound (also when it is deleted)."""
    store = session.scalar(select(Store).where(Store.id == store_id, Store.deleted_at.is_(None)))
    if store is None:
        raise StoreNotFound()
    return store


def list_flags(session: Session, *, store_id: UUID) -> dict[str, bool]:
    """Return the store's switches by name; one that was never set is not among them."""
    rows = session.execute(select(FeatureFlag.name, FeatureFlag.is_enabled).where(FeatureFlag.store_id == store_id))
    return {row.name: row.is_enabled for row in rows}
