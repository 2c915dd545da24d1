"""A product under its lock, and what moves when something that belongs to it changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from oltp.catalog.errors import ProductNotFound
from oltp.catalog.models import Product
from oltp.catalog.recording import tell
from oltp.catalog.rules import next_version
from oltp.db.locking import lock_products
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale


def get_locked(
    session: Session, *, store_id: UUID, product_id: UUID, expected_updated_at: datetime | None = None,
    is_deleted: bool = False,
) -> Product:
    """Return a product, locked, as it is now. Errors: ProductNotFound, Stale."""
    lock_products(session, store_id=store_id, product_ids=[product_id])
    product = session.get(Product, product_id, populate_existing=True)
    if product is None or (product.deleted_at is not None and not is_deleted):
        raise ProductNotFound(product_id=product_id)
    if expected_updated_at is not None and product.updated_at != expected_updated_at:
        raise Stale()
    return product


def touch_product(session: Session, *, product: Product, clock: Clock, changed: str) -> None:
    """Count a change of what belongs to a product as a change of it: its ETag moves, and search hears of it."""
    product.updated_at = next_version(before=product.updated_at, now=clock.now())
    session.flush()
    tell(session, store_id=product.store_id, noun="product", verb="updated", entity_id=product.id, clock=clock,
         facts={"changed": [changed]})
