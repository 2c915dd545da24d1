"""Reads of the catalog."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, select, tuple_
from sqlalchemy.orm import Session

from oltp.catalog.models import Brand, Category, Product

ProductRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class ProductFilter:
    """Which products are wanted; category and brand by slug, None for any."""

    status: str | None = "ACTIVE"
    category: str | None = None
    brand: str | None = None


def list_products(session: Session, *, store_id: UUID, wanted: ProductFilter, before: tuple[datetime, UUID] | None,
                  limit: int) -> list[ProductRow]:
    """Return a page of products that are not deleted, newest first, in one statement.

    `before` is (created_at, id) of the last product of the previous page.
    """
    query = _filtered(_columns().where(Product.store_id == store_id, Product.deleted_at.is_(None)), wanted)
    if before is not None:
        query = query.where(tuple_(Product.created_at, Product.id) < before)
    query = query.order_by(Product.created_at.desc(), Product.id.desc()).limit(limit)
    return list(session.execute(query))


def _columns() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Product.id, Product.name, Product.slug, Product.sku, Product.short_description, Product.status,
            Product.price_amount, Product.compare_at_amount, Product.currency, Product.thumbnail_url,
            Product.inventory_status, Product.is_featured, Product.created_at, Product.updated_at,
            Category.slug.label("category_slug"), Category.name.label("category_name"), Brand.slug.label("brand_slug"),
            Brand.name.label("brand_name"))
        .outerjoin(Category, and_(Category.store_id == Product.store_id, Category.id == Product.category_id))
        .outerjoin(Brand, and_(Brand.store_id == Product.store_id, Brand.id == Product.brand_id)))


def _filtered(query: Select[*tuple[Any, ...]], wanted: ProductFilter) -> Select[*tuple[Any, ...]]:
    if wanted.status is not None:
        query = query.where(Product.status == wanted.status)
    if wanted.category is not None:
        query = query.where(Category.slug == wanted.category)
    if wanted.brand is not None:
        query = query.where(Brand.slug == wanted.brand)
    return query
