"""Writes of categories. All writes of a store's tree stand in one line: a cycle is made by two moves, not by one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.catalog.errors import CategoryCycle, CategoryInUse, CategoryNotFound, ReferenceUnknown, TreeTooDeep
from oltp.catalog.models import Category
from oltp.catalog.recording import differences, tell
from oltp.catalog.rules import next_version
from oltp.catalog.slugs import CATEGORIES, write_with_slug
from oltp.db.locking import lock_catalog_rows, lock_keys
from oltp.kit.clock import Clock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id

MOST_DEEP = 20
# UNION and not UNION ALL: legacy trees may hold a cycle, and the walk must end there too.
_ABOVE = text("""
    WITH RECURSIVE above AS (
      SELECT id, parent_id FROM categories WHERE store_id = :store AND id = :parent
      UNION SELECT c.id, c.parent_id FROM above a JOIN categories c ON c.store_id = :store AND c.id = a.parent_id)
    SELECT id FROM above""")
_BELOW = text("""
    WITH RECURSIVE below AS (
      SELECT id, 0 AS depth FROM categories WHERE store_id = :store AND id = :id
      UNION SELECT c.id, b.depth + 1 FROM below b
      JOIN categories c ON c.store_id = :store AND c.parent_id = b.id AND c.deleted_at IS NULL
      WHERE b.depth <= :most)
    SELECT max(depth) FROM below""")
_USE = text("""
    SELECT (SELECT count(*) FROM categories WHERE store_id = :store AND parent_id = :id AND deleted_at IS NULL),
           (SELECT count(*) FROM products WHERE store_id = :store AND category_id = :id AND deleted_at IS NULL)""")


@dataclass(frozen=True)
class NewCategory:
    """A category to be made; `columns` are further columns of the table."""

    name: str
    slug: str | None = None
    parent_id: UUID | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def create_category(session: Session, *, store_id: UUID, wanted: NewCategory, clock: Clock) -> Category:
    """Add a category. Errors: SlugInvalid, SlugTaken, ReferenceUnknown, TreeTooDeep."""
    _lock_tree(session, store_id=store_id)
    category_id, now = new_id(), clock.now()
    _check_parent(session, store_id=store_id, category_id=category_id, parent_id=wanted.parent_id)

    def write(slug: str) -> None:
        session.add(Category(id=category_id, store_id=store_id, name=wanted.name, slug=slug,
                             parent_id=wanted.parent_id, created_at=now, updated_at=now, **wanted.columns))

    write_with_slug(session, home=CATEGORIES, store_id=store_id, owner_id=category_id, name=wanted.name,
                    slug=wanted.slug, write=write)
    category = session.get_one(Category, category_id)
    tell(session, store_id=store_id, noun="category", verb="created", entity_id=category_id, clock=clock,
         facts={"name": category.name, "slug": category.slug})
    return category


def update_category(
    session: Session, *, store_id: UUID, category_id: UUID, changes: Mapping[str, Any], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Category:
    """Change some columns; another `parent_id` moves it with all below it. A new name without a slug gives a new slug.

    Errors: CategoryNotFound, Stale, SlugInvalid, SlugTaken, ReferenceUnknown, CategoryCycle, TreeTooDeep.
    """
    _lock_tree(session, store_id=store_id)
    category = _locked(session, store_id=store_id, category_id=category_id, expected_updated_at=expected_updated_at)
    changed = differences(category, values=changes)
    if not changed:
        return category
    if "parent_id" in changed:
        _check_parent(session, store_id=store_id, category_id=category_id, parent_id=changes["parent_id"])
    version = next_version(before=category.updated_at, now=clock.now())

    def write(slug: str) -> None:
        for name, (_, new) in changed.items():
            setattr(category, name, new)
        category.slug, category.updated_at = slug, version

    if "slug" in changed or ("name" in changed and "slug" not in changes):
        write_with_slug(session, home=CATEGORIES, store_id=store_id, owner_id=category_id,
                        name=changes.get("name", category.name), slug=changes.get("slug"), write=write)
    else:
        write(category.slug)
    session.flush()
    tell(session, store_id=store_id, noun="category", verb="updated", entity_id=category_id, clock=clock,
         changes=changed)
    return category


def delete_category(
    session: Session, *, store_id: UUID, category_id: UUID, clock: Clock, expected_updated_at: datetime | None = None
) -> None:
    """Delete a category softly. Errors: CategoryNotFound, Stale, CategoryInUse (live categories or products)."""
    _lock_tree(session, store_id=store_id)
    category = _locked(session, store_id=store_id, category_id=category_id, expected_updated_at=expected_updated_at)
    children, products = session.execute(_USE, {"store": store_id, "id": category_id}).one()
    if children or products:
        raise CategoryInUse(children=children, products=products)
    category.deleted_at = category.updated_at = next_version(before=category.updated_at, now=clock.now())
    session.flush()
    tell(session, store_id=store_id, noun="category", verb="deleted", entity_id=category_id, clock=clock)


def _lock_tree(session: Session, *, store_id: UUID) -> None:
    lock_keys(session, scope="category_tree", keys=[str(store_id)])


def _locked(
    session: Session, *, store_id: UUID, category_id: UUID, expected_updated_at: datetime | None
) -> Category:
    # The row too: products that are put into it hold it, so that it is not deleted under them.
    lock_catalog_rows(session, table="categories", store_id=store_id, ids=[category_id])
    category = session.get(Category, category_id, populate_existing=True)
    if category is None or category.deleted_at is not None:
        raise CategoryNotFound(category_id=category_id)
    if expected_updated_at is not None and category.updated_at != expected_updated_at:
        raise Stale()
    return category


def _check_parent(session: Session, *, store_id: UUID, category_id: UUID, parent_id: UUID | None) -> None:
    """Refuse a parent that is not there, or is the category itself or below it, or makes the tree too deep."""
    if parent_id is None:
        return
    parent = session.get(Category, parent_id, populate_existing=True)
    if parent is None or parent.deleted_at is not None:
        raise ReferenceUnknown(noun="category", id=parent_id, field="parent_id")
    above = session.scalars(_ABOVE, {"store": store_id, "parent": parent_id}).all()
    if category_id in above:
        raise CategoryCycle(field="parent_id")
    below = session.scalar(_BELOW, {"store": store_id, "id": category_id, "most": MOST_DEEP}) or 0
    if len(above) + 1 + below > MOST_DEEP:
        raise TreeTooDeep(most=MOST_DEEP, field="parent_id")
