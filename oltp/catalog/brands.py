"""Writes of brands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.catalog.errors import BrandInUse, BrandNotFound
from oltp.catalog.models import Brand
from oltp.catalog.recording import differences, tell
from oltp.catalog.rules import next_version
from oltp.catalog.slugs import BRANDS, write_with_slug
from oltp.db.locking import lock_catalog_rows
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id

_USE = text("SELECT count(*) FROM products WHERE store_id = :store AND brand_id = :id AND deleted_at IS NULL")


def create_brand(
    session: Session, *, store_id: UUID, name: str, clock: Clock, slug: str | None = None,
    columns: Mapping[str, Any] | None = None,
) -> Brand:
    """Add a brand; `columns` are further columns of the table. Errors: SlugInvalid, SlugTaken."""
    brand_id, now = new_id(), clock.now()

    def write(chosen: str) -> None:
        session.add(Brand(id=brand_id, store_id=store_id, name=name, slug=chosen, created_at=now, updated_at=now,
                          **(columns or {})))

    write_with_slug(session, home=BRANDS, store_id=store_id, owner_id=brand_id, name=name, slug=slug, write=write)
    brand = session.get_one(Brand, brand_id)
    tell(session, store_id=store_id, noun="brand", verb="created", entity_id=brand_id, clock=clock,
         facts={"name": brand.name, "slug": brand.slug})
    return brand


def update_brand(
    session: Session, *, store_id: UUID, brand_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Brand:
    """Change some columns; a new name without a slug gives a new slug.

    Errors: BrandNotFound, Stale, SlugInvalid, SlugTaken.
    """
    brand = _locked(session, store_id=store_id, brand_id=brand_id, expected_updated_at=expected_updated_at)
    changed = differences(brand, values=changes)
    if not changed:
        return brand
    version = next_version(before=brand.updated_at, now=clock.now())

    def write(slug: str) -> None:
        for name, (_, new) in changed.items():
            setattr(brand, name, new)
        brand.slug, brand.updated_at = slug, version

    if "slug" in changed or ("name" in changed and "slug" not in changes):
        write_with_slug(session, home=BRANDS, store_id=store_id, owner_id=brand_id,
                        name=changes.get("name", brand.name), slug=changes.get("slug"), write=write)
    else:
        write(brand.slug)
    session.flush()
    tell(session, store_id=store_id, noun="brand", verb="updated", entity_id=brand_id, clock=clock, changes=changed)
    return brand


def delete_brand(
    session: Session, *, store_id: UUID, brand_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a brand softly. Errors: BrandNotFound, Stale, BrandInUse (live products)."""
    brand = _locked(session, store_id=store_id, brand_id=brand_id, expected_updated_at=expected_updated_at)
    products = session.scalar(_USE, {"store": store_id, "id": brand_id})
    if products:
        raise BrandInUse(products=products)
    brand.deleted_at = brand.updated_at = next_version(before=brand.updated_at, now=clock.now())
    session.flush()
    tell(session, store_id=store_id, noun="brand", verb="deleted", entity_id=brand_id, clock=clock)


def _locked(session: Session, *, store_id: UUID, brand_id: UUID, expected_updated_at: datetime | None) -> Brand:
    lock_catalog_rows(session, table="brands", store_id=store_id, ids=[brand_id])
    brand = session.get(Brand, brand_id, populate_existing=True)
    if brand is None or brand.deleted_at is not None:
        raise BrandNotFound(brand_id=brand_id)
    if expected_updated_at is not None and brand.updated_at != expected_updated_at:
        raise Stale()
    return brand
