"""Bundles as they are shown: what is in them, how many there are now, and what they cost and save."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.merchandising.errors import BundleNotFound
from oltp.merchandising.rules import BundleParts, bundle_availability, bundle_saving
from oltp.pricing.queries import PriceWish, find_prices

_BUNDLES = """
SELECT b.id, b.name, b.slug, b.description, b.pricing, b.amount, b.currency, b.discount_percent, b.is_active,
       b.created_at, b.updated_at,
       (SELECT coalesce(array_agg(i.variant_id ORDER BY i.position, i.id), '{{}}') FROM bundle_item i
        WHERE i.store_id = b.store_id AND i.bundle_id = b.id) AS variant_ids,
       (SELECT coalesce(array_agg(i.quantity ORDER BY i.position, i.id), '{{}}') FROM bundle_item i
        WHERE i.store_id = b.store_id AND i.bundle_id = b.id) AS quantities
FROM product_bundle b WHERE b.store_id = :store AND b.deleted_at IS NULL {filters} ORDER BY b.id LIMIT :limit"""
# A variant without a level has no stock. What is deleted or not active can't be had.
_PARTS = text("""
    SELECT v.id, v.sku, v.name, v.product_id, l.is_tracked,
           v.deleted_at IS NULL AND p.deleted_at IS NULL AND p.status = 'ACTIVE'
             AND l.variant_id IS NOT NULL AS is_sold,
           greatest(0, available_stock(l)) AS available
    FROM product_variants v JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    LEFT JOIN inventory_level l ON l.store_id = v.store_id AND l.variant_id = v.id
    WHERE v.store_id = :store AND v.id = ANY (:ids)""")


@dataclass(frozen=True)
class ShownPart:
    """A variant in a bundle."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_amount: int | None


@dataclass(frozen=True)
class ShownBundle:
    """A bundle in one currency; amounts are minor units, None where a part has no price in it.

    `available` is how many can be made now, None where nothing in it is counted.
    """

    row: Row[Any]
    parts: tuple[ShownPart, ...]
    available: int | None
    currency: str
    sum_amount: int | None
    saving_amount: int | None


def get_bundle(
    session: Session, *, store_id: UUID, bundle_id: UUID, currency: str, at: datetime,
) -> ShownBundle:
    """Return a bundle. Errors: BundleNotFound, InvalidCurrency."""
    rows = session.execute(text(_BUNDLES.format(filters="AND b.id = :id")), {
        "store": store_id, "id": bundle_id, "limit": 1}).all()
    if not rows:
        raise BundleNotFound(bundle_id=bundle_id)
    return _show(session, store_id=store_id, rows=rows, currency=currency, at=at)[0]


def list_bundles(
    session: Session, *, store_id: UUID, limit: int, after: UUID | None, currency: str, at: datetime,
    is_active: bool | None = None,
) -> list[ShownBundle]:
    """Return a page of bundles, oldest first, in three statements; `after` is the last id of the page before.

    Errors: InvalidCurrency.
    """
    filters = [] if after is None else ["AND b.id > :after"]
    if is_active is not None:
        filters.append("AND b.is_active = :active")
    rows = session.execute(text(_BUNDLES.format(filters=" ".join(filters))), {
        "store": store_id, "limit": limit, "after": after, "active": is_active}).all()
    return _show(session, store_id=store_id, rows=rows, currency=currency, at=at)


def _show(
    session: Session, *, store_id: UUID, rows: Sequence[Row[Any]], currency: str, at: datetime,
) -> list[ShownBundle]:
    # A price may depend on the quantity, so each part is asked for with its own.
    wishes = list(dict.fromkeys(
        PriceWish(variant_id, quantity) for row in rows
        for variant_id, quantity in zip(row.variant_ids, row.quantities, strict=True)))
    prices = find_prices(session, store_id=store_id, wishes=wishes, currency=currency, customer_id=None, at=at)
    amounts = {wish: price.amount for wish, price in zip(wishes, prices, strict=True) if price is not None}
    found = session.execute(_PARTS, {"store": store_id, "ids": list({wish.variant_id for wish in wishes})})
    variants = {row.id: row for row in found}
    return [_shown(row, variants=variants, amounts=amounts, currency=currency) for row in rows]


def _shown(
    row: Row[Any], *, variants: Mapping[UUID, Row[Any]], amounts: Mapping[PriceWish, int], currency: str,
) -> ShownBundle:
    items = list(zip(row.variant_ids, row.quantities, strict=True))
    shown = tuple(
        ShownPart(variant_id, variants[variant_id].product_id, variants[variant_id].sku, variants[variant_id].name,
                  quantity, amounts.get(PriceWish(variant_id, quantity)))
        for variant_id, quantity in items)
    parts = BundleParts(row.id, row.name, row.pricing, row.amount, row.currency, row.discount_percent, tuple(items))
    here = {key: None if each.is_tracked is False else each.available
            for key, each in variants.items() if each.is_sold}
    units = {part.variant_id: part.unit_amount for part in shown if part.unit_amount is not None}
    is_priced = bool(shown) and len(units) == len(shown)
    return ShownBundle(
        row, shown, bundle_availability(parts, here) if shown else 0, currency,
        sum(units[key] * quantity for key, quantity in items) if is_priced else None,
        sum(bundle_saving(parts, units, 1, currency).values()) if is_priced else None)
