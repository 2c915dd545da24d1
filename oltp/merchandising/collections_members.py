"""Which products are in a collection by hand, and in which order: each write is one step for all of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.kit.clock import Clock
from oltp.merchandising.collections_actions import take_collection, touch
from oltp.merchandising.errors import (
    CollectionByRule,
    CollectionFull,
    CollectionProductUnknown,
    OrderIncomplete,
    ProductNotInCollection,
)
from oltp.merchandising.models import Collection
from oltp.outbox.actions import record_event

MOST_PRODUCTS = 5000
_KNOWN = text("SELECT id FROM products WHERE store_id = :store AND id = ANY (:ids) AND deleted_at IS NULL")
_COUNT = text("SELECT count(*) FROM collection_product WHERE store_id = :store AND collection_id = :collection")
_ADD = text("""
    INSERT INTO collection_product (store_id, collection_id, product_id, position)
    SELECT :store, :collection, w.id, w.place + (
      SELECT coalesce(max(position) + 1, 0) FROM collection_product
      WHERE store_id = :store AND collection_id = :collection)
    FROM (SELECT id, (row_number() OVER (ORDER BY place) - 1)::integer AS place
          FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY w (id, place)
          WHERE NOT EXISTS (SELECT FROM collection_product m WHERE m.store_id = :store
                              AND m.collection_id = :collection AND m.product_id = w.id)) w
    RETURNING product_id""")
_REMOVE = text("""
    DELETE FROM collection_product
    WHERE store_id = :store AND collection_id = :collection AND product_id = :product RETURNING product_id""")
_ORDER = text("""
    UPDATE collection_product m SET position = w.place - 1
    FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY w (id, place)
    WHERE m.store_id = :store AND m.collection_id = :collection AND m.product_id = w.id""")
_MEMBERS = text("SELECT product_id FROM collection_product WHERE store_id = :store AND collection_id = :collection")


def add_products(
    session: Session, *, store_id: UUID, collection_id: UUID, product_ids: Sequence[UUID], clock: Clock,
) -> Collection:
    """Put products at the end of a collection by hand, in their order; those that are in it keep their place.

    Errors: CollectionNotFound, CollectionByRule, CollectionProductUnknown, CollectionFull.
    """
    found = _take(session, store_id=store_id, collection_id=collection_id, expected_updated_at=None)
    known = set(session.scalars(_KNOWN, {"store": store_id, "ids": list(product_ids)}))
    for place, product_id in enumerate(product_ids):
        if product_id not in known:
            raise CollectionProductUnknown(product_id=product_id, field=f"product_ids.{place}")
    key = {"store": store_id, "collection": collection_id}
    added = list(session.scalars(_ADD, {**key, "ids": list(dict.fromkeys(product_ids))}))
    if (session.scalar(_COUNT, key) or 0) > MOST_PRODUCTS:
        raise CollectionFull(most=MOST_PRODUCTS, field="product_ids")
    if added:
        _changed(session, collection=found, clock=clock, said={"added": sorted(str(each) for each in added)})
    return found


def remove_product(
    session: Session, *, store_id: UUID, collection_id: UUID, product_id: UUID, clock: Clock,
) -> None:
    """Take a product out of a collection by hand.

    Errors: CollectionNotFound, CollectionByRule, ProductNotInCollection.
    """
    found = _take(session, store_id=store_id, collection_id=collection_id, expected_updated_at=None)
    key = {"store": store_id, "collection": collection_id, "product": product_id}
    if not session.execute(_REMOVE, key).all():
        raise ProductNotInCollection(collection_id=collection_id, product_id=product_id)
    _changed(session, collection=found, clock=clock, said={"removed": [str(product_id)]})


def order_products(
    session: Session, *, store_id: UUID, collection_id: UUID, product_ids: Sequence[UUID], clock: Clock,
    expected_updated_at: datetime | None = None,
) -> Collection:
    """Give the products of a collection by hand a new order, all at once: the list names each of them once.

    So an order that was made before somebody added a product is refused and loses nothing. Errors: CollectionNotFound,
    CollectionByRule, Stale, OrderIncomplete.
    """
    found = _take(
        session, store_id=store_id, collection_id=collection_id, expected_updated_at=expected_updated_at)
    key = {"store": store_id, "collection": collection_id}
    members = set(session.scalars(_MEMBERS, key))
    if len(product_ids) != len(members) or set(product_ids) != members:
        raise OrderIncomplete(count=len(members), field="product_ids")
    session.execute(_ORDER, {**key, "ids": list(product_ids)})
    _changed(session, collection=found, clock=clock, said={"is_reordered": True})
    return found


def _take(
    session: Session, *, store_id: UUID, collection_id: UUID, expected_updated_at: datetime | None,
) -> Collection:
    found = take_collection(
        session, store_id=store_id, collection_id=collection_id, expected_updated_at=expected_updated_at)
    if found.kind == "rule":
        raise CollectionByRule(collection_id=collection_id)
    return found


def _changed(session: Session, *, collection: Collection, clock: Clock, said: dict[str, object]) -> None:
    touch(session, collection=collection, clock=clock)
    record_event(
        session, store_id=collection.store_id, name="collection.products_changed", entity_type="collection",
        entity_id=collection.id, payload={"slug": collection.slug, **said}, occurred_at=clock.now())
