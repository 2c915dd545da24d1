"""Reads of stock: levels, and the ledger that explains them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.orm import Session

from oltp.inventory.errors import LevelNotFound
from oltp.inventory.models import InventoryAdjustment, InventoryLevel, StockReservation


@dataclass(frozen=True)
class ListedLevel:
    """A level with the names of what lies there.

    `reserved` counts live reservations only; `available` is what may be promised now, None where nothing is counted.
    """

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    on_hand: int
    reserved: int
    backorder_limit: int
    low_stock_threshold: int
    is_tracked: bool
    updated_at: datetime
    available: int | None


@dataclass(frozen=True)
class LevelFilter:
    """Which levels are wanted; None for any. `is_low`: tracked ones at their threshold or below."""

    is_low: bool = False
    product_id: UUID | None = None
    variant_id: UUID | None = None


_LEVELS = """
SELECT v.id, v.product_id, v.sku, v.name, l.on_hand, (l.reserved - e.expired)::integer, l.backorder_limit,
       l.low_stock_threshold, l.is_tracked, l.updated_at,
       CASE WHEN l.is_tracked THEN greatest(0, l.on_hand::bigint + l.backorder_limit - l.reserved + e.expired) END
FROM inventory_level l JOIN product_variants v ON v.store_id = l.store_id AND v.id = l.variant_id
CROSS JOIN LATERAL (
  SELECT coalesce(sum(r.quantity), 0) AS expired FROM stock_reservation r
  WHERE r.store_id = l.store_id AND r.variant_id = l.variant_id AND r.expires_at <= now()) e
WHERE l.store_id = :store AND v.deleted_at IS NULL {filters}
ORDER BY l.variant_id LIMIT :limit"""


def find_level(session: Session, *, store_id: UUID, variant_id: UUID) -> InventoryLevel | None:
    """Return the variant's level as the database has it now, not as the session remembers it."""
    return session.get(InventoryLevel, (store_id, variant_id), populate_existing=True)


def get_level(session: Session, *, store_id: UUID, variant_id: UUID) -> ListedLevel:
    """Return the level of a variant that is not deleted. Errors: LevelNotFound."""
    found = list_levels(session, store_id=store_id, limit=1, wanted=LevelFilter(variant_id=variant_id))
    if not found:
        raise LevelNotFound(variant_id=variant_id)
    return found[0]


def list_levels(
    session: Session, *, store_id: UUID, limit: int, after: UUID | None = None,
    wanted: LevelFilter | None = None,
) -> list[ListedLevel]:
    """Return a page of levels of variants that are not deleted, by variant id; one statement.

    `after` is the last variant id of the page before.
    """
    wanted = wanted or LevelFilter()
    filters = ["AND l.variant_id > :after"] if after is not None else []
    if wanted.is_low:
        filters.append("AND l.is_tracked AND l.on_hand <= l.low_stock_threshold")
    if wanted.product_id is not None:
        filters.append("AND v.product_id = :product")
    if wanted.variant_id is not None:
        filters.append("AND l.variant_id = :variant")
    statement = text(_LEVELS.format(filters=" ".join(filters)))
    rows = session.execute(statement, {
        "store": store_id, "after": after, "limit": limit, "product": wanted.product_id, "variant": wanted.variant_id})
    return [ListedLevel(*row) for row in rows]


@dataclass(frozen=True)
class ReservationFilter:
    """Which reservations are wanted; None for any. `is_live`: only those that still count."""

    variant_id: UUID | None = None
    order_id: UUID | None = None
    is_live: bool = True


def list_reservations(
    session: Session, *, store_id: UUID, limit: int, after: UUID | None, wanted: ReservationFilter,
) -> list[StockReservation]:
    """Return a page of reservations, oldest first; `after` is the last id of the page before."""
    statement = select(StockReservation).where(StockReservation.store_id == store_id)
    if wanted.variant_id is not None:
        statement = statement.where(StockReservation.variant_id == wanted.variant_id)
    if wanted.order_id is not None:
        statement = statement.where(StockReservation.order_id == wanted.order_id)
    if wanted.is_live:
        statement = statement.where(StockReservation.expires_at > func.now())
    if after is not None:
        statement = statement.where(StockReservation.id > after)
    return list(session.scalars(statement.order_by(StockReservation.id).limit(limit)))


def list_adjustments(
    session: Session, *, store_id: UUID, variant_id: UUID, limit: int, before: tuple[datetime, UUID] | None = None
) -> list[InventoryAdjustment]:
    """Return a page of a variant's ledger, newest first; `before`: (created_at, id) of the page before's last row."""
    key = (InventoryAdjustment.created_at, InventoryAdjustment.id)
    statement = select(InventoryAdjustment).where(
        InventoryAdjustment.store_id == store_id, InventoryAdjustment.variant_id == variant_id)
    if before is not None:
        statement = statement.where(tuple_(*key) < before)
    return list(session.scalars(statement.order_by(key[0].desc(), key[1].desc()).limit(limit)))


# A store whose stock legacy leads again is left alone: its levels can't be moved here.
_EXPIRED = """
SELECT DISTINCT r.store_id, r.variant_id FROM stock_reservation r
WHERE r.expires_at <= now() AND capability_reached(r.store_id, 'inventory', 'dual') {seek}
ORDER BY r.store_id, r.variant_id LIMIT :limit"""


def list_expired_keys(
    session: Session, *, limit: int, after: tuple[UUID, UUID] | None = None
) -> list[tuple[UUID, UUID]]:
    """Return (store, variant) of expired reservations, in order, of every store the session sees."""
    seek = "" if after is None else "AND (r.store_id, r.variant_id) > (:after_store, :after_variant)"
    store_id, variant_id = after or (None, None)
    rows = session.execute(text(_EXPIRED.format(seek=seek)), {
        "limit": limit, "after_store": store_id, "after_variant": variant_id})
    return [(row.store_id, row.variant_id) for row in rows]
