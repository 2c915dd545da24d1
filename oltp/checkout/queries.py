"""What checkout's background work finds, in every store a worker sees."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# Who tries to pay again gets the time anew, and so does an order that somebody has just touched: one that was cancelled
# or held would else be over as soon as it is taken up again. Money that was given back keeps nothing waiting. While
# nobody knows what came of a payment, its order waits for the reconciler; but not for ever.
_UNPAID = """
    SELECT o.store_id, o.id FROM orders o LEFT JOIN selling_settings s ON s.store_id = o.store_id
    WHERE o.deleted_at IS NULL AND o.status IN ('PENDING', 'PAYMENT_FAILED') AND o.quote_id IS NOT NULL
      AND o.held_at IS NULL AND NOT EXISTS (
        SELECT FROM payment_attempt a WHERE a.store_id = o.store_id AND a.order_id = o.id
          AND (a.status IN ('authorized', 'captured')
                 AND greatest(a.authorized_amount, a.captured_amount) > a.refunded_amount + a.charged_back_amount
               OR a.created_at > CAST(:now AS timestamptz) - coalesce(s.unpaid_minutes, 60) * interval '1 minute'
               OR (a.status IN ('created', 'unknown') AND a.created_at > CAST(:now AS timestamptz) - interval '1 day')))
      AND greatest(o.placed_at, o.updated_at)
        <= CAST(:now AS timestamptz) - coalesce(s.unpaid_minutes, 60) * interval '1 minute' {one}
    ORDER BY o.store_id, o.id LIMIT :limit"""
_FIND_UNPAID = text(_UNPAID.format(one=""))
_IS_UNPAID = text(_UNPAID.format(one="AND o.store_id = :store AND o.id = :order"))
# Cancelled, and money is there all the same; young ones may be on their way in another process.
_OWING = text("""
    SELECT DISTINCT o.store_id, o.id, o.cancel_reason FROM orders o
    JOIN payment_attempt a ON a.store_id = o.store_id AND a.order_id = o.id
    WHERE o.status = 'CANCELED' AND o.quote_id IS NOT NULL
      AND o.canceled_at < CAST(:now AS timestamptz) - interval '2 minutes'
      AND (a.captured_amount > a.refunded_amount + a.charged_back_amount OR a.status = 'authorized')
      AND NOT EXISTS (SELECT FROM refund r WHERE r.store_id = o.store_id AND r.order_id = o.id AND r.status = 'failed')
    ORDER BY o.store_id, o.id LIMIT :limit""")

# The money is there and its order does not know: whoever brought the answer died before he told it.
_UNTOLD = text("""
    SELECT a.store_id, a.id FROM payment_attempt a JOIN orders o ON o.store_id = a.store_id AND o.id = a.order_id
    WHERE o.status IN ('PENDING', 'PAYMENT_FAILED') AND a.status IN ('authorized', 'captured')
      AND greatest(a.authorized_amount, a.captured_amount) > a.refunded_amount + a.charged_back_amount
      AND a.updated_at < :since AND a.created_at > :oldest AND (CAST(:after AS uuid) IS NULL OR a.id > :after)
    ORDER BY a.id LIMIT :limit""")


def list_untold(
    session: Session, *, since: datetime, oldest: datetime, after: UUID | None, limit: int
) -> list[tuple[UUID, UUID]]:
    """Return (store, attempt) of payments that came through while their orders still wait for money."""
    values = {"since": since, "oldest": oldest, "after": after, "limit": limit}
    return [(row.store_id, row.id) for row in session.execute(_UNTOLD, values)]


def list_unpaid(session: Session, *, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Return (store, order) of orders whose time to be paid is over."""
    return [(row[0], row[1]) for row in session.execute(_FIND_UNPAID, {"now": now, "limit": limit})]


def is_unpaid(session: Session, *, store_id: UUID, order_id: UUID, now: datetime) -> bool:
    """Whether the order's time to be paid is over; asked again under its lock."""
    values = {"now": now, "limit": 1, "store": store_id, "order": order_id}
    return session.execute(_IS_UNPAID, values).first() is not None


def list_owing(session: Session, *, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Return store_id, id and cancel_reason of cancelled orders whose money has not gone back; not those whose refund
    the provider refused: a person must see to them.
    """
    return session.execute(_OWING, {"now": now, "limit": limit}).all()
