"""The one statement that moves promises and stock of several variants together.

Under the levels' locks it deletes what has expired and what the order held, raises or lowers reserved and on hand by
one conditional UPDATE, and writes the new reservations and the ledger. However many variants, it is one statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_levels, lock_stock
from oltp.inventory.errors import LevelNotFound, OutOfStock, StockStillLegacy
from oltp.inventory.saying import Movement, movement_events
from oltp.kit.trace import current_trace
from oltp.outbox.actions import NewEvent

# Up to here legacy leads, and a change made here would be lost.
LEGACY_LEADS = ("off", "shadow")
# statement_timestamp() and not now(): the transaction may have waited for the lock since it began. A variant of which
# nothing is wanted, or given back, is never refused: its promises only become fewer. What legacy sold too much
# (legacy_shortage) may stand, but nothing is promised or sold from it.
_SETTLE = text("""
    WITH wanted AS (
      SELECT * FROM unnest(CAST(:variants AS uuid[]), CAST(:kept AS bigint[]), CAST(:sold AS bigint[]))
        AS w (variant_id, kept, sold)),
    gone AS (
      DELETE FROM stock_reservation r USING wanted w
      WHERE r.store_id = :store AND r.variant_id = w.variant_id
        AND (r.expires_at <= statement_timestamp() OR r.order_id = :holder)
      RETURNING r.id, r.variant_id, r.order_id, r.quantity),
    freed AS (SELECT variant_id, sum(quantity) AS quantity FROM gone GROUP BY variant_id),
    target AS (
      SELECT l.variant_id, w.kept, w.sold, l.on_hand - w.sold AS on_hand,
             l.reserved - coalesce(f.quantity, 0) + w.kept AS reserved
      FROM wanted w JOIN inventory_level l ON l.store_id = :store AND l.variant_id = w.variant_id
      LEFT JOIN freed f ON f.variant_id = w.variant_id),
    moved AS (
      UPDATE inventory_level l SET on_hand = t.on_hand, reserved = t.reserved,
        updated_at = CASE WHEN t.sold = 0 THEN l.updated_at ELSE now() END,
        legacy_shortage = least(l.legacy_shortage,
                                stock_shortage(t.on_hand, t.reserved::bigint, l.backorder_limit, l.is_tracked))
      FROM target t
      WHERE l.store_id = :store AND l.variant_id = t.variant_id
        AND t.reserved <= 2147483647 AND t.on_hand BETWEEN -2147483648 AND 2147483647
        AND (NOT l.is_tracked OR t.kept + t.sold <= 0 OR t.reserved <= t.on_hand + l.backorder_limit)
      RETURNING l.variant_id, t.kept, t.sold, old.on_hand AS before, l.on_hand,
        l.backorder_limit, l.low_stock_threshold, l.is_tracked),
    kept AS (
      INSERT INTO stock_reservation (store_id, variant_id, quantity, created_at, expires_at, order_id, correlation_id)
      SELECT :store, variant_id, kept, statement_timestamp(), statement_timestamp() + :minutes * interval '1 minute',
             :holder, :correlation
      FROM moved WHERE kept > 0),
    ledger AS (
      INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code, reason_detail, order_id, user_id,
                                        correlation_id, request_id, created_at)
      SELECT :store, variant_id, -sold, :reason, :detail, :order, :user, :correlation, :request, statement_timestamp()
      FROM moved WHERE sold <> 0 RETURNING id, variant_id)
    SELECT statement_timestamp() AS at, (SELECT jsonb_agg(to_jsonb(gone) ORDER BY id) FROM gone) AS gone,
      (SELECT jsonb_agg(to_jsonb(moved) || jsonb_build_object('adjustment_id', ledger.id) ORDER BY moved.variant_id)
       FROM moved LEFT JOIN ledger ON ledger.variant_id = moved.variant_id) AS moved""")
_OPEN = text("""
    INSERT INTO inventory_level (store_id, variant_id, is_tracked, low_stock_threshold)
    SELECT v.store_id, v.id, p.track_inventory, v.low_stock_threshold
    FROM product_variants v JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
    WHERE v.store_id = :store AND v.id = ANY (:variants) ORDER BY v.id ON CONFLICT DO NOTHING""")
_STANDS = text("""
    SELECT variant_id, greatest(0, available_stock(l)) FROM inventory_level l
    WHERE store_id = :store AND variant_id = ANY (:variants)""")


@dataclass(frozen=True)
class Settlement:
    """What is wanted of several variants: quantities to keep reserved and to take from what is on hand, by variant.

    A negative `sold` puts back. `holder_id`: the order whose reservations are replaced or consumed. `order_id`,
    `user_id`, `reason` and `detail` are for the ledger.
    """

    kept: Mapping[UUID, int]
    sold: Mapping[UUID, int]
    holder_id: UUID | None = None
    minutes: int = 1
    reason: str = "sale"
    detail: str | None = None
    order_id: UUID | None = None
    user_id: UUID | None = None


@dataclass(frozen=True)
class Settled:
    """What it came to. `gone` are deleted reservations, `moved` the levels, as the statement returns them."""

    at: datetime
    gone: Sequence[Mapping[str, Any]]
    moved: Sequence[Mapping[str, Any]]


def lock_all(session: Session, *, store_id: UUID, variant_ids: Sequence[UUID]) -> None:
    """Lock the variants' levels in their order; one that its variant lacks is made. Errors: LevelNotFound,
    StockStillLegacy.
    """
    found = lock_known(session, store_id=store_id, variant_ids=variant_ids)
    for variant_id in variant_ids:
        if variant_id not in found:
            raise LevelNotFound(variant_id=variant_id)


def lock_known(session: Session, *, store_id: UUID, variant_ids: Sequence[UUID]) -> set[UUID]:
    """As lock_all(), but return which of the variants there are instead of refusing the others."""
    step = lock_stock(session, store_id=store_id, variant_ids=variant_ids)
    if step in LEGACY_LEADS:
        raise StockStillLegacy(step=step)
    found = lock_levels(session, store_id=store_id, variant_ids=variant_ids)
    if len(found) < len(variant_ids):
        session.execute(_OPEN, {"store": store_id, "variants": list(variant_ids)})
        found = lock_levels(session, store_id=store_id, variant_ids=variant_ids)
    return set(found)


def settle(session: Session, *, store_id: UUID, variant_ids: Sequence[UUID], wanted: Settlement) -> Settled:
    """Lock the levels and settle. Errors: OutOfStock, naming every variant of which there is too little;
    LevelNotFound, StockStillLegacy.
    """
    keys, trace = sorted(variant_ids), current_trace()
    lock_all(session, store_id=store_id, variant_ids=keys)
    row = session.execute(_SETTLE, {
        "store": store_id, "variants": keys, "kept": [wanted.kept.get(key, 0) for key in keys],
        "sold": [wanted.sold.get(key, 0) for key in keys], "holder": wanted.holder_id, "minutes": wanted.minutes,
        "reason": wanted.reason, "detail": wanted.detail, "order": wanted.order_id, "user": wanted.user_id,
        "correlation": trace.correlation_id if trace else None, "request": trace.request_id if trace else None}).one()
    moved: list[dict[str, Any]] = row.moved or []
    if len(moved) < len(keys):
        done = {UUID(level["variant_id"]) for level in moved}
        raise _out_of_stock(session, store_id=store_id, wanted={
            key: wanted.kept.get(key, 0) + wanted.sold.get(key, 0) for key in keys if key not in done})
    return Settled(row.at, row.gone or [], moved)


def _out_of_stock(session: Session, *, store_id: UUID, wanted: Mapping[UUID, int]) -> OutOfStock:
    # The statement has freed what had expired; its transaction will be rolled back, but reads it so.
    rows = session.execute(_STANDS, {"store": store_id, "variants": list(wanted)})
    stands: dict[UUID, int] = {row[0]: row[1] for row in rows}
    short = [{"variant_id": str(key), "wanted": quantity, "available": stands.get(key, 0)}
             for key, quantity in wanted.items()]
    named = ", ".join("{variant_id} ({wanted} wanted, {available} available)".format(**each) for each in short)
    return OutOfStock(variants=short, named=named)


def expiry_events(settled: Settled, *, holder_id: UUID | None) -> list[NewEvent]:
    """Return an event for each reservation that had expired; the holder's own were given up or used, not lost."""
    return [
        NewEvent("reservation.expired", "stock_reservation", UUID(row["id"]), {
            "variant_id": row["variant_id"], "order_id": row["order_id"], "quantity": row["quantity"]})
        for row in settled.gone if holder_id is None or row["order_id"] != str(holder_id)]


def stock_events(settled: Settled, *, wanted: Settlement) -> list[NewEvent]:
    """Return what is to be said of the levels whose stock moved."""
    return [
        event for level in settled.moved if level["sold"] != 0
        for event in movement_events(Movement(
            UUID(level["variant_id"]), UUID(level["adjustment_id"]), level["before"], level["on_hand"],
            level["backorder_limit"], level["low_stock_threshold"], level["is_tracked"], wanted.reason,
            wanted.order_id))]
