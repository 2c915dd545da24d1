"""Reads of products by what their documents name: a category on their path, or a brand."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

# UNION and not UNION ALL: legacy trees may hold a cycle.
_BELOW = text("""
    WITH RECURSIVE below AS (
      SELECT id FROM categories WHERE store_id = :store AND id = :category
      UNION SELECT c.id FROM below b JOIN categories c ON c.store_id = :store AND c.parent_id = b.id)
    SELECT p.id FROM products p WHERE p.store_id = :store AND p.category_id IN (SELECT id FROM below)
      AND p.deleted_at IS NULL ORDER BY p.id""")
_OF_BRAND = text("""
    SELECT id FROM products WHERE store_id = :store AND brand_id = :brand AND deleted_at IS NULL ORDER BY id""")


def list_products_below(session: Session, *, store_id: UUID, category_id: UUID) -> Sequence[UUID]:
    """Return the ids of a category's products, and of those of all categories below it."""
    return session.scalars(_BELOW, {"store": store_id, "category": category_id}).all()


def list_products_of_brand(session: Session, *, store_id: UUID, brand_id: UUID) -> Sequence[UUID]:
    """Return the ids of a brand's products."""
    return session.scalars(_OF_BRAND, {"store": store_id, "brand": brand_id}).all()
