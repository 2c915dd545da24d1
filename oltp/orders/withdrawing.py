"""Units that are not sent any more because their money went back."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

# Of a line, refunded units are those that were sent, as far as there are any; what is beyond is not sent. An order that
# legacy has sent has no record of what left: nothing of it is withdrawn.
_WITHDRAW = text("""
    UPDATE order_items i SET cancelled_quantity = w.cancelled, updated_at = now()
    FROM (
      SELECT l.id, l.uncollected_quantity + coalesce(sum(r.quantity), 0) - l.fulfilled_quantity AS cancelled
      FROM orders o
      JOIN order_items l ON l.store_id = o.store_id AND l.order_id = o.id
      JOIN refund f ON f.store_id = o.store_id AND f.order_id = o.id AND f.status = 'processed'
      JOIN refund_item r ON r.store_id = f.store_id AND r.refund_id = f.id AND r.order_item_id = l.id
        AND r.kind = 'item'
      WHERE o.store_id = :store AND o.id = :order AND o.status NOT IN ('SHIPPED', 'DELIVERED')
      GROUP BY l.store_id, l.id) w
    WHERE i.store_id = :store AND i.order_id = :order AND i.id = w.id AND w.cancelled > i.cancelled_quantity""")


def withdraw_refunded(session: Session, *, store_id: UUID, order_id: UUID) -> None:
    """Cancel units of an order under its lock that were refunded and are not sent; done again, nothing changes."""
    session.execute(_WITHDRAW, {"store": store_id, "order": order_id})
