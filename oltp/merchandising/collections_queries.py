"""Reads of collections for those who keep them; the shop's own listing of a collection stands in queries.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.merchandising.errors import CollectionNotFound

_COLLECTIONS = """
SELECT c.id, c.name, c.slug, c.description, c.image_url, c.kind, c.rule, c.is_published, c.position, c.meta_title,
       c.meta_description, c.created_at, c.updated_at, n.products
FROM collection c CROSS JOIN LATERAL (
  SELECT count(*) AS products FROM collection_product m WHERE m.store_id = c.store_id AND m.collection_id = c.id) n
WHERE c.store_id = :store AND c.deleted_at IS NULL {filters}
ORDER BY c.position, c.id LIMIT :limit"""
# Place by place, each product looked up alone, as the shop's listing does.
_MEMBERS = """
SELECT m.product_id, m.position, p.name, p.sku, p.status::text AS status
FROM collection_product m JOIN products p ON p.store_id = m.store_id AND p.id = m.product_id AND p.deleted_at IS NULL
WHERE m.store_id = :store AND m.collection_id = :collection {seek}
ORDER BY m.position, m.product_id LIMIT :limit"""
_VARIANT_PRODUCT = text("SELECT product_id FROM product_variants WHERE store_id = :store AND id = :variant")
_RULE_IDS = text("""
    SELECT id FROM collection WHERE store_id = :store AND kind = 'rule' AND deleted_at IS NULL ORDER BY id""")
_RULE_STORES = text("""
    SELECT DISTINCT store_id FROM collection WHERE kind = 'rule' AND deleted_at IS NULL ORDER BY store_id""")


@dataclass(frozen=True)
class ListedCollection:
    """A collection and how many products are in it, deleted ones included while it is by hand."""

    id: UUID
    name: str
    slug: str
    description: str | None
    image_url: str | None
    kind: str
    rule: dict[str, Any] | None
    is_published: bool
    position: int
    meta_title: str | None
    meta_description: str | None
    created_at: datetime
    updated_at: datetime
    product_count: int


@dataclass(frozen=True)
class Member:
    """A product in a collection."""

    product_id: UUID
    position: int
    name: str
    sku: str
    status: str


def get_collection(session: Session, *, store_id: UUID, collection_id: UUID) -> ListedCollection:
    """Return a collection. Errors: CollectionNotFound."""
    statement = text(_COLLECTIONS.format(filters="AND c.id = :id"))
    row = session.execute(statement, {"store": store_id, "id": collection_id, "limit": 1}).one_or_none()
    if row is None:
        raise CollectionNotFound(collection_id=collection_id)
    return ListedCollection(*row)


def list_collections(
    session: Session, *, store_id: UUID, limit: int, after: tuple[int, UUID] | None, kind: str | None = None,
) -> list[ListedCollection]:
    """Return a page of collections by position; `after` is (position, id) of the last one of the page before."""
    filters = [] if after is None else ["AND (c.position, c.id) > (:position, :last)"]
    if kind is not None:
        filters.append("AND c.kind = :kind")
    position, last = after or (None, None)
    rows = session.execute(text(_COLLECTIONS.format(filters=" ".join(filters))), {
        "store": store_id, "limit": limit, "position": position, "last": last, "kind": kind})
    return [ListedCollection(*row) for row in rows]


def list_members(
    session: Session, *, store_id: UUID, collection_id: UUID, limit: int, after: tuple[int, UUID] | None,
) -> list[Member]:
    """Return a page of the products in a collection, in its order; `after` is (position, product id)."""
    seek = "" if after is None else "AND (m.position, m.product_id) > (:position, :last)"
    position, last = after or (None, None)
    rows = session.execute(text(_MEMBERS.format(seek=seek)), {
        "store": store_id, "collection": collection_id, "limit": limit, "position": position, "last": last})
    return [Member(*row) for row in rows]


def find_product_of(session: Session, *, store_id: UUID, variant_id: UUID) -> UUID | None:
    """Return whose variant it is, None where there is no such variant."""
    found: UUID | None = session.scalar(_VARIANT_PRODUCT, {"store": store_id, "variant": variant_id})
    return found


def list_rule_collections(session: Session, *, store_id: UUID) -> list[UUID]:
    """Return the ids of the store's collections by rule."""
    return list(session.scalars(_RULE_IDS, {"store": store_id}))


def list_stores_with_rules(session: Session) -> list[UUID]:
    """Return the stores, of those the session sees, that have collections by rule."""
    return list(session.scalars(_RULE_STORES))
