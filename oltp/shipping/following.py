"""What an order takes from its fulfilments: its status, and the tracking that legacy's readers look for on it."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.kit.clock import Clock
from oltp.orders.actions import transition

# Units due, and how many of them are on their way or there.
_PROGRESS = text("""
    SELECT CAST(o.status AS text) AS status, o.held_at IS NOT NULL AS is_held,
           (SELECT coalesce(sum(greatest(i.quantity, 0) - i.cancelled_quantity), 0) FROM order_items i
            WHERE i.store_id = o.store_id AND i.order_id = o.id) AS due,
           coalesce(sum(t.quantity) FILTER (WHERE f.status IN ('shipped', 'delivered')), 0) AS shipped,
           coalesce(sum(t.quantity) FILTER (WHERE f.status = 'delivered'), 0) AS delivered
    FROM orders o
    LEFT JOIN fulfillment f ON f.store_id = o.store_id AND f.order_id = o.id AND f.status IN ('shipped', 'delivered')
    LEFT JOIN fulfillment_item t ON t.store_id = f.store_id AND t.fulfillment_id = f.id
    WHERE o.store_id = :store AND o.id = :order AND o.deleted_at IS NULL GROUP BY o.store_id, o.id""")
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

    A part of it leaves the order as it is, and so does a hold: call it too when an order is released, and when the rest
    of it is cancelled.
    """
    found = session.execute(_PROGRESS, {"store": store_id, "order": order_id}).one_or_none()
    if found is None or found.due == 0 or found.is_held:
        return
    status = found.status
    for wanted, units in (("SHIPPED", found.shipped), ("DELIVERED", found.delivered)):
        if units >= found.due and status in _OPEN[wanted]:
            status = transition(session, store_id=store_id, order_id=order_id, to=wanted, clock=clock).status


def set_tracking(session: Session, *, store_id: UUID, order_id: UUID, number: str | None, url: str | None) -> None:
    """Let the order show the tracking of its last parcel; what is None stays."""
    session.execute(_TRACKING, {"store": store_id, "order": order_id, "number": number, "url": url})
