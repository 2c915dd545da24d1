"""Reads of tenancy."""

from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oltp.tenancy.errors import StoreNotFound
from oltp.tenancy.models import FeatureFlag, SellingSettings, Store


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


@dataclass(frozen=True)
class Selling:
    """How a store sells; the defaults are those of the columns of selling_settings."""

    prices_include_tax: bool = False
    promotion_mode: str = "stack"
    converts_currencies: bool = False
    rate_source: str = "ecb"
    quote_minutes: int = 15
    reservation_minutes: int = 15
    unpaid_minutes: int = 60
    order_number_prefix: str = "ORD-"


def get_selling_settings(session: Session, *, store_id: UUID) -> Selling:
    """Return how the store sells; a store that never said anything has the defaults."""
    columns = [getattr(SellingSettings, field.name) for field in fields(Selling)]
    row = session.execute(select(*columns).where(SellingSettings.store_id == store_id)).one_or_none()
    return Selling() if row is None else Selling(**row._mapping)
