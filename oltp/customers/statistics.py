"""What a customer has ordered so far, counted anew from his orders: whoever counts twice gets the same."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.locking import lock_customer

# Legacy's definition: all live orders but cancelled ones. Orders of another currency count in the customer's own, by
# the rate of their day; without a rate they are counted, and add nothing. The mean is rounded half-even.
_REFRESH = text("""
    UPDATE customers c SET total_orders = o.order_count, last_order_at = o.last_at, total_spent_amount = o.spent,
      average_order_amount = CASE WHEN o.worth_count = 0 THEN 0 ELSE o.spent / o.worth_count + CASE
        WHEN 2 * (o.spent % o.worth_count) > o.worth_count
          OR 2 * (o.spent % o.worth_count) = o.worth_count AND o.spent / o.worth_count % 2 = 1 THEN 1 ELSE 0 END END
    FROM (
      SELECT count(*) AS order_count, max(o.placed_at) AS last_at, count(w.amount) AS worth_count,
             CAST(coalesce(sum(w.amount), 0) AS bigint) AS spent
      FROM orders o JOIN customers m ON m.store_id = o.store_id AND m.id = o.customer_id
      CROSS JOIN LATERAL (SELECT CASE WHEN o.currency = m.currency THEN o.order_total_amount
                                 ELSE CAST(round(o.order_total_amount * o.reporting_factor) AS bigint) END AS amount) w
      WHERE o.store_id = :store AND o.customer_id = :customer AND o.deleted_at IS NULL
        AND o.status <> 'CANCELED') o
    WHERE c.store_id = :store AND c.id = :customer
      AND (c.total_orders, c.last_order_at, c.total_spent_amount) IS DISTINCT FROM (
        o.order_count, o.last_at, o.spent)""")
_CUSTOMER_OF = text("SELECT customer_id FROM orders WHERE store_id = :store AND id = :order")


def find_customer_of_order(session: Session, *, store_id: UUID, order_id: UUID) -> UUID | None:
    """Return the customer whose order it is, None for a guest's and for one that is gone."""
    found: UUID | None = session.scalar(_CUSTOMER_OF, {"store": store_id, "order": order_id})
    return found


def refresh_statistics(session: Session, *, store_id: UUID, customer_id: UUID) -> None:
    """Count a customer's orders anew, under his lock: of two who count, the later one sees all."""
    if lock_customer(session, store_id=store_id, customer_id=customer_id):
        session.execute(_REFRESH, {"store": store_id, "customer": customer_id})
