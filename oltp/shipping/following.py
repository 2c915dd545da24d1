"""What an order takes from its fulfilments: its status, and the tracking that legacy's readers look for on it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.kit.clock import Clock
from oltp.outbox.actions import record_event

# Units due, and how many of them are on their way or there.
_PROGRESS = text("""
    SELECT CAST(o.status AS text) AS status,
           (SELECT coalesce(sum(greatest(i.quantity, 0) - i.cancelled_quantity), 0) FROM order_items i
            WHERE i.store_id = o.store_id AND i.order_id = o.id) AS due,
           coalesce(sum(t.quantity) FILTER (WHERE f.status IN ('shipped', 'delivered')), 0) AS shipped,
           coalesce(sum(t.quantity) FILTER (WHERE f.status = 'delivered'), 0) AS delivered
    FROM orders o
    LEFT JOIN fulfillment f ON f.store_id = o.store_id AND f.order_id = o.id AND f.status IN ('shipped', 'delivered')
    LEFT JOIN fulfillment_item t ON t.store_id = f.store_id AND t.fulfillment_id = f.id
    WHERE o.store_id = :store AND o.id = :order GROUP BY o.store_id, o.id, o.status""")
_TRACKING = text("""
    UPDATE orders SET tracking_number = coalesce(:number, tracking_number), tracking_url = coalesce(:url, tracking_url),
      updated_at = now()
    WHERE store_id = :store AND id = :order
      AND (tracking_number, tracking_url) IS DISTINCT FROM
          (coalesce(:number, tracking_number), coalesce(:url, tracking_url))""")
# From which states an order goes on by itself. A cancelled one stays cancelled, whatever is still under way.
_OPEN = {"SHIPPED": ("PAID", "PROCESSING"), "DELIVERED": ("PAID", "PROCESSING", "SHIPPED")}


def follow_order(session: Session, *, store_id: UUID, order_id: UUID, clock: Clock) -> None:
    """Make the order SHIPPED when all that is due has left, DELIVERED when all of it has arrived; under its lock.

    A part of it leaves the order as it is. Call it too when the rest of an order is cancelled.
    """
    found = session.execute(_PROGRESS, {"store": store_id, "order": order_id}).one()
    if found.due == 0:
        return
    for status, units in (("SHIPPED", found.shipped), ("DELIVERED", found.delivered)):
        current = session.scalar(
            text("SELECT CAST(status AS text) FROM orders WHERE store_id = :store AND id = :order"),
            {"store": store_id, "order": order_id})
        if units >= found.due and current in _OPEN[status]:
            move_order(session, store_id=store_id, order_id=order_id, status=status, clock=clock)


def begin_order(session: Session, *, store_id: UUID, order_id: UUID, status: str, clock: Clock) -> None:
    """Make a paid order PROCESSING: somebody is packing it."""
    if status == "PAID":
        move_order(session, store_id=store_id, order_id=order_id, status="PROCESSING", clock=clock)


def move_order(session: Session, *, store_id: UUID, order_id: UUID, status: str, clock: Clock) -> None:
    """Move the order on, with its event."""
    now: datetime = clock.now()
    session.execute(text("""
        UPDATE orders SET status = CAST(:status AS order_status), updated_at = :now,
          fulfilled_at = CASE WHEN :status = 'DELIVERED' THEN :now ELSE fulfilled_at END
        WHERE store_id = :store AND id = :order"""),
        {"store": store_id, "order": order_id, "status": status, "now": now})
    record_event(session, store_id=store_id, name=f"order.{status.lower()}", entity_type="order", entity_id=order_id,
                 payload={"order_id": str(order_id), "status": status}, occurred_at=now)


def set_tracking(session: Session, *, store_id: UUID, order_id: UUID, number: str | None, url: str | None) -> None:
    """Let the order show the tracking of its last parcel; what is None stays."""
    session.execute(_TRACKING, {"store": store_id, "order": order_id, "number": number, "url": url})
