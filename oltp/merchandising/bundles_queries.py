"""Reads of bundles and of which collections products are in."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.merchandising.rules import BundleParts

_BUNDLES = text("""
    SELECT b.id, b.name, b.pricing, b.amount, b.currency, b.discount_percent,
           array_agg(i.variant_id ORDER BY i.position, i.id) AS variant_ids,
           array_agg(i.quantity ORDER BY i.position, i.id) AS quantities
    FROM product_bundle b JOIN bundle_item i ON i.store_id = b.store_id AND i.bundle_id = b.id
    WHERE b.store_id = :store AND b.id = ANY (:ids) AND b.deleted_at IS NULL AND b.is_active
    GROUP BY b.id""")
_COLLECTIONS = text("""
    SELECT m.product_id, array_agg(m.collection_id) FROM collection_product m
    JOIN collection c ON c.store_id = m.store_id AND c.id = m.collection_id AND c.deleted_at IS NULL
    WHERE m.store_id = :store AND m.product_id = ANY (:ids) GROUP BY m.product_id""")


def get_bundles(session: Session, *, store_id: UUID, bundle_ids: Iterable[UUID]) -> dict[UUID, BundleParts]:
    """Return those of the bundles that can be bought (active, not deleted, not empty), by id, in one statement."""
    rows = session.execute(_BUNDLES, {"store": store_id, "ids": list(set(bundle_ids))})
    return {
        row.id: BundleParts(row.id, row.name, row.pricing, row.amount, row.currency, row.discount_percent,
                            tuple(zip(row.variant_ids, row.quantities, strict=True)))
        for row in rows}


def collections_of_products(
    session: Session, *, store_id: UUID, product_ids: Iterable[UUID],
) -> dict[UUID, frozenset[UUID]]:
    """Return the collections each of the products is in, by hand or by rule; none: an empty set. One statement."""
    wanted = set(product_ids)
    rows = session.execute(_COLLECTIONS, {"store": store_id, "ids": list(wanted)})
    found = {row[0]: frozenset(row[1]) for row in rows}
    return {product_id: found.get(product_id, frozenset()) for product_id in wanted}
